"""Capture a backup of a Heroku Postgres database."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import mebibytes
from slipway.steps.heroku_api import ask_data, database_of
from slipway.steps.heroku_transfers import BACKUP, see_to_its_end


@dataclass(frozen=True, kw_only=True)
class BackUpHerokuPostgres(Step):
    """Capture a backup, as `heroku pg:backups:capture` does, and see that it ended well and is not empty.

    :param app: the app's name on Heroku
    :param database: the name under which the database is attached to the app
    """

    app: str
    database: str = "DATABASE"
    leaves_nothing: str = "a backup changes nothing in the environment"

    kind: ClassVar[str] = "back_up_heroku_postgres"
    needs: ClassVar[tuple[str, ...]] = ("heroku", "heroku_data")
    backs_up: ClassVar[bool] = True

    def look(self, run: Run) -> str:
        """Look at the database."""
        return f"{self.database} of {self.app} is {database_of(run, self.app, self.database)[1]}"

    def do(self, run: Run) -> Evidence:
        """Capture it. Raises StillGoing meanwhile, DatabaseNotAttached and TransferFailed."""
        database, name = database_of(run, self.app, self.database)

        def capture() -> Json:
            run.log.info("Capturing a backup of %s (%s of %s)", name, self.database, self.app)
            return ask_data(run, "POST", f"/client/v11/databases/{database}/backups")

        backup = see_to_its_end(run, self.app, "backup", BACKUP, capture)
        proof = {
            "app": self.app,
            "backup": backup.name,
            "num": backup.num,
            "uuid": backup.uuid,
            "database": name,
            "bytes": backup.size,
            "taken_at": backup.finished_at,
        }
        summary = f"{backup.name} of {name}, {mebibytes(backup.size)}"
        run.log.info("Backed up: %s, finished at %s", summary, backup.finished_at)
        return Evidence(proof=proof, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave the backup where it is."""
        return Evidence(changed=False, summary=self.leaves_nothing)
