"""Run commands on a server, over SSH."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.ssh_api import server
from slipway.steps.ssh_job import Job, forget, job_name, run_job, stop, was_begun


@dataclass(frozen=True, kw_only=True)
class RunOverSsh(Step):
    """Run shell commands in a folder of the environment's server; the first that fails ends it.

    They go on there when the connection is lost, and the next try joins them. "{version}" in a command is
    the version that is released.

    :param commands: lines for sh
    :param cwd: a folder there; the login's home if left out
    :param undo_commands: take the commands back
    """

    commands: Sequence[str]
    cwd: str = ""
    undo_commands: Sequence[str] = ()

    kind: ClassVar[str] = "run_over_ssh"
    needs: ClassVar[tuple[str, ...]] = ("server",)

    def undo_in_words(self) -> str:
        """Name the undo commands, "" without any."""
        return f"runs `{'; '.join(self.undo_commands)}` on the server" if self.undo_commands else ""

    def do(self, run: Run) -> Evidence:
        """Run them. Raises the faults of steps.faults.ssh, CommandFailed and CommandTimedOut."""
        before = run.remember("before", lambda: {"begun": True})
        done, undone = job_name(run, self.name, "do"), job_name(run, self.name, "undo")
        with server(run) as there:
            forget(there, undone)
            tail = run_job(there, self._job(run, done, self.commands), log=run.log, timeout=self.timeout)
        proof: dict[str, Json] = {"status": 0, "last_lines": list(tail)[-5:]}
        return Evidence(before=before, proof=proof, summary=f"{self._title(self.commands)}: status 0")

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Run the undo commands, if the commands were begun on the server. Raises what `do` raises."""
        done, undone = job_name(run, self.name, "do"), job_name(run, self.name, "undo")
        if not self.undo_commands or not evidence.before.get("begun"):
            return Evidence(changed=False, summary="nothing to undo")
        with server(run) as there:
            if not was_begun(there, done):
                run.log.info("Nothing to undo: the commands were never begun on the server, or are undone")
                return Evidence(changed=False, summary="the commands were never begun, or are undone")
            stop(there, done, log=run.log)
            run_job(there, self._job(run, undone, self.undo_commands), log=run.log, timeout=self.timeout)
            forget(there, done)
        return Evidence(before=evidence.after, after=evidence.before, summary=self._title(self.undo_commands))

    def _job(self, run: Run, name: str, commands: Sequence[str]) -> Job:
        lines = [line.replace("{version}", run.version) for line in commands]
        return Job(name=name, title=self._title(lines), lines=lines, cwd=self.cwd)

    @staticmethod
    def _title(commands: Sequence[str]) -> str:
        return "; ".join(commands)
