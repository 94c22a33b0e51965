"""The Airflow of all end-to-end tests but those of the other plans: the planner, and the plans of dags/."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.production import Production
from tests.running import PLANS as PROJECT
from tests.running import RUNNING

from slipway.local.stack import Stack

TEST_PLANS = Path(__file__).parent / "dags"
NAMES = ("thin", "telling", "asking", "waiting", "aside_mark", "aside_form", "aside_stranger", "unconnected")
PLANNER = "smart_personal_planner"
PLANS = (*NAMES, PLANNER)


@pytest.fixture(scope="module")
def stack() -> Stack:
    return RUNNING.serve("planner", [PROJECT / f"{PLANNER}.py", *sorted(TEST_PLANS.glob("*.py"))], PLANS)


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    """The planner's production on v1; what a test holds is let go at its end."""
    place = Production(stack.sandbox)
    place.reset()
    yield place
    place.let_go()
