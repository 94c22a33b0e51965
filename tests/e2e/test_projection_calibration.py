"""The calibration's plan alone: looked at by the doctor, and released."""

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
SEEN_ENOUGH = 3  # its 263 checkpoints take minutes at any pace


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
