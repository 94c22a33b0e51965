"""Restore a Heroku Postgres database from a backup of this release."""

from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.backup_proof import proof_of
from slipway.steps.faults.heroku import BackupGone
from slipway.steps.heroku_api import ask_data, database_of
from slipway.steps.heroku_transfers import BACKUP, RESTORE, Transfer, see_to_its_end, transfers


@dataclass(frozen=True, kw_only=True)
class RestoreHerokuPostgres(Step):
    """Bring a database back to a backup of this release, as `heroku pg:backups:restore` does.

    What was written since the backup is lost from the database. It is captured in a backup of its own
    first, whose name stands in log and proof.

    :param app: the app's name on Heroku
    :param backup: the name of the backup step; of the same phase, or of production in a rollback. Or a
        whole task id, e.g. "staging.back_up_database"
    :param database: the name under which the database is attached to the app
    :param keep_replaced: whether the present state is captured first
    """

    app: str
    backup: str
    database: str = "DATABASE"
    keep_replaced: bool = True

    kind: ClassVar[str] = "restore_heroku_postgres"
    needs: ClassVar[tuple[str, ...]] = ("heroku", "heroku_data")

    def look(self, run: Run) -> str:
        """Look at the database."""
        return f"{self.database} of {self.app} is {database_of(run, self.app, self.database)[1]}"

    def do(self, run: Run) -> Evidence:
        """Restore it. Raises StillGoing meanwhile.

        Raises BackupMissing, BackupGone, DatabaseNotAttached and TransferFailed.
        """
        proof = proof_of(run, self.backup, holds="uuid")
        backup = self._intact(run, proof)
        database, name = database_of(run, self.app, self.database)
        before = run.remember("before", lambda: {"database": name})
        replaced = self._capture(run, database) if self.keep_replaced else ""

        def restore() -> Json:
            run.log.info("Restoring %s of %s from %s", name, self.app, backup.name)
            path = f"/client/v11/databases/{database}/restores"
            return ask_data(run, "POST", path, json={"backup_url": backup.url})

        restored = see_to_its_end(run, self.app, "restore", RESTORE, restore)
        facts = {"backup": backup.name, "restore": restored.name, "replaced": replaced}
        summary = f"{name} of {self.app} as of {proof['taken_at']}, from {backup.name}"
        run.log.info("Restored %s", summary)
        return Evidence(before=before, after={"backup": backup.name}, proof=facts, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the restored database: what it replaced is what the rollback wanted to be rid of."""
        return Evidence(before=evidence.before, changed=False, summary="a restore is not undone")

    def _intact(self, run: Run, proof: dict[str, Any]) -> Transfer:
        name, app = str(proof["backup"]), str(proof["app"])
        found = next((each for each in transfers(run, app) if each.num == proof["num"]), None)
        if found is None:
            raise BackupGone(app, name, "Heroku does not have it any more")
        if found.uuid != proof["uuid"] or found.size != proof["bytes"]:
            raise BackupGone(app, name, "it is not the one that this release took")
        return found

    def _capture(self, run: Run, database: str) -> str:
        def capture() -> Json:
            run.log.info("Capturing what %s holds now, before it is replaced", self.app)
            return ask_data(run, "POST", f"/client/v11/databases/{database}/backups")

        known = run.recall("kept")
        if known is None:
            kept = see_to_its_end(run, self.app, "replaced", BACKUP, capture)
            known = run.remember("kept", lambda: kept.name)
            run.log.info("What was written since the backup is kept in %s", known)
        return str(known)
