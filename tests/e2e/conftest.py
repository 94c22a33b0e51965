"""The Airflow of the end-to-end tests that are not of one plan of the project: small plans of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.production import Production
from tests.running import RUNNING

from slipway.local.stack import Stack

TEST_PLANS = Path(__file__).parent / "dags"
NAMES = (
    *("thin", "damaged", "telling", "asking", "waiting"),
    *("aside_mark", "aside_form", "aside_stranger", "unconnected"),
)


@pytest.fixture(scope="module")
def stack() -> Stack:
    return RUNNING.serve("planner", sorted(TEST_PLANS.glob("*.py")), NAMES)


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    """The planner's production on v1; what a test holds is let go at its end."""
    place = Production(stack.sandbox)
    place.reset()
    yield place
    place.let_go()
