import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests.steps.aws.bad_answers import each_bad_answer, meets
from tests.steps.aws.conftest import BACKUPS, Amazon
from tests.steps.world import killed_after

from slipway.environment import Environment
from slipway.run import Json
from slipway.sandbox.postgres import Postgres
from slipway.steps import (
    BackUpPostgres,
    BackUpPostgresToS3,
    RestorePostgres,
    RestorePostgresFromS3,
    s3_bucket,
)
from slipway.steps.faults import BackupDamaged, BackupMissing
from slipway.steps.faults.aws import KeptTooShort, UploadNotTaken
from slipway.steps.s3_bucket import Bucket
from slipway.testing import LocalRun
from slipway.vendor_faults import VendorBroken, VendorUnreachable

BACKUP = BackUpPostgresToS3(name="back_up_database", bucket=BACKUPS, prefix="maintenance-feature/")
RESTORE = RestorePostgresFromS3(name="restore_database", backup="back_up_database", keep_replaced=False)
DRILL = RestorePostgresFromS3(name="restore_drill", backup="back_up_database", drill=True)


@pytest.fixture
def backing(amazon: Amazon, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRun]:
    """The run of the backup step, with a database of three tasks."""
    folder = tmp_path / "backups"
    folder.mkdir()
    value = {"conn_type": "fs", "extra": {"path": str(folder)}}
    monkeypatch.setenv("AIRFLOW_CONN_BACKUPS", json.dumps(value))
    place = Environment(
        system="communityshare", name="production", database="db", backups="backups", aws="aws"
    )
    yield LocalRun(environment=place, task_id="production.back_up_database")
    assert list(folder.glob("*.from-s3")) == []


def count(server: Postgres, db: str) -> object:
    with server.connect(db) as session:
        return session.execute("SELECT count(*) FROM tasks").fetchone()


def rolling_back(backing: LocalRun, proof: dict[str, Json] | None = None) -> LocalRun:
    evidence = BACKUP.do(backing)
    if proof is not None:
        evidence = type(evidence)(proof={**evidence.proof, **proof})
    backing.evidences["production.back_up_database"] = evidence
    return backing.at("rollback.restore_database")


def test_the_backup_lies_in_the_bucket_with_its_checksum(amazon: Amazon, backing: LocalRun) -> None:
    proof = BACKUP.do(backing).proof
    assert proof["bucket"] == BACKUPS
    assert proof["key"].startswith("maintenance-feature/communityshare--production--test_plan--")
    assert proof["version_id"]
    assert proof["kept"] == "until a person removes it"
    assert len(proof["sha256"]) == 64


def test_a_second_try_sends_nothing_again(amazon: Amazon, backing: LocalRun) -> None:
    amazon.stand_in.trouble(match=f"PUT /{BACKUPS}", status=500, after=True)
    with pytest.raises(VendorBroken, match="PutObject s3://communityshare-backups/maintenance-feature/"):
        BACKUP.do(backing)
    assert BACKUP.do(backing).changed is False
    assert len(amazon.writes(f"/{BACKUPS}")) == 1


def test_a_large_backup_goes_in_parts_and_is_verified_whole(
    amazon: Amazon, backing: LocalRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(s3_bucket, "PART", 5 * 2**20)
    large = tmp_path / "large.dump"
    large.write_bytes(b"slipway" * 10**6)
    from slipway.steps.aws_api import client
    from slipway.steps.backup_file import checksum

    with client(backing, "s3") as s3:
        bucket = Bucket(client=s3, name=BACKUPS, conn_id="aws")
        bucket.send("large.dump", large, {})
        assert bucket.sha256("large.dump") == checksum(large)
    assert len([call for call in amazon.stand_in.calls if "partNumber" in call.path]) == 2


def test_what_s3_holds_must_be_what_was_sent(
    amazon: Amazon, backing: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bucket, "sha256", lambda bucket, key, version="": "0" * 64)
    with pytest.raises(UploadNotTaken, match="It does not count as a backup"):
        BACKUP.do(backing)


def test_a_rule_that_removes_it_too_early_is_refused(
    amazon: Amazon, backing: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = Bucket.head

    def expiring(bucket: Bucket, key: str, version: str = "") -> dict[str, Json]:
        at = format_datetime(datetime.now(UTC) + timedelta(days=7), usegmt=True)
        found = head(bucket, key, version)
        return found and {**found, "Expiration": f'expiry-date="{at}", rule-id="tidy"'}

    monkeypatch.setattr(Bucket, "head", expiring)
    with pytest.raises(KeptTooShort, match='lifecycle rule "tidy" removes it on'):
        BACKUP.do(backing)
    short = BackUpPostgresToS3(name="back_up_database", bucket=BACKUPS, keep_for=timedelta(days=5))
    assert str(short.do(backing).proof["kept"]).startswith("until 20")


def test_the_database_is_restored_from_the_bucket_even_without_the_local_file(
    amazon: Amazon, backing: LocalRun, db: str, server: Postgres
) -> None:
    back = rolling_back(backing)
    Path(str(backing.evidences["production.back_up_database"].proof["path"])).unlink()
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")
    evidence = RESTORE.do(back)
    assert count(server, db) == (3,)
    assert evidence.changed is True
    assert RESTORE.do(back).changed is False


def test_a_restore_that_is_killed_before_its_record_is_recognised(
    amazon: Amazon, backing: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = rolling_back(backing)
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")
    with killed_after(monkeypatch, RestorePostgres, "restore"):
        RESTORE.do(back)
    assert count(server, db) == (3,)
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")  # what happens since is not taken back by a second restore
    assert RESTORE.do(back).changed is False
    assert count(server, db) == (0,)


def test_what_a_killed_try_had_fetched_is_cleared_away_by_the_next(
    amazon: Amazon, backing: LocalRun, db: str, server: Postgres
) -> None:
    back = rolling_back(backing)
    dump = Path(str(backing.evidences["production.back_up_database"].proof["path"]))
    dump.with_name(f"{dump.name}.from-s3").write_bytes(b"half of it" * 2**20)
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")
    RESTORE.do(back)
    assert count(server, db) == (3,)


def test_a_download_that_breaks_off_leaves_no_file(amazon: Amazon, backing: LocalRun) -> None:
    back = rolling_back(backing)
    amazon.stand_in.trouble(match=f"GET /{BACKUPS}", half=True, times=-1)
    with pytest.raises(VendorUnreachable, match="GetObject s3://communityshare-backups/"):
        RESTORE.do(back)
    dump = Path(str(backing.evidences["production.back_up_database"].proof["path"]))
    assert not dump.with_name(f"{dump.name}.from-s3").exists()


def test_a_drill_restores_into_a_scratch_database(amazon: Amazon, backing: LocalRun) -> None:
    assert "can be restored: 1 tables, 3 rows" in DRILL.do(rolling_back(backing)).summary
    assert DRILL.undoing().how == "the scratch database is dropped again"


def test_a_damaged_backup_is_not_restored(
    amazon: Amazon, backing: LocalRun, db: str, server: Postgres
) -> None:
    back = rolling_back(backing, {"sha256": "f" * 64})
    with pytest.raises(BackupDamaged, match=r"s3://communityshare-backups/.* it is not restored"):
        RESTORE.do(back)
    assert count(server, db) == (3,)


def test_a_backup_that_is_not_in_the_bucket_is_said(amazon: Amazon, backing: LocalRun) -> None:
    with pytest.raises(BackupMissing, match="s3://communityshare-backups/gone"):
        RESTORE.do(rolling_back(backing, {"key": "gone", "version_id": ""}))
    backing.evidences["production.back_up_database"] = BackUpPostgres(name="back_up_database").do(backing)
    with pytest.raises(BackupMissing, match="keeps nothing in S3"):
        RESTORE.do(backing.at("rollback.restore_database"))


@each_bad_answer(without=["half an answer"])  # it has no body
def test_a_bad_answer_is_said_and_one_backup_is_sent(amazon: Amazon, backing: LocalRun, name: str) -> None:
    call = "Amazon S3: PutObject s3://communityshare-backups/maintenance-feature/"
    meets(amazon, name, f"PUT /{BACKUPS}", call, lambda: BACKUP.do(backing))
    BACKUP.do(backing)
    keys = amazon.state.bucket(BACKUPS).keys
    [dump] = [key for key in keys if key.endswith(".dump")]
    assert len(keys.getlist(dump)) == 1  # versions


@each_bad_answer(without=["broken when it was done"])  # it only reads
def test_a_bad_answer_to_a_restore_is_said_and_nothing_is_touched(
    amazon: Amazon, backing: LocalRun, server: Postgres, db: str, name: str
) -> None:
    release = rolling_back(backing)
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")
    meets(amazon, name, f"GET /{BACKUPS}", "Amazon S3: GetObject s3://", lambda: RESTORE.do(release))
    assert count(server, db) == (0,)
    RESTORE.do(release)
    assert count(server, db) == (3,)
