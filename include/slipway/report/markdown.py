"""The report of a release in Markdown: the same record gives the same bytes."""

from slipway.record import ReleaseRecord
from slipway.report.decisions import changes, checklists, checks, decisions
from slipway.report.log import communication, deployment_log
from slipway.report.rollback import rollback
from slipway.report.summary import facts, heading, overrides, summary
from slipway.report.timeline import schedule, timeline, where_the_time_went
from slipway.report.watches import watches

__all__ = ["markdown"]


def markdown(record: ReleaseRecord) -> str:
    """Return the whole report; secrets in free text and evidence are masked."""
    parts = [
        f"# {heading(record)}",
        overrides(record),
        summary(record),
        facts(record),
        rollback(record),
        decisions(record),
        schedule(record),
        timeline(record),
        where_the_time_went(record),
        checks(record),
        checklists(record),
        changes(record),
        watches(record),
        deployment_log(record),
        communication(record),
        f"Record `{record.digest}`",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
