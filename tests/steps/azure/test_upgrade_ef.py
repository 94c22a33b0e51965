from dataclasses import replace
from pathlib import Path

import pytest
from tests.steps.azure.ef import (
    FIRST,
    GOALS,
    HISTORY,
    SHARES,
    STEP,
    WITH_CLI,
    applied,
    back,
    ef_run,
    guarded,
    tables,
)

from slipway.run import Evidence
from slipway.sandbox.postgres import Postgres
from slipway.steps import Verification
from slipway.steps.faults import (
    RevisionNotOnPath,
    ScriptEndsTransaction,
    ScriptFailed,
    ScriptMissing,
    WrongAnswer,
)
from slipway.steps.faults.azure import EfUpdateFailed, MigrationNotReached
from slipway.testing import LocalRun

pytestmark = pytest.mark.usefixtures("scripts")


@pytest.fixture
def run() -> LocalRun:
    return ef_run()


def test_the_schema_goes_to_the_migration_and_exactly_back(run: LocalRun, db: str, server: Postgres) -> None:
    before = tables(server, db)
    evidence = STEP.do(run)
    assert evidence.before == {"migration": FIRST, "deploys": "v1.2.0"}
    assert (evidence.after, evidence.summary) == ({"migration": SHARES}, f"{FIRST} -> {SHARES}")
    assert evidence.proof == {"verified": [{"title": "no goals yet", "answer": 0}]}
    assert STEP.do(run).before == evidence.before
    undo = run.at("rollback.undo_migrate")
    assert STEP.undo(undo, evidence).summary == f"{SHARES} -> {FIRST}"
    assert (tables(server, db), applied(server, db)) == (before, [FIRST])
    assert STEP.undo(undo, evidence).changed is False
    STEP.do(run)
    assert applied(server, db) == [FIRST, GOALS, SHARES]


def test_a_straight_way_back_is_taken_where_there_is_one(
    run: LocalRun, scripts: Path, db: str, server: Postgres
) -> None:
    evidence = STEP.do(run)
    both = back(SHARES, "DROP TABLE shares") + back(GOALS, "DROP TABLE goals")
    (scripts / "down" / f"{SHARES}_to_{FIRST}.sql").write_text(both)
    (scripts / "down" / f"{SHARES}_to_{GOALS}.sql").unlink()
    STEP.undo(run, evidence)
    assert applied(server, db) == [FIRST]


def test_a_failure_half_way_leaves_nothing_applied(
    run: LocalRun, scripts: Path, db: str, server: Postgres
) -> None:
    before = tables(server, db)
    broken = guarded(GOALS, "CREATE TABLE goals (id int)") + guarded(SHARES, "ALTER TABLE nope ADD a int")
    (scripts / "v1.2.0.sql").write_text(broken)
    with pytest.raises(ScriptFailed, match=r'migrations/v1.2.0.sql.*relation "nope" does not exist'):
        STEP.do(run)
    assert (tables(server, db), applied(server, db)) == (before, [FIRST])
    undone = STEP.undo(run.at("rollback.undo"), Evidence(before=run.memory["before"]))
    assert undone.changed is False


def test_a_wrong_answer_takes_the_migration_back(run: LocalRun, db: str, server: Postgres) -> None:
    wrong = Verification(title="one goal", sql="SELECT count(*) FROM goals", expected=1)
    with pytest.raises(WrongAnswer, match='"one goal": expected 1, found 0'):
        replace(STEP, verify=[wrong]).do(run)
    assert applied(server, db) == [FIRST]


def test_a_script_that_ends_elsewhere_is_taken_back(run: LocalRun, db: str, server: Postgres) -> None:
    with pytest.raises(MigrationNotReached, match=rf"would be {SHARES} and not AddGoals. Nothing was kept"):
        replace(STEP, to="AddGoals").do(run)
    assert applied(server, db) == [FIRST]


def test_a_second_try_after_the_commit_finds_it_done(run: LocalRun, db: str, server: Postgres) -> None:
    STEP.do(run)
    lost = replace(STEP, script="migrations/none.sql")  # nothing is read, so nothing is run
    assert lost.do(run).before["migration"] == FIRST
    undone = STEP.undo(run.at("rollback.undo"), Evidence(before=run.memory["before"]))
    assert undone.summary == f"{SHARES} -> {FIRST}"


def test_a_schema_that_somebody_moved_on_is_not_touched(run: LocalRun, db: str, server: Postgres) -> None:
    evidence = STEP.do(run)
    with server.connect(db) as session:
        session.execute(f"INSERT INTO {HISTORY} VALUES ('20260101000000_Later', '8.0.1')")
    with pytest.raises(RevisionNotOnPath, match="the schema is at 20260101000000_Later"):
        STEP.undo(run, evidence)
    with pytest.raises(RevisionNotOnPath):
        STEP.do(run)


def test_an_undo_of_what_was_never_begun_changes_nothing(run: LocalRun) -> None:
    assert STEP.undo(run, Evidence()).summary == "the migration was never begun"


def test_scripts_that_are_not_there_or_end_the_transaction_are_named(run: LocalRun, scripts: Path) -> None:
    (scripts / "v1.2.0.sql").write_text("START TRANSACTION; SELECT 1; COMMIT;")
    with pytest.raises(ScriptEndsTransaction, match="holds START TRANSACTION"):
        STEP.do(run)
    run.version = "v9"
    with pytest.raises(ScriptMissing, match=r"v9.sql: no such SQL script"):
        STEP.do(run)


def test_a_way_back_that_is_missing_takes_nothing_back(
    run: LocalRun, scripts: Path, db: str, server: Postgres
) -> None:
    evidence = STEP.do(run)
    (scripts / "down" / f"{GOALS}_to_{FIRST}.sql").unlink()
    with pytest.raises(ScriptMissing, match=rf"{GOALS}_to_{FIRST}.sql"):
        STEP.undo(run, evidence)
    assert applied(server, db) == [FIRST, GOALS, SHARES]


def test_dotnet_ef_is_used_where_it_is_installed(
    run: LocalRun, dotnet: Path, db: str, server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    evidence = WITH_CLI.do(run)
    WITH_CLI.undo(run, evidence)
    assert dotnet.read_text().splitlines() == ["ef database update AddShares", f"ef database update {FIRST}"]
    assert applied(server, db) == [FIRST]
    assert "Password is ***" in caplog.text
    assert server.password not in caplog.text


def test_dotnet_ef_that_fails_says_where_the_schema_stands(run: LocalRun, dotnet: Path, db: str) -> None:
    dotnet.with_name("dotnet.log.broken").touch()
    with pytest.raises(EfUpdateFailed, match=rf"42P01.*The last migration applied is {FIRST}"):
        WITH_CLI.do(run)


def test_the_script_is_used_where_the_project_is_not(
    run: LocalRun, dotnet: Path, db: str, server: Postgres
) -> None:
    replace(WITH_CLI, project="elsewhere").do(run)
    assert (applied(server, db)[-1], dotnet.exists()) == (SHARES, False)
