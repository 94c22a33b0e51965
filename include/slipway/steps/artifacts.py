"""What the build made, in the folder of the `artifacts` connection."""

from pathlib import Path

from slipway.run import Run
from slipway.steps.faults.artifacts import ArtifactMissing, ArtifactOutside
from slipway.steps.reach import folder


def artifact(run: Run, name: str) -> Path:
    """Return a file or folder that the build made; "{version}" in its name is the release's version.

    Raises ArtifactMissing and ArtifactOutside.
    """
    root = folder(run, "artifacts").resolve()
    wanted = name.replace("{version}", run.version)
    path = (root / wanted).resolve()
    if not path.is_relative_to(root):
        raise ArtifactOutside(str(root), wanted)
    if not path.exists():
        raise ArtifactMissing(str(root), wanted, sorted(each.name for each in root.iterdir()))
    return path
