from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.heroku_world import HerokuWorld, through

from slipway.run import Evidence
from slipway.steps import BackUpHerokuPostgres, RestoreHerokuPostgres
from slipway.steps.faults import BackupMissing
from slipway.steps.faults.heroku import BackupGone, DatabaseNotAttached, TransferFailed
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, NotThere, VendorBroken

BACK_UP = BackUpHerokuPostgres(name="back_up_database", app="the5hc")
RESTORE = RestoreHerokuPostgres(name="restore_database", app="the5hc", backup="back_up_database")


class Database:
    """A database that can be dumped and loaded."""

    def __init__(self) -> None:
        self.rows = b"rows before"

    def load(self, app: str, dump: bytes) -> None:
        self.rows = dump


@pytest.fixture
def database(heroku: HerokuWorld) -> Database:
    made = Database()
    heroku.state.capture = lambda app: made.rows
    heroku.state.restore = made.load
    return made


@pytest.fixture
def rolling_back(release: LocalRun, heroku: HerokuWorld, database: Database) -> LocalRun:
    """A release that took its backup and now rolls back."""
    evidence = through(BACK_UP.do, release.at("production.back_up_database"))
    release.evidences["production.back_up_database"] = evidence
    database.rows = b"rows that the migration spoiled"
    return release.at("rollback.restore_database")


def failing(why: str) -> Callable[[str], bytes]:
    """Return a capture that fails."""

    def fail(app: str) -> bytes:
        raise OSError(why)

    return fail


def captured(heroku: HerokuWorld) -> int:
    return sum(transfer["to_type"] == "gof3r" for transfer in heroku.app.transfers)


def test_a_backup_is_captured_and_seen_to_its_end(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    with pytest.raises(StillGoing, match="the5hc: the backup"):
        BACK_UP.do(release)
    evidence = through(BACK_UP.do, release)
    assert evidence.proof["backup"] == "b001"
    assert evidence.proof["bytes"] == 11
    assert evidence.proof["database"] == "postgresql-the5hc"
    assert BACK_UP.do(release) == evidence
    assert captured(heroku) == 1
    assert BACK_UP.undo(release, evidence).changed is False


def test_a_capture_whose_answer_was_lost_is_not_begun_twice(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    heroku.stand_in.trouble(match="POST /client/v11", status=500, after=True)
    with pytest.raises(VendorBroken, match="Heroku Postgres: POST /client/v11/databases/"):
        BACK_UP.do(release)
    through(BACK_UP.do, release)
    assert captured(heroku) == 1


def test_a_capture_that_heroku_does_not_list_yet_is_not_begun_twice(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    with pytest.raises(StillGoing):
        BACK_UP.do(release)
    [ours] = heroku.app.transfers
    heroku.app.transfers.clear()
    with pytest.raises(StillGoing):
        BACK_UP.do(release)
    assert captured(heroku) == 0
    other = {**ours, "uuid": "scheduled", "schedule": {"name": "nightly"}}
    heroku.app.transfers.append(other)
    with pytest.raises(StillGoing):
        BACK_UP.do(release)
    assert captured(heroku) == 1
    heroku.app.transfers[:] = [ours]
    assert through(BACK_UP.do, release).proof["backup"] == "b001"
    assert captured(heroku) == 1


def test_a_capture_that_never_appears_is_begun_again(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    with pytest.raises(StillGoing):
        BACK_UP.do(release)
    heroku.app.transfers.clear()
    release.memory["backup.begun.0"]["at"] -= 301
    assert through(BACK_UP.do, release).proof["backup"] == "b001"
    assert "backup.begun.1" in release.memory


def test_a_capture_that_failed_and_was_deleted_is_begun_again(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    heroku.state.capture = failing("the disk is full")
    with pytest.raises(TransferFailed):
        through(BACK_UP.do, release)
    heroku.app.transfers.clear()
    heroku.state.capture = lambda app: database.rows
    through(BACK_UP.do, release)
    assert "backup.begun.1" in release.memory


def test_a_backup_that_fails_is_said_once_and_another_try_takes_a_new_one(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    heroku.state.capture = failing("pg_dump: could not lock table scores")
    with pytest.raises(TransferFailed, match=r"the backup b001 failed: pg_dump: could not lock table scores"):
        through(BACK_UP.do, release)
    heroku.state.capture = lambda app: database.rows
    assert through(BACK_UP.do, release).proof["backup"] == "b002"


def test_an_empty_backup_does_not_count(release: LocalRun, heroku: HerokuWorld, database: Database) -> None:
    database.rows = b""
    with pytest.raises(TransferFailed, match="it is empty"):
        through(BACK_UP.do, release)


def test_a_scheduled_backup_is_not_taken_for_ours(
    release: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    with pytest.raises(StillGoing):
        BACK_UP.do(release)
    heroku.app.transfers[0]["schedule"] = {"uuid": "daily"}
    assert through(BACK_UP.do, release).proof["backup"] == "b002"


def test_a_database_that_is_not_attached_is_said(release: LocalRun, heroku: HerokuWorld) -> None:
    step = BackUpHerokuPostgres(name="b", app="the5hc", database="REPLICA")
    with pytest.raises(DatabaseNotAttached, match=r'no database "REPLICA" is attached\. It has DATABASE'):
        step.do(release)
    with pytest.raises(NotThere, match="Couldn't find that app"):
        BackUpHerokuPostgres(name="b", app="the5hd").do(release)
    heroku.stand_in.trouble(match="GET /client", status=403)
    with pytest.raises(AccessRefused, match="add it to the app"):
        BACK_UP.do(release)


def test_a_restore_brings_the_rows_back_and_keeps_the_others(
    rolling_back: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    evidence = through(RESTORE.do, rolling_back)
    assert database.rows == b"rows before"
    assert evidence.proof == {"backup": "b001", "restore": "r003", "replaced": "b002"}
    assert b"rows that the migration spoiled" in heroku.app.dumps.values()
    database.rows = b"written since"
    assert RESTORE.do(rolling_back) == evidence
    assert database.rows == b"written since"
    assert RESTORE.undo(rolling_back, evidence).changed is False


def test_a_restore_whose_answer_was_lost_is_not_begun_twice(
    rolling_back: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    step = RestoreHerokuPostgres(
        name="restore", app="the5hc", backup="production.back_up_database", keep_replaced=False
    )
    heroku.stand_in.trouble(match="POST /client/v11", status=500, after=True)
    with pytest.raises(VendorBroken):
        step.do(rolling_back)
    assert through(step.do, rolling_back).proof["replaced"] == ""
    assert [transfer["to_type"] for transfer in heroku.app.transfers] == ["gof3r", "pg_restore"]


def test_a_restore_that_fails_is_said(rolling_back: LocalRun, heroku: HerokuWorld) -> None:
    def broken(app: str, dump: bytes) -> None:
        raise OSError("pg_restore: role does not exist")

    heroku.state.restore = broken
    with pytest.raises(TransferFailed, match=r"the restore r003 failed: pg_restore: role does not exist"):
        through(RESTORE.do, rolling_back)


def test_a_backup_that_is_gone_or_another_is_refused(
    rolling_back: LocalRun, heroku: HerokuWorld, database: Database
) -> None:
    heroku.app.transfers[0]["uuid"] = "another"
    with pytest.raises(BackupGone, match=r"not the one that this release took. The database was not touched"):
        RESTORE.do(rolling_back)
    heroku.app.transfers.clear()
    with pytest.raises(BackupGone, match="does not have it any more"):
        RESTORE.do(rolling_back)
    assert database.rows == b"rows that the migration spoiled"


def test_a_restore_without_a_backup_step_is_refused(release: LocalRun, heroku: HerokuWorld) -> None:
    with pytest.raises(BackupMissing):
        RESTORE.do(release.at("rollback.restore_database"))
    assert BACK_UP.backs_up
    assert BACK_UP.undo(release, Evidence()).changed is False


def test_the_doctor_is_told_which_database_it_is(release: LocalRun, heroku: HerokuWorld) -> None:
    for step in (BACK_UP, RESTORE):
        assert step.look(release).startswith("DATABASE of the5hc is ")
    with pytest.raises(DatabaseNotAttached):
        replace(BACK_UP, database="GONE").look(release)


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_one_backup_is_captured(
    release: LocalRun, heroku: HerokuWorld, database: Database, bad: Bad
) -> None:
    call = "Heroku Postgres: POST /client/v11/databases/"
    meets(heroku.stand_in, bad, "POST /client/v11", call, lambda: BACK_UP.do(release))
    through(BACK_UP.do, release)
    assert captured(heroku) == 1


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_one_backup_is_restored(
    rolling_back: LocalRun, heroku: HerokuWorld, database: Database, bad: Bad
) -> None:
    step = replace(RESTORE, keep_replaced=False)
    call = "Heroku Postgres: POST /client/v11/databases/"
    meets(heroku.stand_in, bad, "POST /client/v11", call, lambda: step.do(rolling_back))
    through(step.do, rolling_back)
    assert database.rows == b"rows before"
    assert [transfer["to_type"] for transfer in heroku.app.transfers] == ["gof3r", "pg_restore"]
