"""The release's own clone in the workspace: bare, so that nothing in it can be half-merged."""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from slipway.kinds import ReleasingStep
from slipway.run import Run
from slipway.steps.faults import CommandFailed, CommandTimedOut
from slipway.steps.faults.branches import (
    BranchMoved,
    MergeConflict,
    PushRefused,
    PushUnanswered,
    TestedCommitGone,
)
from slipway.steps.git_remote import PATIENCE, Remote, telling
from slipway.steps.processes import Output, run_program
from slipway.steps.reach import folder
from slipway.steps.tried import tried_on_staging

_LEFT_BEHIND = timedelta(days=1)  # a clone this old belongs to a task that was killed
# git's words for a push whose answer did not come whole: a far side that refuses says so itself.
_CUT_OFF = ("the remote end hung up", "unexpected disconnect", "early EOF")
_NEVER_TAKEN = ("rejected]", "RPC failed; HTTP 4")
_WHO = ("Slipway", "slipway@localhost")


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A bare clone. It holds what was fetched into it, and is removed when the step ends."""

    path: Path
    log: logging.Logger = field(repr=False)

    def fetch(self, remote: Remote, *branches: str) -> None:
        """Fetch branches with their whole history. Raises RepositoryUnreachable."""
        wanted = [f"+refs/heads/{name}:refs/fetched/{name}" for name in dict.fromkeys(branches)]
        remote.read("fetch", "--quiet", "--no-tags", remote.url, *wanted, cwd=self.path)

    def has(self, commit: str) -> bool:
        """Whether the clone holds a commit."""
        return self._git("cat-file", "-e", f"{commit}^{{commit}}", statuses=(0, 1, 128)).status == 0

    def holds(self, later: str, earlier: str) -> bool:
        """Whether `earlier` is part of the history of `later`."""
        if not self.has(earlier):
            return False
        return self._git("merge-base", "--is-ancestor", earlier, later, statuses=(0, 1)).status == 0

    def merge(self, head: str, commit: str, *, branch: str, into: str, at: int, why: str) -> str:
        """Return the commit that merges `commit` into `head`; the same one each time, since `at` is given.

        Raises MergeConflict, and leaves nothing behind then.
        """
        if self.holds(head, commit):
            self.log.info("%s already holds %s (%s)", into, branch, commit[:12])
            return head
        if self.holds(commit, head):
            self.log.info("%s goes on to %s (%s), a fast-forward", into, branch, commit[:12])
            return commit
        told = self._git("merge-tree", "--write-tree", "--name-only", head, commit, statuses=(0, 1))
        if told.status:
            listed = list(told.out[1:])
            raise MergeConflict(branch, into, listed[: listed.index("")] if "" in listed else listed)
        message = f"Merge {branch} into {into}\n\n{why}"
        made = self._git(
            "commit-tree", told.out[0], "-p", head, "-p", commit, "-m", message, env=_signature(at)
        )
        self.log.info("Merged %s (%s) into %s: %s", branch, commit[:12], into, made.out[0][:12])
        return made.out[0]

    def tag(self, name: str, commit: str, *, at: int, message: str) -> str:
        """Make an annotated tag and return its id; the same one each time, since `at` is given."""
        self._git(
            "tag", "--annotate", "--no-sign", "--force", "-m", message, name, commit, env=_signature(at)
        )
        return self._git("rev-parse", f"refs/tags/{name}").out[0]

    def push(
        self,
        remote: Remote,
        commit: str,
        ref: str,
        *,
        expected: str,
        timeout: timedelta = PATIENCE,
        log: logging.Logger | None = None,
    ) -> None:
        """Set a ref of the far side, if it still is at `expected` ("" = it is not there); "" removes it.

        Raises BranchMoved if it is not, PushRefused, and PushUnanswered where it may have been taken.
        """
        what = f"{commit[:12] or 'the removal'} as {ref}"
        lease = f"--force-with-lease={ref}:{expected}"
        arguments = ("-c", "core.hooksPath=/dev/null", "push", lease, remote.url, f"{commit}:{ref}")
        try:
            remote.git(*arguments, cwd=self.path, timeout=timeout, log=log)
        except CommandFailed as error:
            if any("stale info" in line for line in error.tail):
                found = remote.tags() if ref.startswith("refs/tags/") else remote.heads()
                name = ref.split("/", 2)[2]
                raise BranchMoved(remote.conn_id, name, expected, found.get(name, "")) from error
            fault = PushUnanswered if _is_open(error.tail) else PushRefused
            raise fault(remote.conn_id, remote.url, what, telling(error.tail)) from error
        except CommandTimedOut as error:
            why = [f"no answer within {error.seconds:g} s", *telling(error.tail)]
            raise PushUnanswered(remote.conn_id, remote.url, what, why) from error

    def _git(
        self, *arguments: str, statuses: tuple[int, ...] = (0,), env: Mapping[str, str] | None = None
    ) -> Output:
        safe = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"} | dict(env or {})
        return run_program(
            ["git", *arguments], log=None, cwd=self.path, env=safe, timeout=PATIENCE, statuses=statuses
        )


def _is_open(tail: Sequence[str]) -> bool:
    """Whether the far side may have taken a push, by what git printed."""
    said = "\n".join(tail)
    return any(text in said for text in _CUT_OFF) and not any(text in said for text in _NEVER_TAKEN)


@contextmanager
def cloned(run: Run) -> Iterator[Clone]:
    """Give an empty clone in the workspace. Raises FolderNotGiven."""
    workspace = folder(run, "workspace")
    _clear_away(workspace)
    with tempfile.TemporaryDirectory(prefix="clone-", dir=workspace, ignore_cleanup_errors=True) as name:
        clone = Clone(path=Path(name), log=run.log)
        clone._git("init", "--quiet", "--bare", ".")
        yield clone


def commit_to_release(run: Run, clone: Clone, remote: Remote, branch: str, step: ReleasingStep) -> str:
    """Return the commit of a branch that goes out: on staging its head, in production what staging tried.

    It is fetched into the clone. A branch that went on since then does not matter; one that lost the
    commit does.

    Raises NothingTried, BranchMissing, TestedCommitGone and RepositoryUnreachable.
    """
    commit = tried_on_staging(run, step)
    head = remote.branch(branch)
    clone.fetch(remote, branch)
    if not commit:
        run.log.info("%s is at %s: that goes out", branch, head[:12])
        return head
    if not clone.holds(head, commit):
        raise TestedCommitGone(branch, commit, head)
    later = "" if commit == head else f", though {branch} went on to {head[:12]} since"
    run.log.info("%s tried %s: exactly that goes out%s", step.tried_in, commit[:12], later)
    return commit


def _signature(at: int) -> dict[str, str]:
    name, email = _WHO
    moment = f"{at} +0000"
    roles = ("AUTHOR", "COMMITTER")
    values = (("NAME", name), ("EMAIL", email), ("DATE", moment))
    return {f"GIT_{role}_{key}": value for role in roles for key, value in values}


def _clear_away(workspace: Path) -> None:
    for left in workspace.glob("clone-*"):
        if time.time() - left.stat().st_mtime > _LEFT_BEHIND.total_seconds():
            shutil.rmtree(left, ignore_errors=True)
