"""A migration, and its undo, that are killed between what they do and its record."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from psycopg.errors import UndefinedTable
from tests.steps.azure.ef import FIRST, GOALS, SHARES, STEP, WITH_CLI, applied, ef_run, tables
from tests.steps.world import killed_after

from slipway.run import Evidence
from slipway.sandbox.postgres import Postgres
from slipway.steps import upgrade_ef
from slipway.steps.upgrade_ef import UpgradeEf
from slipway.testing import LocalRun

pytestmark = pytest.mark.usefixtures("scripts")


@pytest.fixture
def run() -> LocalRun:
    return ef_run()


def test_a_crash_before_the_commit_leaves_nothing_and_one_after_it_is_recognised(
    run: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, upgrade_ef, "execute_script"):
        STEP.do(run)
    assert applied(server, db) == [FIRST]
    with killed_after(monkeypatch, UpgradeEf, "_apply"):
        STEP.do(run)
    with monkeypatch.context() as patch:
        patch.setattr(upgrade_ef, "execute_script", None)  # nothing runs a second time
        evidence = STEP.do(run)
    assert (evidence.before["migration"], evidence.changed) == (FIRST, True)
    assert applied(server, db) == [FIRST, GOALS, SHARES]


def test_a_crash_is_undone_and_a_crash_of_the_undo_takes_nothing_back_twice(
    run: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(server, db)
    with killed_after(monkeypatch, UpgradeEf, "_apply"):
        STEP.do(run)
    undoing, evidence = run.at("rollback.undo_migrate"), Evidence(before=run.memory["before"])
    with killed_after(monkeypatch, upgrade_ef, "execute_script"):
        STEP.undo(undoing, evidence)
    assert applied(server, db) == [FIRST, GOALS, SHARES]
    with killed_after(monkeypatch, UpgradeEf, "_go_back"):
        STEP.undo(undoing, evidence)
    assert STEP.undo(undoing, evidence).changed is False
    assert (tables(server, db), applied(server, db)) == (before, [FIRST])


def test_two_undos_at_once_take_the_schema_back_once(
    run: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = STEP.do(run)
    read = upgrade_ef.read_script

    def meanwhile(folder: Path, script: str) -> str:
        monkeypatch.setattr(upgrade_ef, "read_script", read)
        STEP.undo(run.at("rollback.undo_migrate"), evidence)  # by a try that was taken for dead
        return read(folder, script)

    monkeypatch.setattr(upgrade_ef, "read_script", meanwhile)
    assert STEP.undo(run.at("rollback.undo_migrate"), evidence).after["migration"] == FIRST
    assert applied(server, db) == [FIRST]


def test_an_undo_waits_for_a_migration_that_a_try_taken_for_dead_still_runs(
    run: LocalRun, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, at_work, on = upgrade_ef.execute_script, threading.Event(), threading.Event()

    def slow(session: Any, script: str, text: str) -> None:
        execute(session, script, text)
        if script == "migrations/v1.2.0.sql":
            at_work.set()
            on.wait(10)

    monkeypatch.setattr(upgrade_ef, "execute_script", slow)
    with ThreadPoolExecutor() as pool:
        migrating = pool.submit(STEP.do, run)
        assert at_work.wait(10)
        undoing = pool.submit(
            STEP.undo, run.at("rollback.undo_migrate"), Evidence(before=run.memory["before"])
        )
        with pytest.raises(TimeoutError):
            undoing.result(timeout=0.3)
        on.set()
        # Its last look may come after the undo; nothing else may have gone wrong.
        assert isinstance(migrating.exception(timeout=10), NoneType | UndefinedTable)
        assert undoing.result(timeout=10).summary == f"{SHARES} -> {FIRST}"
    assert applied(server, db) == [FIRST]


def test_a_crash_after_dotnet_ef_runs_nothing_twice(
    run: LocalRun, dotnet: Path, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, upgrade_ef, "run_program"):
        WITH_CLI.do(run)
    assert WITH_CLI.do(run).before["migration"] == FIRST
    undoing, evidence = run.at("rollback.undo_migrate"), Evidence(before=run.memory["before"])
    with killed_after(monkeypatch, upgrade_ef, "run_program"):
        WITH_CLI.undo(undoing, evidence)
    assert WITH_CLI.undo(undoing, evidence).changed is False
    assert dotnet.read_text().splitlines() == ["ef database update AddShares", f"ef database update {FIRST}"]
    assert applied(server, db) == [FIRST]


@pytest.mark.parametrize("then", ["goes on", "is undone"])
def test_dotnet_ef_that_was_killed_half_way_goes_on_or_is_undone(
    run: LocalRun, dotnet: Path, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    update = UpgradeEf._update
    with monkeypatch.context() as patch:
        patch.setattr(UpgradeEf, "_update", lambda step, run, _: update(step, run, "AddGoals"))
        with killed_after(monkeypatch, upgrade_ef, "run_program"):
            WITH_CLI.do(run)
    assert applied(server, db) == [FIRST, GOALS]
    if then == "goes on":
        assert WITH_CLI.do(run).summary == f"{FIRST} -> {SHARES}"
        assert applied(server, db) == [FIRST, GOALS, SHARES]
    WITH_CLI.undo(run.at("rollback.undo_migrate"), Evidence(before=run.memory["before"]))
    assert applied(server, db) == [FIRST]
