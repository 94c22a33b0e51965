"""Bring the schema to a named migration of Entity Framework, and back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import CommandFailed, RevisionNotOnPath
from slipway.steps.faults.azure import EfUpdateFailed, MigrationNotReached
from slipway.steps.processes import run_program
from slipway.steps.reach import connection, database, folder
from slipway.steps.release_tree import DEPLOYS
from slipway.steps.sql_script import execute_script, read_script
from slipway.steps.verification import Verification, verify

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

HISTORY = '"__EFMigrationsHistory"'
_LOCK = 7_594_212  # any number that nobody else locks; two releases must not migrate at once
_NONE = "0"  # Entity Framework's own name for "before the first migration"


@dataclass(frozen=True, kw_only=True)
class UpgradeEf(Step):
    """Migrate with `dotnet ef` where it is installed beside the project, else with a generated script.

    Script and project lie in the `artifacts` folder. The script is an idempotent one, made with
    `dotnet ef migrations script --idempotent --no-transactions`; it runs in one transaction together with
    the verification, so that a failure leaves nothing applied.

    :param to: the migration, e.g. "20251111093000_AddPersonalGoals"; the part behind the first _ is enough
    :param script: "{version}" in it is the release's version
    :param down_script: one for each way back; "{from_}" and "{to}" are full names of migrations
    :param project: folder of the project in `artifacts`; "" never uses `dotnet ef`
    :param connection_string: the variable in which the project reads its connection string
    :param verify: queries that must answer as expected afterwards
    """

    to: str
    script: str = "migrations/{version}.sql"
    down_script: str = "migrations/down/{from_}_to_{to}.sql"
    project: str = ""
    connection_string: str = "ConnectionStrings__DefaultConnection"
    verify: Sequence[Verification] = ()

    kind: ClassVar[str] = "upgrade_ef"
    needs: ClassVar[tuple[str, ...]] = ("database", "artifacts")
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Say how far back the undo goes."""
        return "takes the schema back to the migration it had before"

    def do(self, run: Run) -> Evidence:
        """Migrate and verify.

        Raises ScriptMissing, ScriptEndsTransaction, ScriptFailed, MigrationNotReached, EfUpdateFailed,
        RevisionNotOnPath and WrongAnswer.
        """
        with database(run) as session:
            now = _applied(session)
            before = run.remember("before", lambda: {"migration": _last(now), DEPLOYS: run.version})
        if self._is_target(_last(now)):
            run.log.info("%s is at %s already", run.environment.label, _last(now))
        elif any(self._is_target(name) for name in now):
            raise RevisionNotOnPath(run.environment.label, _last(now), str(before["migration"]), self.to)
        elif self._has_cli(run):
            self._update(run, self.to)
        else:
            self._apply(run, self.script.format(version=run.version), self.to)
        with database(run) as session:
            after = _last(_applied(session))
            answers = verify(self.verify, session, run.log, new=before["migration"] != after)
        return Evidence(
            before=before,
            after={"migration": after},
            proof={"verified": answers},
            changed=before["migration"] != after,
            summary=f"{before['migration'] or 'no migration'} -> {after}",
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Go back to the migration before, from wherever the schema stands.

        Raises what `do` raises; RevisionNotOnPath if somebody else migrated it since.
        """
        if "migration" not in evidence.before:
            return _unchanged(run, "the migration was never begun", evidence.before)
        target = str(evidence.before["migration"])
        with database(run) as session:
            _lock(session)  # a try that was taken for dead may still be migrating
            now = _applied(session)
        if _last(now) == target:
            return _unchanged(run, f"the schema is at {target or 'no migration'} already", evidence.before)
        self._refuse_strangers(run, now, target)
        if self._has_cli(run):
            self._update(run, target or _NONE)
        else:
            self._go_back(run, now[now.index(target) if target else 0 :], target)
        summary = f"{_last(now)} -> {target or 'no migration'}"
        return Evidence(before={"migration": _last(now)}, after=evidence.before, summary=summary)

    def _refuse_strangers(self, run: Run, now: Sequence[str], target: str) -> None:
        """Raise unless the schema stands between the migration before and the one wanted."""
        beyond = any(self._is_target(name) for name in now[:-1])
        if beyond or (target and target not in now):
            raise RevisionNotOnPath(run.environment.label, _last(now), target, self.to)

    def _is_target(self, name: str) -> bool:
        return self.to in {name, name.partition("_")[2]}

    def _has_cli(self, run: Run) -> bool:
        """Whether `dotnet ef` can be used; the reason goes to the log."""
        if not self.project:
            return False
        there = (folder(run, "artifacts") / self.project).is_dir()
        known = shutil.which("dotnet") is not None and shutil.which("dotnet-ef") is not None
        if not (there and known):
            why = "`dotnet ef` is not installed here" if there else f"there is no folder {self.project}"
            run.log.info("%s: the generated script is used", why)
        return there and known

    def _update(self, run: Run, target: str) -> None:
        """Run `dotnet ef database update`; each migration has a transaction of its own there."""
        found = connection(run, "database")
        parts = {"Host": found.host, "Port": found.port, "Database": found.schema, "Username": found.login}
        parts["Password"] = found.password
        value = ";".join(f"{key}={_quoted(str(part))}" for key, part in parts.items() if part)
        project = folder(run, "artifacts") / self.project
        argv = ["dotnet", "ef", "database", "update", target]
        env = {self.connection_string: value}  # never in argv, which every user of the machine can read
        hide = [found.password or "", value]
        run.log.info("Migrating %s to %s with `%s`", run.environment.label, target, " ".join(argv))
        try:
            run_program(argv, log=run.log, cwd=Path(project), env=env, timeout=self.timeout, hide=hide)
        except CommandFailed as error:
            with database(run) as session:
                standing = _last(_applied(session))
            why = (list(error.tail) or ["it printed nothing"])[-1].strip()
            raise EfUpdateFailed(run.environment.label, target, standing, why) from error

    def _apply(self, run: Run, script: str, target: str) -> None:
        text = read_script(folder(run, "artifacts"), script)
        run.log.info("Migrating %s to %s with %s", run.environment.label, target, script)
        with database(run) as session:
            _lock(session)
            execute_script(session, script, text)
            found = _last(_applied(session))
            if not self._is_target(found):
                raise MigrationNotReached(run.environment.label, target, found)
            verify(self.verify, session, run.log, new=True, kept=False)

    def _go_back(self, run: Run, way: Sequence[str], target: str) -> None:
        """Run the script that leads straight back, or one for each migration; all in one transaction."""
        home = folder(run, "artifacts")
        stops = [*reversed(way)] if target else [*reversed(way), _NONE]
        straight = self.down_script.format(from_=stops[0], to=stops[-1])
        names = [self.down_script.format(from_=a, to=b) for a, b in pairwise(stops)]
        scripts = [straight] if (home / straight).is_file() else names
        texts = {script: read_script(home, script) for script in scripts}
        with database(run) as session:
            _lock(session)
            if _last(_applied(session)) == target:
                run.log.info("Another try took %s back meanwhile", run.environment.label)
                return
            for script, text in texts.items():
                run.log.info("Taking %s back with %s", run.environment.label, script)
                execute_script(session, script, text)
            found = _last(_applied(session))
            if found != target:
                raise MigrationNotReached(run.environment.label, target, found)


def _lock(session: Session) -> None:
    """Wait until nobody else migrates, and keep others out until the transaction ends."""
    session.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _applied(session: Session) -> list[str]:
    """Return the migrations that are applied, oldest first."""
    there = session.execute("SELECT to_regclass(%s) IS NOT NULL", [HISTORY]).fetchone()
    if not there or not there[0]:
        return []
    query = f'SELECT "MigrationId" FROM {HISTORY} ORDER BY "MigrationId" COLLATE "C"'
    return [str(row[0]) for row in session.execute(query)]


def _last(applied: Sequence[str]) -> str:
    return applied[-1] if applied else ""


def _quoted(part: str) -> str:
    """Quote a value of a connection string (ADO.NET) where it has to be."""
    doubled = part.replace('"', '""')
    return f'"{doubled}"' if set(part) & set(";='\" ") else part


def _unchanged(run: Run, why: str, before: Mapping[str, Json]) -> Evidence:
    run.log.info("Nothing to undo in %s: %s", run.environment.label, why)
    return Evidence(before=before, after=before, changed=False, summary=why)
