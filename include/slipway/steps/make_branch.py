"""Make the branch that is deployed, with real git."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults.branches import BranchMoved, VersionNotOnBranch
from slipway.steps.git_clone import Clone, cloned
from slipway.steps.git_remote import Remote


@dataclass(frozen=True, kw_only=True)
class MakeBranch(Step):
    """Make a branch from `base`, merge others into it, and push it to the source repository.

    A branch that is there already is merged into as it stands. Everything happens in the release's own
    clone in the workspace and reaches the repository in one push: a conflict leaves nothing behind.

    :param branch: the branch that is deployed, e.g. "deploy/score-override"
    :param base: what it is made from
    :param merge: branches that are merged into it, in this order
    :param at_version: they are merged as of the tag that bears the release's version, which they must
        hold; what came later on them stays out
    """

    branch: str
    base: str = "main"
    merge: Sequence[str] = ()
    at_version: bool = False

    kind: ClassVar[str] = "make_branch"
    needs: ClassVar[tuple[str, ...]] = ("repository", "workspace")

    def undo_in_words(self) -> str:
        """Name the branch."""
        return f"removes {self.branch} if this release made it, or else sets it back to its commit before"

    def do(self, run: Run) -> Evidence:
        """Merge and push.

        Raises BranchMissing, VersionNotOnBranch, MergeConflict, BranchMoved, PushRefused and
        PushUnanswered.
        """
        remote = Remote.of(run, "repository")
        with cloned(run) as clone:
            before = run.remember("before", lambda: self._look(run, clone, remote))
            wanted, found = str(before["made"]), remote.heads().get(self.branch, "")
            if found == wanted:
                run.log.info("%s is at %s already", self.branch, wanted[:12])
            elif found == before["commit"]:
                self._push(run, clone, remote, before)
            else:
                raise BranchMoved(remote.conn_id, self.branch, str(before["commit"]), found)
        merged = ", ".join(self.merge) or self.base
        return Evidence(
            before=before,
            after={"branch": self.branch, "commit": wanted},
            proof={"commit": wanted},
            changed=wanted != before["commit"],
            summary=f"{self.branch} is {wanted[:12]}, with {merged}",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Remove the branch or set it back, unless somebody moved it since. Raises what `do` raises."""
        if not evidence.before:
            return Evidence(changed=False, summary="the branch was never touched")
        commit, made = str(evidence.before["commit"]), str(evidence.before["made"])
        remote = Remote.of(run, "repository")
        with cloned(run) as clone:
            found = remote.heads().get(self.branch, "")
            if found == commit:
                summary = f"{self.branch} is {'at ' + commit[:12] if commit else 'not there'} already"
                run.log.info("Nothing to undo: %s", summary)
                return Evidence(before=evidence.before, changed=False, summary=summary)
            if found != made:
                raise BranchMoved(remote.conn_id, self.branch, made, found)
            clone.fetch(remote, self.branch)
            set_back(run, clone, remote, self.branch, to=commit, made=made)
        summary = f"{self.branch} is {'back at ' + commit[:12] if commit else 'removed'}"
        return Evidence(before={"commit": made}, after={"commit": commit}, summary=summary)

    def _look(self, run: Run, clone: Clone, remote: Remote) -> dict[str, Json]:
        """Return where the branch is and what it is to become; the merge is tried, nothing is pushed."""
        commit = remote.heads().get(self.branch, "")
        start = remote.branch(self.branch if commit else self.base)
        sources = {name: self._source(run, clone, remote, name) for name in self.merge}
        facts = {"commit": commit, "start": start, "sources": sources, "at": int(time.time())}
        return facts | {"made": self._made(run, clone, remote, facts)}

    def _source(self, run: Run, clone: Clone, remote: Remote, name: str) -> str:
        """Return the commit of a branch that is merged."""
        head = remote.branch(name)
        if not self.at_version:
            return head
        tags = remote.tags()
        commit = tags.get(f"{run.version}^{{}}") or tags.get(run.version, "")
        clone.fetch(remote, name)
        if not commit or not clone.holds(head, commit):
            raise VersionNotOnBranch(remote.conn_id, run.version, name, tagged=bool(commit))
        later = "" if commit == head else f"; {name} is at {head[:12]}"
        run.log.info("The tag %s on %s is %s%s", run.version, name, commit[:12], later)
        return commit

    def _made(self, run: Run, clone: Clone, remote: Remote, facts: Mapping[str, Json]) -> str:
        """Merge from the commits that were found first: a second try makes the same commits again."""
        clone.fetch(remote, self.branch if facts["commit"] else self.base, *facts["sources"])
        head = str(facts["start"])
        run.log.info(
            "%s %s %s (%s)",
            self.branch,
            "is at" if facts["commit"] else f"is made from {self.base} at",
            head[:12],
            remote.url,
        )
        for name, commit in facts["sources"].items():
            if not clone.has(commit):  # rewritten since the first try
                raise BranchMoved(remote.conn_id, name, commit, remote.branch(name))
            why = f"For the release {run.release_id} of {run.plan_name}."
            head = clone.merge(head, commit, branch=name, into=self.branch, at=int(facts["at"]), why=why)
        return head

    def _push(self, run: Run, clone: Clone, remote: Remote, before: Mapping[str, Json]) -> None:
        made = str(before["made"])
        if not clone.has(made):  # a second try, in a new clone
            self._made(run, clone, remote, before)
        run.log.info("Pushing %s (%s) to %s", self.branch, made[:12], remote.url)
        clone.push(remote, made, f"refs/heads/{self.branch}", expected=str(before["commit"]))
        found = remote.heads().get(self.branch, "")
        if found != made:
            raise BranchMoved(remote.conn_id, self.branch, made, found)


def set_back(run: Run, clone: Clone, remote: Remote, branch: str, *, to: str, made: str) -> None:
    """Set a branch from `made` back to `to`, or remove it if that is "", and look that it is so."""
    run.log.info("Setting %s of %s back from %s to %s", branch, remote.url, made[:12], to[:12] or "nothing")
    clone.push(remote, to, f"refs/heads/{branch}", expected=made)
    found = remote.heads().get(branch, "")
    if found != to:
        raise BranchMoved(remote.conn_id, branch, to, found)
