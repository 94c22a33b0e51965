"""Deploy a tag in a git folder of a server, over SSH."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import ClassVar

from slipway.kinds import ReleasingStep
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import UnknownVersion
from slipway.steps.faults.ssh import CheckedOutSince, WrongCommit
from slipway.steps.ssh_api import Server, server
from slipway.steps.ssh_job import Job, clear, forget, job_name, run_job, stop, was_begun
from slipway.steps.tried import see_that_it_was_tried


@dataclass(frozen=True, kw_only=True)
class DeployOverSsh(ReleasingStep):
    """Check a tag out in a clone on the server, install, build, and try it there.

    In production the tag's commit must be the one that was tried on staging.

    :param folder: the clone, e.g. "/opt/communityshare/api"
    :param tag: the tag's name; "{version}" is the version that is released
    :param build: commands run in the folder after the checkout, also when it is undone
    :param smoke: commands run after the build, only going forward
    """

    folder: str
    tag: str = "v{version}"
    build: Sequence[str] = ("npm ci", "npm run build")
    smoke: Sequence[str] = ("npm run test:smoke",)
    remote: str = "origin"

    kind: ClassVar[str] = "deploy_over_ssh"
    takes: ClassVar[str] = "commit"
    needs: ClassVar[tuple[str, ...]] = ("server",)

    def undo_in_words(self) -> str:
        """Say what is checked out again."""
        return f"checks out in {self.folder} what was there before, and builds it again"

    def look(self, run: Run) -> str:
        """Look at the clone."""
        with server(run) as there:
            return f"{self.folder} is at {_name(self._checked_out(there))}"

    def do(self, run: Run) -> Evidence:
        """Check out, build and try.

        Raises UnknownVersion, NothingTried, NotTheApprovedCommit, CommandFailed, CommandTimedOut and the
        faults of steps.faults.ssh.
        """
        with server(run) as there:
            before = run.remember("before", lambda: self._checked_out(there))
            tag, commit = self._tagged(run, there)
            forget(there, job_name(run, self.name, "undo"))
            after = self._bring(run, there, "do", tag, commit, (*self.build, *self.smoke))
        summary = f"{_name(before)} -> {tag}, commit {commit[:12]}"
        return Evidence(before=before, after=after, proof={"commit": commit, "tag": tag}, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Check out the commit from before and build it. Raises CheckedOutSince and what `do` raises."""
        commit = str(evidence.before.get("commit", ""))
        done = job_name(run, self.name, "do")
        if not commit:
            return Evidence(changed=False, summary="the checkout was never begun")
        with server(run) as there:
            now = self._checked_out(there)
            # What was finished shows on the server itself, whatever became of the marks there.
            if not was_begun(there, done) and (not evidence.after or now["commit"] == commit):
                run.log.info("Nothing to undo: no checkout of this release is left in %s", self.folder)
                return Evidence(changed=False, summary="the checkout was never begun, or is undone")
            if evidence.after and now["commit"] not in {commit, evidence.after["commit"]}:
                raise CheckedOutSince(there.conn_id, self.folder, _name(now), str(evidence.after["commit"]))
            stop(there, done, log=run.log)
            after = self._bring(run, there, "undo", _name(evidence.before), commit, self.build)
            forget(there, done)
        return Evidence(before=now, after=after, summary=f"{_name(now)} -> {_name(evidence.before)}")

    def _bring(
        self, run: Run, there: Server, verb: str, name: str, commit: str, then: Sequence[str]
    ) -> dict[str, Json]:
        """Check it out and go on; return what is checked out then. Raises WrongCommit."""
        run.log.info("Checking out %s (commit %s) in %s", name, commit[:12], self.folder)
        checkout = f"git checkout --quiet {quote(commit)}"  # a branch may be called as the tag
        job = Job(
            name=job_name(run, self.name, verb),
            title="; ".join((checkout, *then)),
            lines=(checkout, *then),
            cwd=self.folder,
        )
        run_job(there, job, log=run.log, timeout=self.timeout)
        found = self._checked_out(there)
        if found["commit"] != commit:
            clear(there, job)  # the next try runs it once more
            raise WrongCommit(there.conn_id, self.folder, commit, str(found["commit"]), undoes=verb == "undo")
        return found

    def _tagged(self, run: Run, there: Server) -> tuple[str, str]:
        """Fetch, and return the tag and its commit.

        Raises UnknownVersion, NothingTried, NotTheApprovedCommit and what `run_job` raises.
        """
        tag = self.tag.replace("{version}", run.version)
        git = f"git -C {quote(self.folder)}"
        fetch = f"git fetch --quiet --tags {quote(self.remote)}"
        job = Job(name=job_name(run, self.name, "do-fetch"), title=fetch, lines=(fetch,), cwd=self.folder)
        run_job(there, job, log=run.log, timeout=self.timeout)
        forget(there, job.name)  # each try fetches what is there by then
        commit = there.say(
            f"{git} rev-parse --verify --quiet {quote(f'refs/tags/{tag}^{{commit}}')}", statuses=(0, 1)
        )
        if not commit:
            known = there.say(f"{git} tag --sort=-creatordate | head -n 3").split()
            raise UnknownVersion(f"{there.conn_id}:{self.folder}", tag, known)
        see_that_it_was_tried(run, self, tag, commit)
        return tag, commit

    def _checked_out(self, there: Server) -> dict[str, Json]:
        """Return the commit that is checked out, and its tag or branch, if it has one."""
        git = f"git -C {quote(self.folder)}"
        commit = there.say(f"{git} rev-parse HEAD")
        label = f"{git} describe --tags --exact-match HEAD || {git} symbolic-ref --short HEAD || true"
        return {"commit": commit, "name": there.ask(label)[1].strip()}


def _name(checked_out: object) -> str:
    assert isinstance(checked_out, dict)
    return str(checked_out["name"] or checked_out["commit"][:12])
