"""How a task waits for what its step has begun: in place for a moment, then in the triggerer."""

import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.airflow.task import a_run

from slipway.airflow import going
from slipway.airflow.going import to_its_end, wait_for
from slipway.still_going import NotYet, StillGoing
from slipway.vendor_faults import TooManyCalls

SWAPS = StillGoing("Azure swaps", every=timedelta(minutes=10))
A_QUARTER = timedelta(minutes=15)


class Deferred(Exception):  # as Airflow's TaskDeferred
    """A task has gone to the triggerer."""


class Task:
    """An operator that can only defer."""

    def __init__(self) -> None:
        self.left = 0.0

    def defer(self, *, trigger: Any, method_name: str) -> None:
        self.left = (trigger.moment - datetime.now(UTC)).total_seconds()
        raise Deferred(method_name)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time be lost: what would be slept is counted, and the clock goes on by it."""
    real, naps = time.time, list[float]()
    clock = SimpleNamespace(time=lambda: real() + sum(naps), sleep=naps.append)
    monkeypatch.setattr(going, "time", clock)
    return naps


def test_what_ends_in_a_moment_is_awaited_in_place(slept: list[float]) -> None:
    looks = iter([SWAPS, SWAPS, "swapped"])

    def look() -> str:
        found = next(looks)
        if isinstance(found, StillGoing):
            raise found
        return found

    assert to_its_end(Task(), a_run({}), A_QUARTER, look) == "swapped"  # type: ignore[arg-type]
    assert slept == [0.5, pytest.approx(0.5, abs=0.05)]


def test_what_lasts_goes_to_the_triggerer_after_four_seconds(slept: list[float]) -> None:
    def look() -> str:
        raise SWAPS

    task = Task()
    with pytest.raises(Deferred, match="look_again"):
        to_its_end(task, a_run({}), A_QUARTER, look)  # type: ignore[arg-type]
    assert sum(slept) == pytest.approx(4, abs=0.1)
    assert task.left > 4.9  # Airflow's own interval is 5 s


def test_a_task_that_comes_back_does_not_wait_in_place_again(slept: list[float]) -> None:
    with pytest.raises(Deferred):
        wait_for(Task(), a_run({"going_since_1": time.time() - 20}), SWAPS, A_QUARTER)  # type: ignore[arg-type]
    assert slept == []


def test_a_known_moment_is_awaited_in_place_only_when_it_is_near(slept: list[float]) -> None:
    wait_for(Task(), a_run({}), NotYet("Waiting until noon", left=timedelta(seconds=3)), A_QUARTER)  # type: ignore[arg-type]
    assert slept == [3]
    with pytest.raises(Deferred):
        wait_for(Task(), a_run({}), NotYet("Waiting until noon", left=timedelta(seconds=6)), A_QUARTER)  # type: ignore[arg-type]
    assert slept == [3]


def test_a_step_that_waited_too_long_may_wait_again_when_it_is_cleared(slept: list[float]) -> None:
    run = a_run({"going_since_1": time.time() - 86400})
    with pytest.raises(Exception, match="not ended after"):
        wait_for(Task(), run, SWAPS, A_QUARTER)  # type: ignore[arg-type]
    wait_for(Task(), run, SWAPS, A_QUARTER)  # type: ignore[arg-type]
    assert slept == [0.5]


def test_a_system_that_says_how_long_it_wants_to_be_left_alone_is_left_alone(slept: list[float]) -> None:
    asked = []

    def call() -> str:
        asked.append(sum(slept))
        if len(asked) == 1:
            raise TooManyCalls("Heroku", "POST /apps", 4)
        raise TooManyCalls("Heroku", "POST /apps", 90)

    task, run = Task(), a_run({})
    with pytest.raises(Deferred, match="look_again"):
        to_its_end(task, run, A_QUARTER, call)  # type: ignore[arg-type]
    assert asked == [0, 4]
    assert 89 < task.left < 91


@pytest.mark.parametrize(("wait", "waited"), [(None, 0), (901, 0), (90, 850)])
def test_who_does_not_say_or_asks_for_more_than_the_step_has_fails_it(
    wait: float | None, waited: float, slept: list[float]
) -> None:
    def call() -> str:
        raise TooManyCalls("Heroku", "POST /apps", wait)

    run = a_run({"going_since_1": time.time() - waited} if waited else {})
    with pytest.raises(TooManyCalls):
        to_its_end(Task(), run, A_QUARTER, call)  # type: ignore[arg-type]
    assert slept == []
    if wait == 90:  # a person clears it
        with pytest.raises(Deferred):
            to_its_end(Task(), run, A_QUARTER, call)  # type: ignore[arg-type]


def test_a_round_of_waiting_ends_with_what_was_waited_for(slept: list[float]) -> None:
    answers = iter([TooManyCalls("Heroku", "GET /apps", 3), None, SWAPS, None])

    def call() -> str:
        if answer := next(answers):
            raise answer
        return "done"

    run = a_run({})
    assert to_its_end(Task(), run, A_QUARTER, call) == "done"  # type: ignore[arg-type]
    slept.append(3600)  # and it is cleared an hour later
    assert to_its_end(Task(), run, A_QUARTER, call) == "done"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("waited", "going_on", "pause"),
    [
        (4, SWAPS, 6),  # Airflow's own interval and a second
        (60, SWAPS, 60),
        (1200, SWAPS, 600),
        (60, NotYet("Waiting until noon", left=timedelta(hours=3)), 10_800),
    ],
)
def test_the_next_look_comes_after_as_long_as_it_has_gone_on(
    waited: float, going_on: StillGoing, pause: float
) -> None:
    task = Task()
    with pytest.raises(Deferred):
        wait_for(task, a_run({"going_since_1": time.time() - waited}), going_on, timedelta(hours=12))  # type: ignore[arg-type]
    assert pause - 1 < task.left < pause + 1


def test_a_round_lasts_over_tries_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    run = a_run({})
    first = run.counting("watch_start")
    assert run.counting("watch_start") == first
    run.over(first)
    assert run.counting("watch_start") == "watch_start_2"
    assert logging.getLogger("slipway") is run.log
