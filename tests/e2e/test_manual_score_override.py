"""The manual score override from end to end: its nine days in some seconds, on Heroku's stand-in."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.release import Release
from tests.running import one_plan

from slipway.local.stack import Stack
from slipway.words import GateAnswer, Outcome

pytestmark = pytest.mark.e2e

PLAN = "manual_score_override"
A_WEEK_IN_TEN_SECONDS = 60_480
SEEN_ENOUGH = 2  # of 30 checkpoints; who watches to the end is 003
DEPLOYED = ["rollback.undo_migrate", "rollback.undo_deploy", "rollback.undo_try_one_off_dyno"]
FLAG = "rollback.undo_everyone_set_flag"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return one_plan("scores", PLAN)


@pytest.fixture
def production(stack: Stack) -> Callable[[], dict[str, Any]]:
    """Bring both environments back to v1; give what tells production's fingerprint."""
    for environment in ("staging", "production"):
        stack.sandbox.reset("scores", environment)
    return lambda: stack.sandbox.fingerprint("scores", "production")


def release_of(stack: Stack, version: str, **parameters: Any) -> Release:
    return Release.trigger(stack, PLAN, version, pace=A_WEEK_IN_TEN_SECONDS, **parameters)


def test_it_is_released_and_rolled_back_later(stack: Stack, production: Callable[[], dict[str, Any]]) -> None:
    before = production()
    release = release_of(stack, "v2").answered(enough=SEEN_ENOUGH).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    after = production()
    assert (after["version"], after["revision"]) == ("v2", "0003_manual_score_flag")
    assert after["flags"]["MANUAL_SCORE_OVERRIDE"] == {"enabled": True, "percentage": 100}

    back = Release.trigger(stack, PLAN, intent="roll_back")
    back.ends_as(Outcome.ROLLED_BACK)
    assert back.record()["rolls_back"] == release.id
    assert back.undone() == [FLAG, *DEPLOYED]
    assert production() == before


def test_a_no_go_leaves_production_alone(stack: Stack, production: Callable[[], dict[str, Any]]) -> None:
    before = production()
    release = release_of(stack, "v2").answered(GateAnswer.NO_GO).ends_as(Outcome.REJECTED)
    assert release.reached("production", "rollback") == []
    assert production() == before


def test_a_slow_version_is_taken_back_by_what_watches_it(
    stack: Stack, production: Callable[[], dict[str, Any]]
) -> None:
    before = production()
    release = release_of(stack, "v2-latency").answered().ends_as(Outcome.ROLLED_BACK)
    # A soak of some seconds holds few samples, so that a later watch may be the first to be sure.
    watches = ("rollout.everyone.soak", "rollout.everyone_first_hour.soak", "watch.watch_production")
    breaches = [each for watch in watches for each in release.xcom(watch, "breaches") or ()]
    assert "list_time" in {each["about"] for each in breaches}
    assert release.undone() == [FLAG, *DEPLOYED]
    assert production() == before
