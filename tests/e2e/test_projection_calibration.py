"""The calibration's plan alone: looked at by the doctor, released, and released again while it is in use."""

import time

import psycopg
import pytest
from tests.e2e.doctor import assert_all_is_well
from tests.e2e.production import Production
from tests.e2e.release import Release
from tests.running import one_plan

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

PLAN = "projection_calibration"
A_MONTH_IN_26_SECONDS = 100_000
REASON = "The end-to-end tests run at any hour"
SEEN_ENOUGH = 2  # its 263 checkpoints take minutes at any pace


@pytest.fixture(scope="module")
def players() -> Stack:
    """Give an Airflow with this plan, and the sandbox with its system only."""
    return one_plan("calibration", PLAN)


def test_the_doctor_finds_nothing_wrong_with_what_runs(players: Stack) -> None:
    assert_all_is_well(players, PLAN)


def test_it_is_released_by_its_three_approvers(players: Stack) -> None:
    for environment in ("staging", "production"):
        players.sandbox.reset("calibration", environment)
    release = Release.trigger(players, PLAN, pace=A_MONTH_IN_26_SECONDS, break_glass=REASON)
    release.answered(enough=SEEN_ENOUGH).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert set(release.states().values()) <= {"success", "skipped"}
    assert Production(players.sandbox, "calibration").fingerprint()["version"] == "v2"
    age = time.time() - release.xcom("production.back_up_database", "backed_up_at")
    assert 0 < age < 3600  # what the verdict judges a restore by


def test_a_slow_version_over_the_schema_in_use_goes_back_and_leaves_the_data(players: Stack) -> None:
    production = Production(players.sandbox, "calibration")
    with psycopg.connect(players.sandbox.postgres.url(production.place.name)) as session:
        # What an admin does on any day: the tables are not empty any more, nor all values the defaults.
        session.execute("UPDATE projection_calibration SET median_pct = 9, is_default = false WHERE id = 2")
    before = production.fingerprint()
    release = Release.trigger(
        players, PLAN, "v2-latency", pace=A_MONTH_IN_26_SECONDS, break_glass=REASON
    ).answered()
    release.ends_as(Outcome.HELD)
    assert release.xcom("verdict")["reasons"][0].startswith(("typical_latency", "api_latency"))
    assert release.undone() == ["rollback.undo_deploy_services"]
    assert production.fingerprint() | {"releases": ()} == before | {"releases": ()}
    assert "Not asked: the table is empty" in release.log("production.create_projection_calibration")
