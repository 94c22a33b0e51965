"""A watch in the triggerer: when it reads."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests import toy

from slipway.airflow.meanwhile import Meanwhile
from slipway.airflow.triggers import WatchTrigger
from slipway.codec import to_json
from slipway.kinds import Scrape
from slipway.metrics import GaugeValue
from slipway.watch.course import Progress
from slipway.watch.schedule import SHORTEST, timetable

PACE = 100_000.0  # each checkpoint as short as it can be


def trigger_of(pace: float) -> WatchTrigger:
    """Return the trigger of a watch that is judged every minute by three samples, one in ten seconds."""
    plan = toy.plan()
    watch = replace(
        plan.watch,
        metrics=(GaugeValue(name="errors", gauge="errors"),),
        sample_every=timedelta(seconds=10),
    )
    return WatchTrigger(
        watch=to_json(watch),
        matrix=to_json(plan.matrix),
        environment=to_json(plan.production),
        baseline={},
        pace=pace,
        asked=time.time(),
    )


class Reader:
    """Reads the same page again and again, and remembers when."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def read_all(self, wanted: object) -> dict[Any, Any]:
        self.at.append(time.monotonic())
        page = Scrape(at=time.time(), samples={("errors", ()): 0.0})
        return dict.fromkeys(cast("set[Any]", wanted), page)


@pytest.mark.parametrize(("pace", "taken"), [(1.0, 3), (PACE, 5)])
def test_a_checkpoint_that_is_over_has_samples_to_spare_in_a_rehearsal_only(pace: float, taken: int) -> None:
    trigger = trigger_of(pace)
    [appointment, *_] = timetable(trigger.terms.watch, pace)
    trigger.start -= appointment.end + 60
    assert trigger._moments(appointment) == appointment.samples[-taken:]
    assert len(trigger._moments(appointment)) == taken


@pytest.mark.parametrize("late", [0.0, 20.0])
def test_a_rehearsal_that_is_late_catches_up_no_faster_than_there_is_something_new(late: float) -> None:
    trigger = trigger_of(PACE)
    trigger.start -= late
    reader, nobody = Reader(), SimpleNamespace(add=lambda *_: None, keep=lambda *_: None)
    people = Meanwhile({}, ())

    async def look() -> None:
        progress = Progress()
        for appointment in timetable(trigger.terms.watch, PACE)[:2]:
            progress, _ = await trigger._sampled(
                cast("Any", reader), progress, appointment, cast("Any", nobody), cast("Any", nobody), people
            )

    asyncio.run(look())
    between = [later - earlier for earlier, later in pairwise(reader.at)]
    assert len(between) >= 2
    assert min(between) > 0.9 * SHORTEST
