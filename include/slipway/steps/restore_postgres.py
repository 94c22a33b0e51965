"""Restore a PostgreSQL database to exactly the state of a backup, or rehearse it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from slipway.environment import Environment
from slipway.kinds import Step, Undo, Undoing
from slipway.run import Evidence, Json, Run
from slipway.steps.backup_file import checksum
from slipway.steps.backup_proof import proof_of
from slipway.steps.faults import BackupDamaged, BackupMissing, CommandFailed, RestoreFailed
from slipway.steps.postgres_tools import program
from slipway.steps.processes import run_program
from slipway.steps.reach import connection, database, libpq_environment
from slipway.steps.spare_database import (
    create_like,
    drop,
    marked_as,
    open_again,
    row_counts,
    spare_name,
    swap,
)

if TYPE_CHECKING:
    from slipway.steps.spare_database import Session


@dataclass(frozen=True, kw_only=True)
class RestorePostgres(Step):
    """Bring a database back to a backup of this release.

    The backup is loaded into a fresh database, which then takes the name of the live one. That gives back
    exactly the backup: `pg_restore --clean` into the live database would leave every table that was
    created since, and stop at the first one that depends on what it drops. A restore that fails half-way
    has not touched the live database, and the service runs on until the moment of the swap.

    The replaced database stays beside it, with all that was written since the backup, until a person drops
    it: log and proof say its name and the statement that drops it. No later restore touches it.

    :param backup: the name of the backup step; of the same phase, or of production in a rollback. Or a
        whole task id, e.g. "staging.back_up_database"
    :param drill: only prove that the backup can be restored: load it, count its rows, drop it again
    :param keep_replaced: whether the replaced database stays; False destroys what came after the backup
    :param maintenance_database: where to connect while the live one is renamed
    """

    backup: str
    drill: bool = False
    keep_replaced: bool = True
    maintenance_database: str = "postgres"

    kind: ClassVar[str] = "restore_postgres"
    needs: ClassVar[tuple[str, ...]] = ("database", "backups")

    def undoing(self) -> Undoing:
        """Tell that a drill leaves nothing; a restore itself is a rollback and has no undo of its own."""
        if self.drill and not self.irreversible:
            return Undoing(undo=Undo.NOTHING, how="the scratch database is dropped again")
        return Step.undoing(self)

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that this step uses there."""
        return (environment.connection("database"), environment.connection("backups"))

    def do(self, run: Run) -> Evidence:
        """Restore, or rehearse it. Raises BackupMissing, BackupDamaged and RestoreFailed."""
        return self.restore(run, proof_of(run, self.backup, holds="path"))

    def restore(self, run: Run, proof: dict[str, Json]) -> Evidence:
        """Restore, or rehearse, the backup file that a proof names. Raises what `do` raises."""
        dump = _intact(proof)
        live = str(connection(run, "database").schema)
        spare = spare_name(live, "drill" if self.drill else "restored")
        if self.drill:
            return self._rehearse(run, dump, live, spare)
        before = run.remember("before", lambda: {"database": live})
        replaced = str(run.remember("replaced", lambda: _name_of_replaced(live)))
        mark = f"restored by {run.release_id} {run.task_id} from {proof['sha256']}"
        with database(run, name=self.maintenance_database, autocommit=True) as server:
            done = marked_as(server, live, mark)
        if done:
            run.log.info('"%s" was already restored by an earlier try', live)
        else:
            self._load(run, dump, live, spare)
            self._take_the_name(run, live, spare, replaced, mark)
        kept = self._settle(run, replaced)
        counts = self._count(run, live)
        summary = f"{live}: {len(counts)} tables, {sum(counts.values())} rows as of {proof['taken_at']}"
        run.log.info("Restored %s", summary)
        after = {"database": live, "backup": str(dump), "rows": counts}
        proof = {"sha256": proof["sha256"], **kept}
        return Evidence(before=before, after=after, proof=proof, changed=not done, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the restored database: what it replaced is what the rollback wanted to be rid of."""
        return Evidence(before=evidence.before, changed=False, summary="a restore is not undone")

    def _rehearse(self, run: Run, dump: Path, live: str, spare: str) -> Evidence:
        try:
            self._load(run, dump, live, spare)
            counts = self._count(run, spare)
        finally:
            with database(run, name=self.maintenance_database, autocommit=True) as server:
                drop(server, spare)
        summary = f"{dump.name} can be restored: {len(counts)} tables, {sum(counts.values())} rows"
        run.log.info("Restore drill of %s: %s; scratch database dropped", run.environment.label, summary)
        return Evidence(after={"rows": counts}, proof={"backup": str(dump)}, changed=False, summary=summary)

    def _load(self, run: Run, dump: Path, live: str, spare: str) -> None:
        with database(run, name=self.maintenance_database, autocommit=True) as server:
            drop(server, spare)  # what a killed try left
            create_like(server, live, spare)
            version = server.info.server_version // 10000
        run.log.info('Loading %s into the fresh database "%s"', dump, spare)
        tool = program("pg_restore", version)
        env = libpq_environment(run, name=spare)
        argv = [
            str(tool),
            "--no-password",
            "--exit-on-error",
            f"--jobs={min(4, os.cpu_count() or 1)}",
            f"--dbname={spare}",
            str(dump),
        ]
        try:
            run_program(
                argv,
                log=run.log,
                cwd=dump.parent,
                env=env,
                timeout=self.timeout,
                hide=[env.get("PGPASSWORD", "")],
            )
        except CommandFailed as error:
            why = error.tail[-1] if error.tail else f"pg_restore ended with status {error.status}"
            raise RestoreFailed(run.environment.label, why) from error

    def _take_the_name(self, run: Run, live: str, spare: str, replaced: str, mark: str) -> None:
        with database(run, name=self.maintenance_database, autocommit=True) as server:
            ended = swap(server, live=live, fresh=spare, replaced=replaced, mark=mark)
        run.log.info('"%s" is the restored database now; %d sessions on the old one were ended', live, ended)

    def _settle(self, run: Run, replaced: str) -> dict[str, Json]:
        """Keep or drop the replaced database and return what the proof says of it; harmless a second time."""
        with database(run, name=self.maintenance_database, autocommit=True) as server:
            if not self.keep_replaced:
                drop(server, replaced)
                return {}
            if not _is_there(server, replaced):  # a person dropped it between two tries
                return {}
            open_again(server, replaced)
        remedy = f'DROP DATABASE "{replaced}"'
        run.log.info(
            'What was written since the backup is kept in the database "%s" until a person drops it. '
            "When nobody needs it any more: %s",
            replaced,
            remedy,
        )
        return {"replaced_database": replaced, "drop_it_with": remedy}

    def _count(self, run: Run, name: str) -> dict[str, int]:
        with database(run, name=name) as session:
            return row_counts(session)


def _name_of_replaced(live: str) -> str:
    # With the time in it: what one restore kept is never in the way of another.
    return spare_name(live, f"replaced_{datetime.now(UTC):%Y%m%d_%H%M%S}")


def _is_there(server: "Session", name: str) -> bool:
    return server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _intact(proof: dict[str, Json]) -> Path:
    dump = Path(proof["path"])
    if not dump.is_file():
        raise BackupMissing(str(dump))
    found = checksum(dump)
    if found != proof["sha256"]:
        raise BackupDamaged(dump, proof["sha256"], found)
    return dump
