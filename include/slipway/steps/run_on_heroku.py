"""Run a command in a one-off dyno, as `heroku run` does."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.heroku_api import look_at_app
from slipway.steps.one_off_dyno import run_once, stop_earlier


@dataclass(frozen=True, kw_only=True)
class RunOnHeroku(Step):
    """Run a command in a one-off dyno of an app, each line of its output going to the task log.

    Any exit status but 0 is a failure. After `timeout` the dyno is stopped. For Django's migrations take
    MigrateOnHeroku, which can take them back.

    :param app: the app's name on Heroku
    :param command: as for `heroku run`, a line for bash
    :param repeatable: whether it may run again when nobody knows how an earlier try ended; if not, a
        person is asked then
    :param undo_command: takes the command back; it may run twice, so it must be harmless then
    """

    app: str
    command: str
    repeatable: bool = False
    undo_command: str = ""

    kind: ClassVar[str] = "run_on_heroku"
    needs: ClassVar[tuple[str, ...]] = ("heroku",)

    def undo_in_words(self) -> str:
        """Name the undo command, "" without one."""
        return f"runs `{self.undo_command}` on {self.app}" if self.undo_command else ""

    def look(self, run: Run) -> str:
        """Look at the app."""
        return look_at_app(run, self.app)

    def do(self, run: Run) -> Evidence:
        """Run it. Raises DynoCommandFailed, DynoTimedOut, DynoUnattached, OutcomeUnknown and StillGoing."""
        before = run.remember("before", lambda: {"begun": True})
        ended = run_once(
            run, self.app, self.command, key="command", timeout=self.timeout, repeatable=self.repeatable
        )
        summary = f"`{self.command}` on {self.app}: status 0 after {ended.seconds:g} s"
        return Evidence(before=before, proof=ended.to_json(), summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Stop a command that still runs, then run the undo command, unless the command was never begun.

        Raises what `do` raises.
        """
        if not evidence.before.get("begun"):
            run.log.info("Nothing to undo: the command was never begun")
            return Evidence(changed=False, summary="the command was never begun")
        if not self.undo_command:
            return Evidence(changed=False, summary=self.leaves_nothing or "it has no undo command")
        stop_earlier(run, self.app, self.command)
        ended = run_once(run, self.app, self.undo_command, key="undo", timeout=self.timeout, repeatable=True)
        summary = f"`{self.undo_command}` on {self.app}: status 0 after {ended.seconds:g} s"
        return Evidence(proof=ended.to_json(), summary=summary)
