"""A whole release of each plan in dags/, one after the other: each measures what the other would disturb."""

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

A_MONTH_IN_26_SECONDS = 100_000
REASON = "The end-to-end tests run at any hour"
# The calibration's 263 checkpoints take minutes at any pace: there a person has seen enough after three.
PLANS = [("smart_personal_planner", "planner", 0), ("projection_calibration", "calibration", 3)]


@pytest.mark.parametrize(("plan", "system", "enough"), PLANS)
def test_a_plan_releases_from_end_to_end(stack: Stack, plan: str, system: str, enough: int) -> None:
    for environment in ("staging", "production"):
        stack.sandbox.reset(system, environment)
    release = Release.trigger(stack, plan, pace=A_MONTH_IN_26_SECONDS, break_glass=REASON)
    release.answered(enough=enough).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert set(release.states().values()) <= {"success", "skipped"}
    assert Production(stack.sandbox, system).fingerprint()["version"] == "v2"
