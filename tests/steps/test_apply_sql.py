import pytest
from tests.steps.world import World, killed_after

from slipway.run import Evidence
from slipway.sandbox.postgres import Postgres
from slipway.steps import ApplySql, Verification, apply_sql
from slipway.steps.faults import (
    ScriptChanged,
    ScriptEndsTransaction,
    ScriptFailed,
    ScriptMissing,
    WrongAnswer,
)
from slipway.testing import LocalRun

STEP = ApplySql(
    name="seed",
    script="sql/seed.sql",
    undo_script="sql/unseed.sql",
    verify=[
        Verification(title="two seeds", sql="SELECT count(*) FROM seeds", expected=2),
        Verification(
            title="by position",
            sql="SELECT position, pct FROM seeds ORDER BY 1",
            expected=[["QB", 5], ["RB", 10.5]],
        ),
    ],
)


@pytest.fixture(autouse=True)
def _scripts(world: World, db: str) -> None:
    world.release("v2")
    world.write(
        "sql/seed.sql",
        "-- seeds; COMMIT is only a word here\n"
        "CREATE TABLE seeds (position text, pct numeric);\n"
        "INSERT INTO seeds VALUES ('QB', 5), ('RB', 10.5);\n"
        "DO $$ BEGIN PERFORM 1; END $$;\n",
    )
    world.write("sql/unseed.sql", "DROP TABLE seeds;\n")


def tables(server: Postgres, db: str) -> list[object]:
    with server.connect(db) as session:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        return [row[0] for row in session.execute(query)]


def test_a_script_runs_once_and_its_undo_leaves_nothing(run: LocalRun, db: str, server: Postgres) -> None:
    evidence = STEP.do(run)
    assert tables(server, db) == ["seeds", "slipway_applied_scripts", "tasks"]
    assert evidence.before == {"applied": "", "release": "", "ledger": False, "deploys": "v2"}
    assert evidence.proof["verified"][0] == {"title": "two seeds", "answer": 2}
    again = STEP.do(run)
    assert again.before == evidence.before
    STEP.undo(run, evidence)
    assert tables(server, db) == ["tasks"]
    assert STEP.undo(run, evidence).changed is False


def test_a_crash_before_the_commit_leaves_nothing_and_one_after_it_is_recognised_and_undone(
    run: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, apply_sql, "execute_script"):
        STEP.do(run)
    assert tables(server, db) == ["tasks"]
    with killed_after(monkeypatch, apply_sql, "Evidence"):
        STEP.do(run)
    assert tables(server, db) == ["seeds", "slipway_applied_scripts", "tasks"]
    with monkeypatch.context() as patch:
        patch.setattr(apply_sql, "execute_script", None)  # nothing runs a second time
        evidence = STEP.do(run)
    assert (evidence.before["applied"], evidence.changed) == ("", True)
    undoing = run.at("rollback.undo_seed")
    for last_call in ("execute_script", "Evidence"):
        with killed_after(monkeypatch, apply_sql, last_call):
            STEP.undo(undoing, Evidence(before=run.memory["before"]))
    assert tables(server, db) == ["tasks"]
    assert STEP.undo(undoing, Evidence(before=run.memory["before"])).changed is False


def test_a_script_that_an_earlier_release_applied_is_neither_run_nor_undone(
    run: LocalRun, db: str, server: Postgres
) -> None:
    STEP.do(run)
    later = run.at("production.seed")
    later.release_id = "later"
    evidence = STEP.do(later)
    assert evidence.changed is False
    assert STEP.undo(later, evidence).summary == "it was not applied by this step"
    assert "seeds" in tables(server, db)


def test_a_changed_script_is_refused(run: LocalRun, world: World) -> None:
    STEP.do(run)
    world.write("sql/seed.sql", "SELECT 1;")
    with pytest.raises(ScriptChanged, match=r"sql/seed.sql: already applied by manual__2026"):
        STEP.do(run.at("production.seed"))


def test_a_failing_statement_takes_the_whole_script_back(
    run: LocalRun, world: World, db: str, server: Postgres
) -> None:
    world.write("sql/seed.sql", "CREATE TABLE seeds (pct int);\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(ScriptFailed, match=r'sql/seed.sql, line 3: relation "nowhere" does not exist'):
        STEP.do(run)
    assert tables(server, db) == ["tasks"]
    assert STEP.undo(run, Evidence(before=run.memory["before"])).summary == "it is not applied"


def test_a_wrong_answer_takes_the_whole_script_back(run: LocalRun, db: str, server: Postgres) -> None:
    wrong = Verification(title="three seeds", sql="SELECT count(*) FROM seeds", expected=3)
    with pytest.raises(WrongAnswer, match='"three seeds": expected 3, found 2'):
        ApplySql(name="seed", script="sql/seed.sql", verify=[wrong]).do(run)
    assert tables(server, db) == ["tasks"]


@pytest.mark.parametrize("end", ["COMMIT;", "rollback", "BEGIN;", "START  TRANSACTION;"])
def test_a_script_that_would_leave_its_transaction_is_refused(run: LocalRun, world: World, end: str) -> None:
    world.write("sql/seed.sql", f"SELECT 'a;b'; /* ; */\n{end}")
    with pytest.raises(ScriptEndsTransaction, match="runs in one transaction"):
        STEP.do(run)


def test_a_missing_script_is_named(run: LocalRun) -> None:
    with pytest.raises(ScriptMissing, match=r"v2/sql/none.sql: no such SQL script"):
        ApplySql(name="seed", script="sql/none.sql").do(run)


def test_a_script_without_an_undo_script_has_no_undo() -> None:
    assert ApplySql(name="seed", script="a.sql").undoing().undo == "no undo"
    assert STEP.undoing().how == "runs sql/unseed.sql in one transaction"
