"""Deploy by pushing a branch to a git repository that deploys what it is given."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.faults.branches import BranchMoved
from slipway.steps.git_clone import Clone, cloned, commit_to_release
from slipway.steps.git_remote import Remote
from slipway.steps.make_branch import set_back


@dataclass(frozen=True, kw_only=True)
class PushBranch(ReleasingStep):
    """Push a branch of the source repository to a branch of the one that the role
    `remote` names, e.g. of a host that deploys by git.

    In production exactly the commit goes out that staging tried. For Heroku take DeployToHeroku, which
    waits for the release.

    :param branch: a branch of the source repository
    :param to: the branch of the remote that it becomes
    """

    branch: str
    to: str = "main"

    kind: ClassVar[str] = "push_branch"
    takes: ClassVar[str] = "commit"
    needs: ClassVar[tuple[str, ...]] = ("repository", "workspace", "remote")

    def undo_in_words(self) -> str:
        """Say what is set back."""
        return f"sets {self.to} of the remote back to its commit before, if nobody moved it since"

    def do(self, run: Run) -> Evidence:
        """Push.

        Raises NothingTried, BranchMissing, TestedCommitGone, BranchMoved, PushRefused and PushUnanswered.
        """
        source, remote = Remote.of(run, "repository"), Remote.of(run, "remote")
        with cloned(run) as clone:
            before = run.remember("before", lambda: self._look(run, clone, source, remote))
            commit, found = str(before["pushes"]), remote.heads().get(self.to, "")
            if found == commit:
                run.log.info("%s of %s is at %s already", self.to, remote.url, commit[:12])
            elif found == before["commit"]:
                clone.fetch(source, self.branch)
                self._push(run, clone, remote, commit, found)
            else:
                raise BranchMoved(remote.conn_id, self.to, str(before["commit"]), found)
        return Evidence(
            before=before,
            after={"commit": commit},
            proof={"commit": commit},
            changed=commit != before["commit"],
            summary=f"{self.to} of the remote: {str(before['commit'])[:12] or 'nothing'} -> {commit[:12]}",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Set the remote's branch back, unless somebody moved it since. Raises what `do` raises."""
        if not evidence.before:
            return Evidence(changed=False, summary="nothing was pushed")
        commit, pushed = str(evidence.before["commit"]), str(evidence.before["pushes"])
        remote = Remote.of(run, "remote")
        with cloned(run) as clone:
            found = remote.heads().get(self.to, "")
            if found == commit:
                run.log.info("Nothing to undo: %s is at %s", self.to, commit[:12] or "no commit")
                return Evidence(before=evidence.before, changed=False, summary="it is so already")
            if found != pushed:
                raise BranchMoved(remote.conn_id, self.to, pushed, found)
            clone.fetch(remote, self.to)
            set_back(run, clone, remote, self.to, to=commit, made=pushed)
        summary = f"{self.to} of the remote: {pushed[:12]} -> {commit[:12] or 'nothing'}"
        return Evidence(before={"commit": pushed}, after={"commit": commit}, summary=summary)

    def _look(self, run: Run, clone: Clone, source: Remote, remote: Remote) -> dict[str, Json]:
        commit = commit_to_release(run, clone, source, self.branch, self)
        return {"commit": remote.heads().get(self.to, ""), "pushes": commit}

    def _push(self, run: Run, clone: Clone, remote: Remote, commit: str, found: str) -> None:
        if found:
            clone.fetch(remote, self.to)
        if found and not clone.holds(commit, found):
            # A lease alone would take back what is there.
            raise BranchMoved(remote.conn_id, self.to, commit, found)
        run.log.info("Pushing %s (%s) to %s of %s", self.branch, commit[:12], self.to, remote.url)
        clone.push(remote, commit, f"refs/heads/{self.to}", expected=found, timeout=self.timeout, log=run.log)
        if (now := remote.heads().get(self.to, "")) != commit:
            raise BranchMoved(remote.conn_id, self.to, commit, now)
