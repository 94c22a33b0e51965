"""Bring the schema to an Alembic revision of the release."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import CommandFailed, MigrationFailed, RevisionNotOnPath, SeveralHeads
from slipway.steps.processes import Output, run_program
from slipway.steps.reach import connection, database, database_url
from slipway.steps.release_tree import DEPLOYS, ReleaseTree
from slipway.steps.verification import Verification, verify

_PATH = re.compile(r"^(.+?) -> (\w+)\b")  # `alembic history`: "019 -> 020 (head), calibrated columns"


@dataclass(frozen=True, kw_only=True)
class UpgradeAlembic(Step):
    """Run `alembic upgrade` of the release, with DATABASE_URL in its environment.

    The release's own Python is used if Alembic is installed in it, else the worker's.

    :param to: "head" or a revision; the undo goes back to the revision before
    :param config: Alembic's configuration file in the release
    :param version_table: the table in which Alembic keeps the revision
    :param verify: queries that must answer as expected afterwards
    """

    to: str = "head"
    config: str = "alembic.ini"
    version_table: str = "alembic_version"
    verify: Sequence[Verification] = ()

    kind: ClassVar[str] = "upgrade_alembic"
    needs: ClassVar[tuple[str, ...]] = ("database", "host")
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Say how far back the undo goes."""
        return "downgrades the schema to the Alembic revision it had before"

    def do(self, run: Run) -> Evidence:
        """Upgrade and verify; a second try goes on from where the first one stopped.

        Raises MigrationFailed, WrongAnswer and SeveralHeads.
        """
        label = run.environment.label
        tree = ReleaseTree.of(run)
        self._end_leftovers(run)
        before = run.remember("before", lambda: {"revision": self._current(run), DEPLOYS: run.version})
        run.log.info("Migrating %s from %s to %s", label, before["revision"] or "base", self.to)
        self._alembic(run, tree, "upgrade", self.to)
        after = {"revision": self._current(run)}
        run.log.info("The schema of %s is at %s", label, after["revision"])
        changed = before["revision"] != after["revision"]
        with database(run) as session:
            proof = {"verified": verify(self.verify, session, run.log, new=changed)}
        summary = f"{before['revision'] or 'base'} -> {after['revision']}"
        return Evidence(
            before=before,
            after=after,
            proof=proof,
            changed=changed,
            summary=summary,
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Downgrade to the revision before, from wherever the schema stands now.

        Raises MigrationFailed, and RevisionNotOnPath if somebody else migrated it since.
        """
        if "revision" not in evidence.before:
            return _unchanged(run, "the migration was never begun", evidence.before)
        target = str(evidence.before["revision"])
        tree = ReleaseTree.of(run, evidence.before)
        self._end_leftovers(run)
        current = self._current(run)
        if current == target:
            return _unchanged(run, f"the schema is at {target or 'base'} already", evidence.before)
        if current not in self._path(run, tree, target):
            raise RevisionNotOnPath(run.environment.label, current or "base", target, self.to)
        run.log.info("Downgrading %s from %s to %s", run.environment.label, current, target or "base")
        self._alembic(run, tree, "downgrade", target or "base")
        after = {"revision": self._current(run)}
        return Evidence(before={"revision": current}, after=after, summary=f"{current} -> {target or 'base'}")

    def _path(self, run: Run, tree: ReleaseTree, start: str) -> set[str]:
        """Return the revisions that lead from `start` (not itself) to this step's target."""
        listed = self._run(run, tree, "history", "--rev-range", f"{start or 'base'}:{self.to}").out
        steps = [match for line in listed if (match := _PATH.match(line))]
        return {match[2] for match in steps} - {start}

    def _session(self, run: Run) -> str:
        """Return the name by which PostgreSQL knows the sessions of this step in this release."""
        who = f"{run.plan_name} {run.release_id} {self.name}"
        return f"slipway-{hashlib.sha256(who.encode()).hexdigest()[:16]}"

    def _end_leftovers(self, run: Run) -> None:
        # When a try is killed its Alembic dies with it, but PostgreSQL goes on with the statement, and with
        # its locks, until that ends.
        query = (
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()"
        )
        with database(run) as session:
            row = session.execute(query, [self._session(run)]).fetchone()
        if row and row[0]:
            run.log.info("Ended %d sessions of a migration whose try was killed", row[0])

    def _current(self, run: Run) -> str:
        """Return the revision of the schema, "" for base."""
        # Read directly: a wrong password is one clear line from here, and a page of traceback from Alembic.
        from psycopg import sql

        with database(run) as session:
            there = session.execute("SELECT to_regclass(%s) IS NOT NULL", [self.version_table]).fetchone()
            if not there or not there[0]:
                return ""
            table = sql.Identifier(*self.version_table.split("."))
            found = session.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchall()
        if len(found) > 1:
            raise SeveralHeads(run.environment.label, [row[0] for row in found])
        return str(found[0][0]) if found else ""

    def _alembic(self, run: Run, tree: ReleaseTree, verb: str, revision: str) -> None:
        try:
            self._run(run, tree, verb, revision)
        except CommandFailed as error:
            where = self._current(run)
            why = _reason(error.tail)
            raise MigrationFailed(run.environment.label, f"{verb} {revision}", where, why) from error

    def _run(self, run: Run, tree: ReleaseTree, *arguments: str) -> Output:
        folder = tree.there()
        config = Path(self.config)
        argv = [str(tree.python("alembic")), "-m", "alembic", "-c", str(config), *arguments]
        secrets = [connection(run, "database").password or "", database_url(run)]
        env = {"DATABASE_URL": database_url(run), "PYTHONUNBUFFERED": "1", "PGAPPNAME": self._session(run)}
        log = run.log if arguments[0] != "history" else None
        return run_program(argv, log=log, cwd=folder, env=env, timeout=self.timeout, hide=secrets)


def _reason(tail: Sequence[str]) -> str:
    """Pick the line that names the error out of a traceback's end; SQLAlchemy adds the statement below it."""
    named = [
        line for line in tail if re.match(r"^(FAILED: |\w+\.[\w.]+: |\w*(Error|Exception): )", line.strip())
    ]
    return (named or list(tail) or ["it printed nothing"])[-1].strip()


def _unchanged(run: Run, why: str, before: Mapping[str, Json]) -> Evidence:
    run.log.info("Nothing to undo in %s: %s", run.environment.label, why)
    return Evidence(before=before, after=before, changed=False, summary=why)
