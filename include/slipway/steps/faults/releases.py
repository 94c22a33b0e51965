"""Faults of fetching, installing and deploying a release."""

from collections.abc import Sequence
from pathlib import Path

from slipway.errors import StepFailed, StepImpossible
from slipway.words import NO_PROOF


class BadVersion(StepImpossible):
    """A version that cannot name a folder."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f'version "{version}": letters, digits and . _ + - only, not beginning with a dot or a dash, '
            "since it names a folder. Trigger the release with the name of a tag."
        )


class UnknownVersion(StepImpossible):
    """The repository has no such tag or commit."""

    def __init__(self, repository: str, version: str, nearest: Sequence[str]) -> None:
        self.repository, self.version, self.nearest = repository, version, tuple(nearest)
        known = f"The nearest tags are {', '.join(nearest)}" if nearest else "It has no tags"
        super().__init__(
            f'{repository}: no tag or commit "{version}". {known}. Push the tag, or correct the version.'
        )


class RepositoryUnreachable(StepFailed):
    """git could not read the repository."""

    def __init__(self, conn_id: str, repository: str, why: str) -> None:
        self.conn_id, self.repository, self.why = conn_id, repository, why
        super().__init__(
            f'connection "{conn_id}": git cannot read {repository}: {why}. See that it is up, and '
            "that host, login and password are right."
        )


class NotTheApprovedCommit(StepImpossible):
    """The tag moved between staging and production."""

    def __init__(self, version: str, approved: str, found: str) -> None:
        self.version, self.approved, self.found = version, approved, found
        super().__init__(
            f"{version}: staging tried commit {approved[:12]}, and the tag is {found[:12]} now; what was "
            "approved is what "
            "is deployed. Move the tag back, or release the new commit through staging."
        )


class NotTheTriedPackage(StepImpossible):
    """The package was overwritten between staging and production."""

    def __init__(self, package: str, task_id: str, tried: str, found: str) -> None:
        self.package, self.task_id, self.tried, self.found = package, task_id, tried, found
        super().__init__(
            f"{package}: {task_id} tried SHA-256 {tried}, and the file has SHA-256 {found} now; "
            "what was approved is what is deployed. Put the file that staging tried back, or release the new "
            "one through staging."
        )


class NothingTried(StepImpossible):
    """The step on staging left no proof of what it tried."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(
            f"{task_id} {NO_PROOF}. What was approved is what is deployed, and nothing tells what that was. "
            f"Release again, and let {task_id} run."
        )


class ReleaseInTheWay(StepImpossible):
    """The release folder exists with another content."""

    def __init__(self, folder: Path, found: str, wanted: str) -> None:
        self.folder, self.found, self.wanted = folder, found, wanted
        super().__init__(
            f"{folder}: already there with commit {found[:12] or 'unknown'}, and {wanted[:12]} is to be "
            "deployed. "
            "Remove the folder if `current` does not point at it, or release under a new version."
        )


class ReleaseNotThere(StepImpossible):
    """The folder of a release is missing or unfinished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder}: no such release. Put a FetchRelease step before this one, or fetch it by hand."
        )


class RequirementsMissing(StepImpossible):
    """The release has no requirements file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: no such file in the release. Correct `requirements` in the plan, or leave the step out."
        )


class InstallFailed(StepFailed):
    """The release's own environment could not be made."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder, self.why = folder, why
        super().__init__(
            f"{folder}: dependencies were not installed: {why}. See that the package index is reachable "
            "and the pins exist."
        )


class SwitchedSince(StepImpossible):
    """Somebody deployed another release after the step that is to be undone."""

    def __init__(self, path: Path, found: str, ours: str, before: str) -> None:
        self.path, self.found, self.ours, self.before = path, found, ours, before
        super().__init__(
            f"{path}: points at {found}; this release left it at {ours}, and before it was "
            f"{before or 'absent'}: somebody deployed since. It was left as it is. Ask who did; if it is to "
            f"go, point it at releases/{ours} and clear this task, else mark it success."
        )


class LinkInTheWay(StepImpossible):
    """`current` is not a link."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: is a folder or file, not a link. Move it away; Slipway keeps a link to a release there."
        )


class WrongVersionServed(StepFailed):
    """The service does not report the version that was deployed."""

    def __init__(self, conn_id: str, expected: str, found: str, seconds: float) -> None:
        self.conn_id, self.expected, self.found, self.seconds = conn_id, expected, found, seconds
        super().__init__(
            f'connection "{conn_id}": {expected} is deployed, but after {seconds:g} s the service {found}. '
            "Read the service's own log, or give it longer (`confirm_within`)."
        )
