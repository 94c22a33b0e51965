"""Restore a PostgreSQL database from a backup in S3, or rehearse it."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Step, Undoing
from slipway.run import Evidence, Json, Run
from slipway.steps.aws_api import client
from slipway.steps.backup_proof import proof_of
from slipway.steps.faults import BackupDamaged, BackupMissing, NoRoomForBackup
from slipway.steps.reach import folder
from slipway.steps.restore_postgres import RestorePostgres
from slipway.steps.s3_bucket import Bucket


@dataclass(frozen=True, kw_only=True)
class RestorePostgresFromS3(Step):
    """Download the backup of a BackUpPostgresToS3, compare its checksum, and restore as RestorePostgres does.

    :param backup: the name of the backup step, or a whole task id, as in RestorePostgres
    :param drill: only prove that the backup in S3 can be restored
    :param keep_replaced: whether the replaced database stays; False destroys what came after the backup
    :param maintenance_database: where to connect while the live one is renamed
    """

    backup: str
    drill: bool = False
    keep_replaced: bool = True
    maintenance_database: str = "postgres"

    kind: ClassVar[str] = "restore_postgres_from_s3"
    needs: ClassVar[tuple[str, ...]] = ("database", "backups", "aws")

    def undoing(self) -> Undoing:
        """Tell the same as RestorePostgres."""
        return self._restore().undoing()

    def do(self, run: Run) -> Evidence:
        """Fetch, compare, restore. Raises BackupMissing, BackupDamaged, RestoreFailed, the faults of AWS."""
        restore = self._restore()
        proof = proof_of(run, self.backup, holds="path")
        if "key" not in proof:
            raise BackupMissing(f"{self.backup}, which keeps nothing in S3")
        with _fetched(run, proof) as path:
            return restore.restore(run, {**proof, "path": str(path)})

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the restored database, as RestorePostgres does."""
        return self._restore().undo(run, evidence)

    def _restore(self) -> RestorePostgres:
        return RestorePostgres(
            name=self.name,
            timeout=self.timeout,
            irreversible=self.irreversible,
            leaves_nothing=self.leaves_nothing,
            backup=self.backup,
            drill=self.drill,
            keep_replaced=self.keep_replaced,
            maintenance_database=self.maintenance_database,
        )


@contextmanager
def _fetched(run: Run, proof: dict[str, Json]) -> Iterator[Path]:
    """Download the backup beside the local ones, and remove it in the end, however far it came.

    Raises BackupMissing, BackupDamaged, NoRoomForBackup.
    """
    place = f"s3://{proof['bucket']}/{proof['key']}"
    target = folder(run, "backups") / f"{Path(str(proof['key'])).name}.from-s3"
    run.log.info("Fetching %s", place)
    try:
        found = _fetch(run, proof, place, target)
        if found != proof["sha256"]:
            raise BackupDamaged(place, str(proof["sha256"]), found)
        run.log.info("%s is the file that was verified (SHA-256 %s)", place, found)
        yield target
    finally:
        target.unlink(missing_ok=True)


def _fetch(run: Run, proof: dict[str, Json], place: str, target: Path) -> str:
    with client(run, "s3") as s3:
        bucket = Bucket(client=s3, name=str(proof["bucket"]), conn_id=run.environment.aws)
        if not bucket.head(str(proof["key"]), str(proof["version_id"])):
            raise BackupMissing(place)
        try:
            return bucket.fetch(str(proof["key"]), str(proof["version_id"]), target)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            free = shutil.disk_usage(target.parent).free
            raise NoRoomForBackup(target.parent, free, int(proof["bytes"])) from error
