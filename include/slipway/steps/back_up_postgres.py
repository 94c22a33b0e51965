"""Back up a PostgreSQL database into a file that is proven to be readable."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.errors import StepFailed
from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.backup_file import BackupFile, checksum, prune, tables_in
from slipway.steps.faults import BackupEmpty, BackupFailed, CommandFailed, NoRoomForBackup, mebibytes
from slipway.steps.postgres_tools import program
from slipway.steps.processes import run_program
from slipway.steps.reach import database, folder, libpq_environment


@dataclass(frozen=True, kw_only=True)
class BackUpPostgres(Step):
    """Dump the database to the backups folder (pg_dump custom format) and verify the file.

    Verified means: its SHA-256 is recorded, pg_restore can list it, and it holds tables.

    :param keep: how many of the plan's backups stay; those of this release and of the last day always do
    """

    keep: int = 5
    leaves_nothing: str = "a backup changes nothing in the environment"

    kind: ClassVar[str] = "back_up_postgres"
    needs: ClassVar[tuple[str, ...]] = ("database", "backups")
    backs_up: ClassVar[bool] = True

    def do(self, run: Run) -> Evidence:
        """Take the backup; a second try of the same release reuses the verified one.

        Raises NoRoomForBackup, BackupEmpty and BackupFailed.
        """
        backup = BackupFile.of(run, folder(run, "backups"), self.name)
        reused = backup.is_verified()
        if reused:
            run.log.info("%s was verified in an earlier try, reusing it", backup.path)
        else:
            self._take(run, backup)
        for old in prune(backup, self.keep):
            run.log.info("Removed the old backup %s: only the newest %d are kept", old.name, self.keep)
        proof = backup.read()
        summary = f"{mebibytes(proof['bytes'])}, {proof['tables']} tables, SHA-256 {proof['sha256'][:12]}"
        return Evidence(proof=proof, changed=not reused, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the backup where it is."""
        return Evidence(changed=False, summary=self.leaves_nothing)

    def _take(self, run: Run, backup: BackupFile) -> None:
        name, server, size = _look_at(run)
        backup.part.unlink(missing_ok=True)
        _see_that_there_is_room(backup.path.parent, size)
        tool = program("pg_dump", server)
        run.log.info(
            'Backing up %s: database "%s" (%s, PostgreSQL %d) to %s with %s',
            run.environment.label, name, mebibytes(size), server, backup.path, tool,
        )  # fmt: skip
        try:
            self._dump(run, tool, backup, size)
            sha256 = checksum(backup.part)
            tables = tables_in(backup.part, program("pg_restore", server))
        except StepFailed:
            backup.part.unlink(missing_ok=True)
            raise
        if not tables:
            backup.part.unlink()
            raise BackupEmpty(run.environment.label, name)
        backup.finish(sha256=sha256, tables=tables, database=name, server=server)
        run.log.info(
            "Backed up and verified: %s, %d tables, readable by pg_restore, SHA-256 %s",
            mebibytes(backup.path.stat().st_size), len(tables), sha256,
        )  # fmt: skip

    def _dump(self, run: Run, tool: Path, backup: BackupFile, size: int) -> None:
        folder = backup.path.parent
        argv = [str(tool), "--format=custom", "--no-password", f"--file={backup.part}"]
        env = libpq_environment(run)
        try:
            run_program(
                argv, log=run.log, cwd=folder, env=env, timeout=self.timeout, hide=[env.get("PGPASSWORD", "")]
            )
        except CommandFailed as error:
            said = " ".join(error.tail)
            if "No space left" in said:
                raise NoRoomForBackup(folder, shutil.disk_usage(folder).free, size) from error
            why = error.tail[-1] if error.tail else f"pg_dump ended with status {error.status}"
            raise BackupFailed(run.environment.label, why) from error


def _look_at(run: Run) -> tuple[str, int, int]:
    """Return the database's name, the server's major version and the database's size in bytes."""
    with database(run) as session:
        query = "SELECT current_database(), pg_database_size(current_database())"
        name, size = session.execute(query).fetchone() or ("", 0)
        return name, session.info.server_version // 10000, size


def _see_that_there_is_room(folder: Path, size: int) -> None:
    # A dump is compressed and holds no indexes: the database's own size is more than it can need.
    free = shutil.disk_usage(folder).free
    if free < size:
        raise NoRoomForBackup(folder, free, size)
