"""Faults of branches, tags and pushes."""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible


class BranchMissing(StepImpossible):
    """The repository has no such branch."""

    def __init__(self, conn_id: str, branch: str, nearest: Sequence[str]) -> None:
        self.conn_id, self.branch, self.nearest = conn_id, branch, tuple(nearest)
        known = f"The nearest are {', '.join(nearest)}" if nearest else "It has no branches"
        super().__init__(
            f'connection "{conn_id}": no branch "{branch}". {known}. Push the branch, or correct the plan.'
        )


class VersionNotOnBranch(StepImpossible):
    """The tag that bears the release's version is not part of the branch that is to be merged."""

    def __init__(self, conn_id: str, version: str, branch: str, *, tagged: bool) -> None:
        self.conn_id, self.version, self.branch, self.tagged = conn_id, version, branch, tagged
        why = f'the tag "{version}" is not on {branch}' if tagged else f'there is no tag "{version}"'
        super().__init__(
            f'connection "{conn_id}": {why}, so nothing says which commit of {branch} is to be released. '
            "Nothing was pushed. Tag the commit that was reviewed, or trigger the release with its version."
        )


class MergeConflict(StepImpossible):
    """Two branches change the same lines."""

    def __init__(self, branch: str, into: str, files: Sequence[str]) -> None:
        self.branch, self.into, self.files = branch, into, tuple(files)
        super().__init__(
            f"{branch} cannot be merged into {into}: both change {', '.join(files)}. Nothing was pushed. "
            f"Merge {into} into {branch} by hand, push that, and trigger the release anew."
        )


class BranchMoved(StepImpossible):
    """Somebody else moved a branch that this release works on."""

    def __init__(self, conn_id: str, branch: str, expected: str, found: str) -> None:
        self.conn_id, self.branch, self.expected, self.found = conn_id, branch, expected, found
        super().__init__(
            f'connection "{conn_id}": {branch} is expected at {_short(expected)} and is at {_short(found)}: '
            "somebody else moved it. It was left as it is. Ask who did, then set it by hand or trigger a "
            "new release."
        )


class TestedCommitGone(StepImpossible):
    """The commit that staging tried is no longer part of the branch."""

    __test__ = False  # no test class, whatever pytest thinks of the name

    def __init__(self, branch: str, tested: str, found: str) -> None:
        self.branch, self.tested, self.found = branch, tested, found
        super().__init__(
            f"{branch}: staging tried commit {_short(tested)}, and the branch, at {_short(found)}, no longer "
            "holds it; what was approved is what is deployed. Set the branch back, or release the new "
            "commit through staging."
        )


class TagTaken(StepImpossible):
    """The tag is there and names another commit."""

    def __init__(self, conn_id: str, tag: str, found: str, wanted: str) -> None:
        self.conn_id, self.tag, self.found, self.wanted = conn_id, tag, found, wanted
        super().__init__(
            f'connection "{conn_id}": the tag {tag} names commit {_short(found)}, and {_short(wanted)} is '
            "released. It was left as it is. Choose another tag, or remove that one if it is wrong."
        )


class PushRefused(StepFailed):
    """The far side did not take a push."""

    def __init__(self, conn_id: str, remote: str, what: str, why: Sequence[str]) -> None:
        self.conn_id, self.remote, self.what, self.why = conn_id, remote, what, tuple(why)
        lines = "".join(f"\n  | {line}" for line in why)
        super().__init__(
            f'connection "{conn_id}": {remote} did not take {what}:{lines}\n'
            "Mend what these lines name, see that the login may push there, and clear this task."
        )


class PushUnanswered(StepFailed):
    """No whole answer to a push came: it may have been taken."""

    def __init__(self, conn_id: str, remote: str, what: str, why: Sequence[str]) -> None:
        self.conn_id, self.remote, self.what, self.why = conn_id, remote, what, tuple(why)
        lines = "".join(f"\n  | {line}" for line in why)
        super().__init__(
            f'connection "{conn_id}": {remote} gave no whole answer to the push of {what}:{lines}\n'
            "It may have been taken; the next try looks first. See the status page of that system, and that "
            "this worker reaches it."
        )


def _short(commit: str) -> str:
    return commit[:12] or "no commit"
