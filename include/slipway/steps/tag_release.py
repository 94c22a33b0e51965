"""Tag the commit that was released."""

import time
from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.faults.branches import TagTaken
from slipway.steps.git_clone import Clone, cloned, commit_to_release
from slipway.steps.git_remote import Remote


@dataclass(frozen=True, kw_only=True)
class TagRelease(ReleasingStep):
    """Put an annotated tag on the commit that is released, and push it to the source repository.

    :param branch: the branch that is released; in production the commit that staging tried is tagged
    :param tag: its name; the release's version if ""
    :param message: what it says; plan and release if ""
    """

    branch: str
    tag: str = ""
    message: str = ""

    kind: ClassVar[str] = "tag_release"
    takes: ClassVar[str] = "commit"
    needs: ClassVar[tuple[str, ...]] = ("repository", "workspace")

    def undo_in_words(self) -> str:
        """Name the tag."""
        return f"removes the tag {self.tag or 'of the version'}, if this release made it"

    def do(self, run: Run) -> Evidence:
        """Tag and push.

        Raises NothingTried, BranchMissing, TestedCommitGone, TagTaken, PushRefused and PushUnanswered.
        """
        remote = Remote.of(run, "repository")
        tag = self.tag or run.version
        with cloned(run) as clone:
            before = run.remember("before", lambda: self._look(run, clone, remote, tag))
            commit = str(before["commit"])
            if found := _commit_of(remote, tag):
                if found != commit:
                    raise TagTaken(remote.conn_id, tag, found, commit)
                run.log.info("The tag %s names %s already", tag, commit[:12])
            else:
                self._push(run, clone, remote, before)
        return Evidence(
            before=before,
            after={"tag": tag, "commit": commit},
            proof={"commit": commit},
            changed=not before["there"],
            summary=f"{tag} names {commit[:12]}",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Remove the tag, if this release made it and it still names the same commit. Raises TagTaken."""
        if evidence.before.get("there", True):
            return Evidence(changed=False, summary="this release did not make the tag")
        tag, commit = str(evidence.before["tag"]), str(evidence.before["commit"])
        remote = Remote.of(run, "repository")
        found = _commit_of(remote, tag)
        if not found:
            run.log.info("Nothing to undo: there is no tag %s", tag)
            return Evidence(before=evidence.before, changed=False, summary=f"there is no tag {tag}")
        if found != commit:
            raise TagTaken(remote.conn_id, tag, found, commit)
        with cloned(run) as clone:
            clone.push(remote, "", f"refs/tags/{tag}", expected=remote.tags()[tag])
        run.log.info("Removed the tag %s from %s", tag, remote.url)
        return Evidence(before={"commit": commit}, summary=f"removed the tag {tag}")

    def _look(self, run: Run, clone: Clone, remote: Remote, tag: str) -> dict[str, Json]:
        commit = commit_to_release(run, clone, remote, self.branch, self)
        there = bool(_commit_of(remote, tag))
        return {"tag": tag, "there": there, "commit": commit, "at": int(time.time())}

    def _push(self, run: Run, clone: Clone, remote: Remote, before: dict[str, Json]) -> None:
        tag, commit = str(before["tag"]), str(before["commit"])
        if not clone.has(commit):  # a second try, in a new clone
            clone.fetch(remote, self.branch)
        message = self.message or f"{run.plan_name}, release {run.release_id}"
        made = clone.tag(tag, commit, at=int(before["at"]), message=message)
        run.log.info("Pushing the tag %s on %s to %s", tag, commit[:12], remote.url)
        clone.push(remote, made, f"refs/tags/{tag}", expected="")
        if (found := _commit_of(remote, tag)) != commit:
            raise TagTaken(remote.conn_id, tag, found, commit)


def _commit_of(remote: Remote, tag: str) -> str:
    tags = remote.tags()
    return tags.get(f"{tag}^{{}}") or tags.get(tag, "")
