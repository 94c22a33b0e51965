"""Apply Django's migrations on Heroku, and take back just those."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.faults.heroku import MigrationsNotInCode, MigrationsPending, PlanUnreadable
from slipway.steps.heroku_api import look_at_app
from slipway.steps.one_off_dyno import run_attached, run_once, stop_earlier

_ENTRY = re.compile(r"^\[([X ])\]\s+(\w+)\.(\w+)")  # of showmigrations --plan


@dataclass(frozen=True, kw_only=True)
class MigrateOnHeroku(Step):
    """Run `manage.py migrate` in a one-off dyno, if `showmigrations` names any that is not applied.

    :param app: the app's name on Heroku
    :param manage: how manage.py is called there
    """

    app: str
    manage: str = "python manage.py"

    kind: ClassVar[str] = "migrate_on_heroku"
    needs: ClassVar[tuple[str, ...]] = ("heroku",)
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Name the app."""
        return f"takes back the migrations that this release applied on {self.app}, newest first"

    def look(self, run: Run) -> str:
        """Look at the app."""
        return look_at_app(run, self.app)

    def do(self, run: Run) -> Evidence:
        """Migrate, and see that nothing is left to apply.

        Raises MigrationsPending, PlanUnreadable, DynoCommandFailed, DynoTimedOut, DynoUnattached, StillGoing.
        """
        before = run.remember("before", lambda: {"pending": _not_applied(self._plan(run))})
        pending = [str(name) for name in before["pending"]]
        left = _not_applied(self._plan(run)) if run.recall("migrate.begun.1") is not None else pending
        if not left:
            run.log.info("%s: %s", self.app, "all of them are applied" if pending else "nothing to migrate")
        else:
            run.log.info("%s: to be applied: %s", self.app, ", ".join(left))
            self._run(run, self._forward, "migrate")
            if left := _not_applied(self._plan(run)):
                raise MigrationsPending(self.app, left, "applied")
        summary = f"{self.app}: {len(pending)} migrations applied" if pending else "nothing to migrate"
        return Evidence(before=before, after={"applied": pending}, changed=bool(pending), summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Stop a migration that still runs, then migrate each app back to where it was, and see that it is.

        Raises MigrationsNotInCode besides what `do` raises.
        """
        pending = [str(name) for name in evidence.before.get("pending", [])]
        if not pending:
            run.log.info("Nothing to undo: this release had nothing to migrate")
            return Evidence(changed=False, summary="this release had nothing to migrate")
        stop_earlier(run, self.app, self._forward)
        plan = self._plan(run)
        if unknown := [name for name in pending if name not in plan]:
            raise MigrationsNotInCode(self.app, unknown)
        applied = [name for name in pending if plan[name]]
        if not applied:
            run.log.info("Nothing to undo: none of %s is applied", ", ".join(pending))
            return Evidence(before=evidence.before, changed=False, summary="they are taken back already")
        run.log.info("%s: to be taken back: %s", self.app, ", ".join(reversed(applied)))
        back = (f"{self.manage} migrate {to} --noinput" for to in _ways_back(plan, applied, pending))
        self._run(run, " && ".join(back), "migrate_back")
        now = self._plan(run)
        if left := [name for name in pending if now.get(name)]:
            raise MigrationsPending(self.app, left, "taken back")
        summary = f"{self.app}: {len(applied)} migrations taken back"
        return Evidence(before={"applied": applied}, after={"pending": pending}, summary=summary)

    @property
    def _forward(self) -> str:
        return f"{self.manage} migrate --noinput"

    def _plan(self, run: Run) -> dict[str, bool]:
        """Return all migrations in the order in which they are applied, and whether each one is."""
        command = f"{self.manage} showmigrations --plan"
        ended = run_attached(run, self.app, command, timeout=self.timeout)
        found = [match for line in ended.lines if (match := _ENTRY.match(line))]
        if not found and "(no migrations)" not in " ".join(ended.lines):
            raise PlanUnreadable(self.app, command, ended.lines[-3:])
        return {f"{entry[2]}.{entry[3]}": entry[1] == "X" for entry in found}

    def _run(self, run: Run, command: str, key: str) -> None:
        # Django applies only what is not applied, so it may run again; two at a time it may not.
        run_once(run, self.app, command, key=key, timeout=self.timeout, repeatable=True, again=True)


def _not_applied(plan: Mapping[str, bool]) -> list[str]:
    return [name for name, applied in plan.items() if not applied]


def _ways_back(plan: Mapping[str, bool], applied: list[str], pending: list[str]) -> list[str]:
    """Return "app target" for each app that has something to take back, the last migrated one first."""
    apps = dict.fromkeys(name.partition(".")[0] for name in reversed(applied))
    older = [name for name in plan if name not in pending]
    targets = {app: [name for name in older if name.startswith(f"{app}.")] for app in apps}
    return [f"{app} {names[-1].partition('.')[2] if names else 'zero'}" for app, names in targets.items()]
