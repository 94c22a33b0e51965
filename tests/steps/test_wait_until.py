"""Waiting for a time of the day."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from slipway.environment import Environment
from slipway.steps import WaitUntil
from slipway.steps.wait_until import TooLate
from slipway.still_going import NotYet
from slipway.testing import LocalRun

SEOUL = ZoneInfo("Asia/Seoul")
ENVIRONMENT = Environment(system="scores", name="production")


def a_run(began: datetime, **parameters: object) -> LocalRun:
    return LocalRun(environment=ENVIRONMENT, began=began, parameters=parameters)


def test_day_one_is_the_day_after_in_the_plans_own_time_zone() -> None:
    step = WaitUntil(name="wait", at=time(10), timezone=SEOUL, day=1)
    # 23:30 UTC on the 24th is 08:30 on the 25th in Seoul.
    assert step.due(datetime(2025, 6, 24, 23, 30, tzinfo=UTC)) == datetime(2025, 6, 26, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (datetime(2025, 3, 30, tzinfo=UTC), datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),  # there is no 02:30
        (datetime(2025, 10, 26, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),  # the first of two
    ],
)
def test_a_time_that_the_clock_leaves_out_or_repeats_is_one_moment(day: datetime, utc: datetime) -> None:
    step = WaitUntil(name="wait", at=time(2, 30), timezone=ZoneInfo("Europe/Berlin"))
    assert step.due(day) == utc


def test_it_waits_until_then() -> None:
    began = datetime.now(UTC)
    step = WaitUntil(name="wait", at=time(12), timezone=SEOUL, day=2)
    with pytest.raises(NotYet, match=r"Waiting until .* 12:00 KST") as caught:
        step.do(a_run(began))
    assert abs(caught.value.every - (step.due(began) - began)) < timedelta(seconds=5)


def test_a_time_that_has_passed_is_not_waited_for() -> None:
    began = datetime.now(UTC) - timedelta(days=3)
    evidence = WaitUntil(name="wait", at=time(12), timezone=SEOUL).do(a_run(began))
    assert evidence.proof["late"] is True
    assert "has passed, going on" in evidence.summary
    assert not evidence.changed


def test_a_rehearsal_waits_a_fraction_counted_from_its_first_look() -> None:
    began = datetime.now(UTC)
    step = WaitUntil(name="wait", at=time(12), timezone=SEOUL, day=2)
    run = a_run(began, pace=1e6)
    with pytest.raises(NotYet, match="at pace 1e"):
        step.do(run)
    run.memory["waiting_since"] = (began - timedelta(seconds=1)).isoformat()
    assert step.do(run).proof == {"due": step.due(began).isoformat(), "late": False}


def late_by(hours: float, **parameters: object) -> tuple[WaitUntil, LocalRun]:
    """Return a wait that may be an hour late, and a run that began at its time, so many hours ago."""
    due = (datetime.now(UTC) - timedelta(hours=hours)).replace(second=0, microsecond=0)
    step = WaitUntil(name="wait", at=due.time(), timezone=ZoneInfo("UTC"), late_at_most=timedelta(hours=1))
    return step, a_run(due, **parameters)


def test_what_was_approved_for_the_morning_does_not_go_out_at_night() -> None:
    step, run = late_by(8)
    with pytest.raises(TooLate, match=r"was 8 h .*ago, and this plan goes on 1 h late at the most"):
        step.do(run)
    step, run = late_by(0.5)
    assert step.do(run).proof["late"] is True


def test_it_is_too_late_too_when_airflow_was_down_while_it_waited() -> None:
    step, run = late_by(8)
    run.memory["waiting_since"] = run.began.isoformat()
    with pytest.raises(TooLate):
        step.do(run)


def test_a_rehearsal_is_never_too_late() -> None:
    step, run = late_by(8, pace=60)
    assert step.do(run).proof["late"] is True


def test_who_decides_reads_when_production_begins() -> None:
    step = WaitUntil(name="wait", at=time(14), timezone=ZoneInfo("UTC"), late_at_most=timedelta(hours=1))
    morning = datetime(2026, 3, 6, 10, tzinfo=UTC)
    said = {hour: step.outlook(morning, morning.replace(hour=hour, minute=30), 1) for hour in (11, 14, 22)}
    assert said == {
        11: "Production waits for Fri 06 Mar 14:00 UTC.",
        14: "Fri 06 Mar 14:00 UTC has passed: production begins with the GO.",
        22: "**Fri 06 Mar 14:00 UTC was 8 h 30 min ago, and this plan goes on 1 h late at the most. "
        "Trigger a new release in time for it. A GO ends as NO-GO.**",
    }
    assert "begins with the GO" in step.outlook(morning, morning.replace(hour=22), 60)
