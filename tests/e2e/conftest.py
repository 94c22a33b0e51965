"""One sandbox and one Airflow for all end-to-end tests but those of the other plans."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.one_system import SHARED
from tests.e2e.production import Production

from slipway.local.port import any_free
from slipway.local.service import REPOSITORY
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until

TEST_PLANS = Path(__file__).parent / "dags"
NAMES = ("thin", "telling", "aside_mark", "aside_form", "aside_stranger", "unconnected")
PLANNER = "smart_personal_planner"
PLANS = (*NAMES, PLANNER)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # Not pytest's own folder: as root the database server runs under another account and must get in.
    root = Path(tempfile.mkdtemp(prefix="slipway-e2e-"))
    (root / "dags").mkdir(exist_ok=True)
    for plan in (REPOSITORY / "dags" / f"{PLANNER}.py", *TEST_PLANS.glob("*.py")):
        shutil.copy(plan, root / "dags")
    running = Stack(root, port=any_free(), dags_folder=root / "dags")
    try:
        running.start(["planner"])
        SHARED.append(running)
        with running.airflow.client() as client:
            for plan in PLANS:
                wait_until(lambda plan=plan: client.dag(plan), f"the plan {plan}", timeout=120)
        yield running
    finally:
        running.stop()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    """The planner's production on v1; what a test holds is let go at its end."""
    place = Production(stack.sandbox)
    place.reset()
    yield place
    place.let_go()
