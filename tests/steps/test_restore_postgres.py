import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.steps.world import lines

from slipway.run import Evidence
from slipway.sandbox.postgres import Postgres
from slipway.steps import BackUpPostgres, RestorePostgres
from slipway.steps.faults import BackupDamaged, BackupMissing, RestoreFailed
from slipway.testing import LocalRun

RESTORE = RestorePostgres(name="restore_database", backup="back_up_database")
DRILL = RestorePostgres(name="restore_drill", backup="back_up_database", drill=True)


@pytest.fixture
def rolling_back(run: LocalRun, db: str) -> LocalRun:
    """The run of a rollback task, after a backup in production."""
    evidence = BackUpPostgres(name="back_up_database").do(run.at("production.back_up_database"))
    run.evidences["production.back_up_database"] = evidence
    return run.at("rollback.restore_database")


@pytest.fixture(autouse=True)
def _no_database_is_left_behind(server: Postgres) -> Iterator[None]:
    yield
    for name in replaced_databases(server):
        server.drop_database(name)
    assert [name for name in databases(server) if name.endswith(("_restored", "_drill"))] == []


def databases(server: Postgres) -> list[str]:
    with server.connect() as session:
        return [str(name) for (name,) in session.execute("SELECT datname FROM pg_database ORDER BY 1")]


def replaced_databases(server: Postgres) -> list[str]:
    return [name for name in databases(server) if "_replaced_" in name]


def schema_of(server: Postgres, db: str) -> list[tuple[object, ...]]:
    with server.connect(db) as session:
        return session.execute(
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3"
        ).fetchall()


def titles(server: Postgres, db: str) -> list[object]:
    with server.connect(db) as session:
        return [title for (title,) in session.execute("SELECT title FROM tasks ORDER BY id")]


def test_a_restore_gives_back_exactly_the_backup(rolling_back: LocalRun, db: str, server: Postgres) -> None:
    before = schema_of(server, db)
    with server.connect(db) as session:
        session.execute("ALTER TABLE tasks ADD COLUMN priority int")
        session.execute("CREATE TABLE since (task_id int REFERENCES tasks)")
        session.execute("CREATE SCHEMA extra CREATE TABLE extra.more (id int)")
        session.execute("DELETE FROM tasks WHERE title = 'two'")
    evidence = RESTORE.do(rolling_back)
    assert schema_of(server, db) == before
    assert titles(server, db) == ["one", "two", "three"]
    assert evidence.after["rows"] == {"public.tasks": 3}


def test_open_sessions_do_not_stop_a_restore(rolling_back: LocalRun, db: str, server: Postgres) -> None:
    with psycopg.connect(server.url(db)) as session:
        session.execute("DELETE FROM tasks")
        RESTORE.do(rolling_back)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert titles(server, db) == ["one", "two", "three"]


def test_a_second_try_after_the_swap_keeps_what_was_written_since(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    RESTORE.do(rolling_back)
    with server.connect(db) as session:
        session.execute("INSERT INTO tasks (title) VALUES ('after the restore')")
    assert RESTORE.do(rolling_back).changed is False
    assert titles(server, db)[-1] == "after the restore"


def test_a_restore_starts_anew_over_what_a_killed_try_left(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    server.ensure_database(f"{db}_restored")
    with server.connect(f"{db}_restored") as session:
        session.execute("CREATE TABLE tasks (half int)")
    RESTORE.do(rolling_back)
    assert titles(server, db) == ["one", "two", "three"]


def test_settings_and_rights_of_the_database_survive(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    with server.connect() as session:
        session.execute("DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        session.execute(f"ALTER DATABASE {db} SET statement_timeout = '7s'")
        session.execute(f"GRANT CREATE ON DATABASE {db} TO reader")
        session.execute(f"REVOKE CONNECT ON DATABASE {db} FROM PUBLIC")
    query = "SELECT datacl::text, datcollate, datlocale FROM pg_database WHERE datname = %s"
    with server.connect() as session:
        before = session.execute(query, [db]).fetchone()
    RESTORE.do(rolling_back)
    with server.connect(db) as session:
        assert session.execute("SHOW statement_timeout").fetchone() == ("7s",)
        assert session.execute("SELECT has_database_privilege('reader', %s, 'CREATE')", [db]).fetchone() == (
            True,
        )
        after = session.execute(query, [db]).fetchone()
    assert before
    assert after
    assert sorted(str(after[0]).strip("{}").split(",")) == sorted(str(before[0]).strip("{}").split(","))
    assert after[1:] == before[1:]


def test_what_was_written_since_the_backup_is_kept_and_log_and_proof_say_where(
    rolling_back: LocalRun, db: str, server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    with server.connect(db) as session:
        session.execute("INSERT INTO tasks (title) VALUES ('lost otherwise')")
    with caplog.at_level("INFO"):
        proof = RESTORE.do(rolling_back).proof
    [kept] = replaced_databases(server)
    assert re.fullmatch(rf"{db}_replaced_\d{{8}}_\d{{6}}", kept)
    assert titles(server, kept) == ["one", "two", "three", "lost otherwise"]
    assert proof["replaced_database"] == kept
    assert proof["drop_it_with"] == f'DROP DATABASE "{kept}"'
    assert f'is kept in the database "{kept}" until a person drops it' in lines(caplog.records)
    with server.connect() as session:
        session.execute(str(proof["drop_it_with"]).encode())
    assert replaced_databases(server) == []


def test_a_second_try_says_again_what_is_kept(rolling_back: LocalRun, db: str, server: Postgres) -> None:
    first = RESTORE.do(rolling_back)
    [kept] = replaced_databases(server)
    with server.connect() as session:  # as a try that was killed right after the swap leaves it
        session.execute(f"ALTER DATABASE {kept} WITH ALLOW_CONNECTIONS false".encode())
    assert RESTORE.do(rolling_back).proof == first.proof
    assert titles(server, kept) == ["one", "two", "three"]
    server.drop_database(kept)
    assert "replaced_database" not in RESTORE.do(rolling_back).proof


def test_another_restore_leaves_what_the_one_before_kept(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    with server.connect(db) as session:
        session.execute("INSERT INTO tasks (title) VALUES ('since the backup')")
    name = f"{db}_replaced_20260101_000000"
    first = rolling_back.at("rollback.restore_database")
    first.memory["replaced"] = name
    RESTORE.do(first)
    RestorePostgres(name="again", backup="back_up_database").do(rolling_back.at("rollback.again"))
    assert titles(server, name)[-1] == "since the backup"
    assert len(replaced_databases(server)) == 2


def test_the_replaced_database_is_dropped_where_the_plan_says_so(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    step = RestorePostgres(name="restore", backup="back_up_database", keep_replaced=False)
    assert "replaced_database" not in step.do(rolling_back).proof
    assert replaced_databases(server) == []


def test_a_damaged_backup_is_refused_and_the_database_left_alone(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    path = Path(rolling_back.evidences["production.back_up_database"].proof["path"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BackupDamaged, match="it is not restored"):
        RESTORE.do(rolling_back)
    assert titles(server, db) == ["one", "two", "three"]


def test_a_restore_that_fails_has_not_touched_the_database(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    known = rolling_back.evidences["production.back_up_database"]
    path = Path(known.proof["path"])
    path.write_text("not a dump")
    from slipway.steps.backup_file import checksum

    proof = {**known.proof, "sha256": checksum(path)}
    rolling_back.evidences["production.back_up_database"] = Evidence(proof=proof)
    with pytest.raises(RestoreFailed, match="The live database was not touched"):
        RESTORE.do(rolling_back)
    assert titles(server, db) == ["one", "two", "three"]
    server.drop_database(f"{db}_restored")


def test_a_backup_that_never_ran_is_named(run: LocalRun, db: str) -> None:
    with pytest.raises(BackupMissing, match=r"production\.back_up_database: no such backup"):
        RESTORE.do(run.at("rollback.restore_database"))
    with pytest.raises(BackupMissing, match=r"staging\.back_up_database"):
        RESTORE.do(run.at("staging.restore_drill"))


def test_a_drill_proves_the_backup_and_leaves_nothing(
    rolling_back: LocalRun, db: str, server: Postgres
) -> None:
    before = databases(server)
    with server.connect(db) as session:
        session.execute("DELETE FROM tasks")
    evidence = DRILL.do(rolling_back.at("production.restore_drill"))
    assert evidence.after["rows"] == {"public.tasks": 3}
    assert titles(server, db) == []
    assert databases(server) == before
    assert DRILL.undoing().undo == "nothing to undo"
    assert RESTORE.undoing().undo == "no undo"


def test_a_failed_drill_drops_its_database_too(
    rolling_back: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_DB"])
    proof = dict(rolling_back.evidences["production.back_up_database"].proof)
    Path(proof["path"]).write_bytes(b"PGDMP")
    from slipway.steps.backup_file import checksum

    proof["sha256"] = checksum(Path(proof["path"]))
    rolling_back.evidences["production.back_up_database"] = Evidence(proof=proof)
    with pytest.raises(RestoreFailed):
        DRILL.do(rolling_back)
    assert known["schema"] == db
