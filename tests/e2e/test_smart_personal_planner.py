"""The planner's plan alone: looked at by the doctor, refused with a wrong strategy, and released."""

import pytest
from tests.e2e.doctor import assert_all_is_well
from tests.e2e.production import Production
from tests.e2e.release import Release
from tests.running import one_plan

from slipway.local.errors import Refused
from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

PLAN = "smart_personal_planner"
A_MONTH_IN_TEN_SECONDS = 259_200  # as ./slipway demo does
SEEN_ENOUGH = 2  # checkpoints of its month; who watches to the end is 003


@pytest.fixture(scope="module")
def planner() -> Stack:
    """Give an Airflow with this plan, and the sandbox with its system only."""
    return one_plan("planner", PLAN)


def test_the_doctor_finds_nothing_wrong_with_what_runs(planner: Stack) -> None:
    assert_all_is_well(planner, PLAN)


def test_a_strategy_that_the_plan_does_not_have_is_refused(planner: Stack) -> None:
    with pytest.raises(Refused, match=r"HTTP 400.*strategy"):
        Release.trigger(planner, PLAN, strategy="big bang")


def test_the_planner_releases_from_end_to_end(planner: Stack) -> None:
    for environment in ("staging", "production"):
        planner.sandbox.reset("planner", environment)
    release = Release.trigger(planner, PLAN, pace=A_MONTH_IN_TEN_SECONDS)
    release.answered(enough=SEEN_ENOUGH).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert set(release.states().values()) <= {"success", "skipped"}
    assert Production(planner.sandbox, "planner").fingerprint()["version"] == "v2"
