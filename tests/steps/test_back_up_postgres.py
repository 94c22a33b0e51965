import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.steps.world import World, free_port, lines

from slipway.errors import MissingConnection
from slipway.sandbox.postgres import Postgres
from slipway.steps import BackUpPostgres
from slipway.steps.backup_file import checksum
from slipway.steps.faults import (
    BackupEmpty,
    DatabaseRefused,
    DatabaseUnreachable,
    FolderNotGiven,
    NoPostgresTools,
    NoRoomForBackup,
)
from slipway.steps.postgres_tools import major, program
from slipway.testing import LocalRun

STEP = BackUpPostgres(name="back_up_database")


@pytest.fixture
def small_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A backups folder on a disk of 256 KiB."""
    folder = world.root / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    monkeypatch.setenv(
        "AIRFLOW_CONN_BACKUPS", json.dumps({"conn_type": "fs", "extra": {"path": str(folder)}})
    )
    yield folder
    subprocess.run(["umount", folder], check=True)


def change(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_DB"])
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(known | values))


def test_a_backup_is_verified_and_leaves_no_part_behind(run: LocalRun, db: str, world: World) -> None:
    evidence = STEP.do(run)
    dump = Path(evidence.proof["path"])
    assert dump.name == (
        "planner--production--test_plan--manual__2026-01-01T00-00-00-00-00--back_up_database.dump"
    )
    assert evidence.proof["tables"] == 1
    assert evidence.proof["bytes"] == dump.stat().st_size > 0
    assert evidence.proof["sha256"] == checksum(dump)
    assert sorted(path.suffix for path in world.backups.iterdir()) == [".dump", ".json"]


def test_a_second_try_reuses_the_verified_backup(run: LocalRun, db: str) -> None:
    first = STEP.do(run)
    written = Path(first.proof["path"]).stat().st_mtime_ns
    second = STEP.do(run)
    assert Path(first.proof["path"]).stat().st_mtime_ns == written
    assert second.proof == first.proof
    assert second.changed is False


def test_a_backup_that_was_damaged_between_two_tries_is_taken_anew(run: LocalRun, db: str) -> None:
    dump = Path(STEP.do(run).proof["path"])
    dump.write_bytes(b"damaged")
    evidence = STEP.do(run)
    assert evidence.changed
    assert evidence.proof["sha256"] == checksum(dump)


def test_a_dump_without_its_note_was_not_finished_and_is_taken_anew(run: LocalRun, db: str) -> None:
    dump = Path(STEP.do(run).proof["path"])
    dump.with_suffix(".dump.json").unlink()
    dump.with_suffix(".dump.part").write_text("what a killed try left")
    assert STEP.do(run).changed
    assert not dump.with_suffix(".dump.part").exists()


def aged(dump: Path, hours: float) -> Path:
    """Make a backup that old."""
    taken_at = time.time() - hours * 3600
    os.utime(dump, (taken_at, taken_at))
    return dump


def take(run: LocalRun, release: str, *, hours: float = 0, keep: int = 100, name: str = STEP.name) -> Path:
    """Take a backup in a release, `hours` ago."""
    run.release_id = release
    return aged(Path(BackUpPostgres(name=name, keep=keep).do(run).proof["path"]), hours)


def releases_with_backups(world: World) -> list[str]:
    return sorted(path.name.split("--")[3] for path in world.backups.glob("planner--production--*.dump"))


def test_only_the_newest_backups_of_the_plan_in_the_environment_stay(
    run: LocalRun, db: str, world: World
) -> None:
    for number in range(4):
        take(run, f"release_{number}", hours=100 - number)
    take(run, "release_4", keep=2)
    assert releases_with_backups(world) == ["release_3", "release_4"]
    assert len(list(world.backups.glob("*.dump.json"))) == 2


def test_a_backup_younger_than_a_day_stays(run: LocalRun, db: str, world: World) -> None:
    take(run, "of_two_days_ago", hours=48)
    take(run, "of_yesterday", hours=25)
    take(run, "of_today", hours=23)
    take(run, "now", keep=1)
    assert releases_with_backups(world) == ["now", "of_today"]


@pytest.mark.parametrize(
    "name",
    [
        "planner--staging--test_plan--release_0--back_up_database.dump",
        "planner--production--other_plan--release_0--back_up_database.dump",
        "planner--production--test_plan_two--release_0--back_up_database.dump",
        "calibration--production--test_plan--release_0--back_up_database.dump",
    ],
)
def test_backups_of_another_plan_or_environment_stay(run: LocalRun, db: str, world: World, name: str) -> None:
    foreign = world.backups / name
    foreign.touch()
    aged(foreign, hours=1000)
    take(run, "now", keep=1)
    assert foreign.exists()


def test_a_plan_whose_name_is_written_alike_keeps_its_backups(run: LocalRun, db: str, world: World) -> None:
    run.plan_name = "test plan"
    theirs = take(run, "release_0", hours=1000)
    run.plan_name = "test-plan"
    ours = take(run, "release_1", hours=1000)
    take(run, "release_2", keep=1)
    assert theirs.exists()
    assert not ours.exists()


def test_this_releases_own_backups_always_stay(run: LocalRun, db: str, world: World) -> None:
    for name in ("before_schema", "before_data", "before_flags"):
        take(run, "one", name=name, hours=1000, keep=1)
    assert len(list(world.backups.glob("*.dump"))) == 3


def test_a_full_disk_is_found_before_the_dump(run: LocalRun, db: str, small_disk: Path) -> None:
    with pytest.raises(NoRoomForBackup, match=r"the disk is too full for the backup, 0\.2 MiB free"):
        STEP.do(run)
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_during_the_dump_is_named_and_cleaned(
    run: LocalRun, db: str, server: Postgres, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect(db) as session:  # what does not compress
        session.execute("CREATE TABLE noise AS SELECT gen_random_uuid() FROM generate_series(1, 40000)")
    monkeypatch.setattr("slipway.steps.back_up_postgres._see_that_there_is_room", lambda *_: None)
    with pytest.raises(NoRoomForBackup, match="the disk is too full"):
        STEP.do(run)
    assert list(small_disk.iterdir()) == []


def test_a_database_without_tables_is_no_backup(
    run: LocalRun, db: str, server: Postgres, world: World
) -> None:
    with server.connect(db) as session:
        session.execute("DROP TABLE tasks")
    with pytest.raises(BackupEmpty, match="has no tables"):
        STEP.do(run)
    assert list(world.backups.iterdir()) == []


def test_a_wrong_password_is_said_in_one_line_without_it(
    run: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, password="wrong-password")
    with pytest.raises(DatabaseRefused) as refused:
        STEP.do(run)
    assert 'password authentication failed for user "postgres"' in str(refused.value)
    assert "Correct login, password or database" in str(refused.value)
    assert "wrong-password" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_database_that_does_not_exist_is_said(
    run: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, schema="no_such_database")
    with pytest.raises(DatabaseRefused, match='database "no_such_database" does not exist'):
        STEP.do(run)


def test_an_unreachable_host_is_said_in_one_line(
    run: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, port=free_port())
    with pytest.raises(DatabaseUnreachable, match=r"Connection refused\. See that PostgreSQL runs"):
        STEP.do(run)


def test_a_missing_connection_is_named_with_how_to_add_it(run: LocalRun) -> None:
    with pytest.raises(MissingConnection, match="airflow connections add db"):
        STEP.do(run)


def test_a_backups_folder_that_is_not_there_is_named(
    run: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BACKUPS", '{"conn_type": "fs", "extra": {"path": "/no/such/folder"}}')
    with pytest.raises(FolderNotGiven, match="its path /no/such/folder is no folder"):
        STEP.do(run)


def test_the_password_is_in_no_log_line(
    run: LocalRun, db: str, server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        STEP.do(run)
    assert "Backed up and verified" in lines(caplog.records)
    assert server.password not in lines(caplog.records)


def test_the_tools_are_never_older_than_the_server() -> None:
    assert major(program("pg_dump", 18)) >= 18
    with pytest.raises(NoPostgresTools, match=r"the server is PostgreSQL 99, and this worker has .*18"):
        program("pg_dump", 99)


def test_a_backup_leaves_nothing_to_undo() -> None:
    assert STEP.undoing().undo == "nothing to undo"
