import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests import toy
from tests.ledger.records import record, rolled_back
from tests.report.releases import RELEASES

from slipway.airflow.flow import RollbackStartOperator
from slipway.compile import compile_plan
from slipway.errors import MissingConnection
from slipway.ledger.errors import (
    LedgerIsEmpty,
    LedgerIsNewer,
    NoSuchRelease,
    RecordDiffers,
    SomethingNewerIsLive,
)
from slipway.ledger.store import Ledger
from slipway.record import ReleaseRecord, from_json, to_json
from slipway.report.markdown import markdown
from slipway.words import Outcome

PRODUCTION = "planner production"
UNFINISHED = [Outcome.HELD, Outcome.ROLLBACK_FAILED]


def write(ledger: Ledger, *records: ReleaseRecord) -> None:
    for each in records:
        ledger.write(each)


def ids(records: Sequence[ReleaseRecord]) -> list[str]:
    return [each.release_id for each in records]


def last(ledger: Ledger) -> str | None:
    found = ledger.last_released("planner", PRODUCTION)
    return found and found.release_id


def test_a_record_comes_back_as_it_was_written(ledger: Ledger) -> None:
    written = record("one")
    ledger.write(written)
    read = ledger.record("planner", "one")
    assert read == from_json(to_json(written))
    assert read.digest == written.digest
    assert to_json(read) == to_json(written)
    [step] = read.steps
    assert step.evidence is not None
    assert step.evidence.before["version"] == "v1"
    assert step.took == timedelta(seconds=9, microseconds=250)


def test_writing_the_same_record_twice_is_harmless(ledger: Ledger) -> None:
    write(ledger, record("one"), record("one"))
    assert ids(ledger.releases("planner")) == ["one"]


def test_another_record_of_the_same_release_is_refused_and_the_first_one_stays(ledger: Ledger) -> None:
    ledger.write(record("one"))
    with pytest.raises(RecordDiffers, match=r'release "one" of plan "planner".*never changed'):
        ledger.write(record("one", outcome=Outcome.ROLLED_BACK))
    assert ledger.record("planner", "one").outcome is Outcome.RELEASED


def test_two_plans_may_have_the_same_release_id(ledger: Ledger) -> None:
    write(ledger, record("one"), record("one", plan="calibration"))
    assert ledger.record("calibration", "one").plan == "calibration"


def test_an_unknown_release_is_named(ledger: Ledger) -> None:
    with pytest.raises(NoSuchRelease, match='plan "planner" has no release "none"'):
        ledger.record("planner", "none")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE slipway.releases SET digest = repeat('0', 64)",
        "UPDATE slipway.releases SET digest = digest WHERE false",
        "DELETE FROM slipway.releases",
        "TRUNCATE slipway.releases",
        "INSERT INTO slipway.releases (plan, release_id, record, digest, started_at, ended_at) "
        "SELECT plan, release_id, record, digest, started_at, ended_at FROM slipway.releases "
        "ON CONFLICT (plan, release_id) DO UPDATE SET digest = repeat('0', 64)",
    ],
)
def test_the_database_refuses_to_change_a_record(ledger: Ledger, database: str, statement: str) -> None:
    ledger.write(record("one"))
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement)
    assert ledger.record("planner", "one").digest == record("one").digest


def test_the_columns_say_what_the_record_says(ledger: Ledger, database: str) -> None:
    ledger.write(record("one"))
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT version, outcome, intent, production, plan_digest, rolls_back, "
            "started_at, ended_at, written_at > ended_at FROM slipway.releases"
        ).fetchone()
    it = record("one")
    assert row == (
        "v2",
        "RELEASED",
        "release",
        PRODUCTION,
        "ab" * 32,
        "",
        it.triggered_at,
        it.ended_at,
        True,
    )


def test_releases_are_listed_newest_first_with_every_outcome(ledger: Ledger) -> None:
    write(ledger, record("old"), record("new", hour=2), record("no", hour=1, outcome=Outcome.REJECTED))
    assert ids(ledger.releases("planner")) == ["new", "no", "old"]


def test_nothing_is_released_in_an_empty_ledger(ledger: Ledger) -> None:
    assert last(ledger) is None


@pytest.mark.parametrize("outcome", [Outcome.ROLLED_BACK, Outcome.REJECTED, Outcome.ABORTED])
def test_a_release_that_left_production_as_it_was_does_not_count(ledger: Ledger, outcome: Outcome) -> None:
    write(ledger, record("good"), record("bad", hour=1, outcome=outcome))
    assert last(ledger) == "good"


@pytest.mark.parametrize("outcome", UNFINISHED)
def test_nothing_is_the_last_release_while_an_unfinished_one_is_live(
    ledger: Ledger, outcome: Outcome
) -> None:
    write(ledger, record("good"), record("stuck", hour=1, version="v3", outcome=outcome))
    with pytest.raises(SomethingNewerIsLive, match="Finish that one first") as refused:
        last(ledger)
    assert f'"{PRODUCTION}" is not on its last' in str(refused.value)
    assert f'"stuck" of version v3 changed it later and ended {outcome}' in str(refused.value)
    ledger.write(record("taken back after all", hour=2, outcome=Outcome.ROLLED_BACK))
    with pytest.raises(SomethingNewerIsLive):
        last(ledger)


@pytest.mark.parametrize("outcome", UNFINISHED)
def test_an_unfinished_first_release_is_live_too(ledger: Ledger, outcome: Outcome) -> None:
    ledger.write(record("stuck", outcome=outcome))
    with pytest.raises(SomethingNewerIsLive):
        last(ledger)


@pytest.mark.parametrize("outcome", UNFINISHED)
def test_an_unfinished_release_without_a_step_in_production_does_not_count(
    ledger: Ledger, outcome: Outcome
) -> None:
    write(ledger, record("good"), record("idle", hour=1, outcome=outcome, tasks=()))
    assert last(ledger) == "good"


@pytest.mark.parametrize("outcome", UNFINISHED)
def test_a_newer_release_finishes_an_unfinished_one_until_it_is_rolled_back(
    ledger: Ledger, outcome: Outcome
) -> None:
    write(ledger, record("good"), record("stuck", hour=1, outcome=outcome), record("mended", hour=2))
    assert last(ledger) == "mended"
    ledger.write(rolled_back("back", "mended", hour=3))
    with pytest.raises(SomethingNewerIsLive) as refused:
        last(ledger)
    assert refused.value.release_id == "stuck"


@pytest.mark.parametrize("outcome", UNFINISHED)
def test_an_unfinished_release_elsewhere_does_not_count(ledger: Ledger, outcome: Outcome) -> None:
    elsewhere = ("planner staging", "planner europe")
    write(ledger, record("good"), record("europe", hour=1, outcome=outcome, environments=elsewhere))
    write(ledger, record("other", hour=2, outcome=outcome, plan="other"))
    assert last(ledger) == "good"


def test_a_later_rollback_that_the_ledger_refuses_ends_without_a_second_try(ledger: Ledger) -> None:
    plan = toy.plan()
    places = (plan.staging.label, plan.production.label)
    facts = {"plan": plan.name, "environments": places}
    write(ledger, record("good", **facts), record("stuck", hour=1, outcome=Outcome.HELD, **facts))
    start = RollbackStartOperator(task_id="start", graph=compile_plan(plan))
    with pytest.raises(AirflowFailException, match=r'^Environment ".*" is not on its last released') as ended:
        start._earlier({"params": {"version": "v2"}})
    assert ended.value.__suppress_context__
    assert "\n" not in str(ended.value)


def test_after_a_later_rollback_the_release_before_it_is_deployed(ledger: Ledger) -> None:
    write(ledger, record("one"), record("two", hour=1), rolled_back("back", "two", hour=2))
    assert last(ledger) == "one"
    ledger.write(rolled_back("further back", "one", hour=3))
    assert last(ledger) is None
    ledger.write(record("three", hour=4))
    assert last(ledger) == "three"


def test_after_a_failed_later_rollback_its_target_can_be_rolled_back_again(ledger: Ledger) -> None:
    failed = rolled_back("back", "two", hour=2, outcome=Outcome.ROLLBACK_FAILED)
    write(ledger, record("one"), record("two", hour=1), failed)
    assert last(ledger) == "two"


def test_another_environment_and_another_plan_do_not_count(ledger: Ledger) -> None:
    elsewhere = record("elsewhere", hour=1, environments=("planner staging", "planner europe"))
    write(ledger, record("one"), elsewhere, record("two", hour=2, plan="other"))
    write(ledger, rolled_back("back", "one", hour=3, plan="other"))
    assert last(ledger) == "one"


def test_a_missing_connection_is_named() -> None:
    with pytest.raises(MissingConnection, match='no Airflow connection "nowhere_at_all"'):
        Ledger("nowhere_at_all").releases("planner")


@pytest.mark.usefixtures("database")
def test_a_database_without_a_ledger_is_named() -> None:
    with pytest.raises(LedgerIsEmpty, match=r'connection "slipway_ledger" has no ledger.*migrate'):
        Ledger().last_released("planner", PRODUCTION)
    with pytest.raises(LedgerIsEmpty):
        Ledger().write(record("one"))


def test_a_database_that_cannot_be_reached_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_LEDGER", "postgresql://nobody:pass@127.0.0.1:1/ledger")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        Ledger().releases("planner")


def test_every_record_of_a_realistic_release_survives_the_database(ledger: Ledger) -> None:
    for number, make in enumerate(RELEASES.values()):
        written = replace(make(), release_id=f"release {number}")
        ledger.write(written)
        read = ledger.record(written.plan, written.release_id)
        assert read == written
        assert read.digest == written.digest
        assert markdown(read) == markdown(written)


def test_migrating_again_changes_nothing(ledger: Ledger) -> None:
    ledger.write(record("one"))
    ledger.migrate()
    assert ids(ledger.releases("planner")) == ["one"]


def test_a_ledger_that_a_newer_slipway_migrated_is_named(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE slipway.alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerIsNewer, match=r"newer Slipway.*9999"):
        ledger.migrate()


WRITER = """
import json, sys
from slipway.ledger.store import Ledger
from slipway.record import from_json
sys.stdin.readline()
Ledger().migrate()
try:
    Ledger().write(from_json(json.loads(sys.argv[1])))
except Exception as error:
    print(type(error).__name__)
else:
    print("written")
"""


def race(*records: ReleaseRecord) -> list[str]:
    """Migrate an empty database and write, each record in a process of its own, all let go at once."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, json.dumps(to_json(each))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in records
    ]
    with ThreadPoolExecutor(len(racers)) as pool:
        answers = pool.map(lambda racer: racer.communicate("go\n")[0].split(), racers)
        return [answer[-1] for answer in answers]


@pytest.mark.usefixtures("database")
def test_processes_that_migrate_and_write_at_once_all_succeed() -> None:
    assert race(record("one"), record("two"), record("one"), record("three")) == ["written"] * 4
    assert sorted(ids(Ledger().releases("planner"))) == ["one", "three", "two"]


def test_of_different_records_written_at_once_exactly_one_is_kept(ledger: Ledger) -> None:
    rivals = [replace(record("one"), version=f"v{number}") for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda rival: _answer(ledger, rival), rivals))
    assert answers.count("written") == 1
    assert answers.count("refused") == 19
    assert ledger.record("planner", "one").version == f"v{answers.index('written')}"


def _answer(ledger: Ledger, rival: ReleaseRecord) -> str:
    try:
        ledger.write(rival)
    except RecordDiffers:
        return "refused"
    return "written"


def test_a_migration_leaves_no_line_in_the_log_of_the_task_that_makes_it(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    steps = logging.getLogger("alembic.runtime.migration")
    Ledger().migrate()
    Ledger().write(record("one"))
    assert [each.getMessage() for each in caplog.records if each.name.startswith("alembic")] == []
    steps.info("a migration of somebody else")
    assert caplog.records[-1].name == steps.name
