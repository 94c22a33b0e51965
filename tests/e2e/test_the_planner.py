"""A whole release of the planner.

It shares the Airflow of the other end-to-end tests, and so its file is not called after the plan, as those of
the four plans that have one of their own.
"""

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

A_MONTH_IN_TEN_SECONDS = 259_200  # as ./slipway demo does
SEEN_ENOUGH = 2  # checkpoints of its month; who watches to the end is 003


def test_the_planner_releases_from_end_to_end(stack: Stack) -> None:
    for environment in ("staging", "production"):
        stack.sandbox.reset("planner", environment)
    release = Release.trigger(stack, "smart_personal_planner", pace=A_MONTH_IN_TEN_SECONDS)
    release.answered(enough=SEEN_ENOUGH).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert set(release.states().values()) <= {"success", "skipped"}
    assert Production(stack.sandbox, "planner").fingerprint()["version"] == "v2"
