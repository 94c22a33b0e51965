"""How far a watch is: kept over a second try of the same window, and never taken for another one."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from slipway.airflow import watch_notes
from slipway.airflow.watch_notes import WatchNotes, noted_progress
from slipway.watch.course import Progress, Result
from slipway.words import Answer

PLACE = {"dag_id": "toy", "run_id": "r", "task_id": "watch.watch_production", "map_index": -1}


class Kept:
    """XComs by task and key."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}

    async def aget_one(self, *, task_id: str, key: str, **place: Any) -> Any:
        return self.values.get((task_id, key))

    async def aset(self, *, task_id: str, key: str, value: Any, **place: Any) -> None:
        self.values[task_id, key] = value


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()
    monkeypatch.setattr(watch_notes, "XCom", kept)
    return kept


def checkpoint(number: int) -> Result:
    return Result(
        index=number, due=timedelta(hours=number), title="", answer=Answer.PASS, summary="", rows=(),
        breaches=(), attended=True, cut_short=False, tried=3, samples={},
    )  # fmt: skip


async def watched(asked: float, done: int) -> None:
    async with WatchNotes(PLACE, asked, start=asked + 3) as notes:
        notes.add(checkpoint(done), Progress(done=done))


def test_a_second_try_goes_on_although_its_own_xcoms_are_cleared(kept: Kept) -> None:
    asyncio.run(watched(asked=1000.0, done=7))
    for task_id, key in [place for place in kept.values if place[0] == PLACE["task_id"]]:
        del kept.values[task_id, key]  # as Airflow does when a try begins
    assert asyncio.run(noted_progress(PLACE, 1000.0)) == (Progress(done=7), 1003.0)


def test_between_two_checkpoints_it_is_noted_now_and_then(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_notes, "SAVE_EVERY", 0.05)

    async def half_way() -> list[int]:
        async with WatchNotes(PLACE, 1000.0, start=1003.0) as notes:
            for tried in (1, 2):
                notes.keep(Progress(tried=tried))
            await asyncio.sleep(0.06)
            notes.keep(Progress(tried=3))
            await asyncio.sleep(0)
        return [value["progress"]["tried"] for value in kept.values.values()]

    assert asyncio.run(half_way()) == [3]
    assert asyncio.run(noted_progress(PLACE, 1000.0)) == (Progress(tried=3), 1003.0)
    assert [key for _, key in kept.values] == ["watch_progress_watch.watch_production"]


def test_a_window_that_begins_anew_takes_nothing_from_the_one_before(kept: Kept) -> None:
    asyncio.run(watched(asked=1000.0, done=7))
    assert asyncio.run(noted_progress(PLACE, 2000.0)) == (Progress(), None)


def test_two_watches_of_a_release_keep_their_own_progress(kept: Kept) -> None:
    asyncio.run(watched(asked=1000.0, done=7))
    other = {**PLACE, "task_id": "rollout.everybody.soak"}
    assert asyncio.run(noted_progress(other, 1000.0)) == (Progress(), None)
