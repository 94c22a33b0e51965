"""Where the report of a release is."""

from pathlib import Path

REPORTS = "slipway_reports"  # an fs connection; its path is the folder of the reports


def report_path(plan: str, release_id: str) -> Path:
    """Return the path of a release's report, which may not be written yet."""
    from airflow.providers.standard.hooks.filesystem import FSHook

    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in release_id)
    return Path(FSHook(REPORTS).get_path()) / plan / f"{name}.md"
