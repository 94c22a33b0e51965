"""Leaving a watch's checkpoints as XComs from the triggerer, without holding up its samples."""

import asyncio
import time
from typing import Any

from airflow.sdk.execution_time.xcom import XCom

from slipway.codec import from_json, to_json
from slipway.graph import VERDICT
from slipway.run import Json
from slipway.watch.course import Progress, Result

CHECKPOINT = "checkpoint_"  # with its number, the XCom of a checkpoint
PROGRESS = "watch_progress"  # the XCom from which a watch goes on after a restart or in a second try
TRIES = 5
SAVE_EVERY = 300.0  # seconds


def place_of(ti: Any) -> dict[str, Any]:
    """Return where a task's XComs are kept."""
    return {
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "map_index": -1 if ti.map_index is None else ti.map_index,
    }


async def noted_progress(place: dict[str, Any], asked: float) -> tuple[Progress, float | None]:
    """Return how far the window is that was asked for then, and its start; the very beginning and None if
    nothing of it is noted.

    Where nothing is, the triggerer logs a harmless error "XCom not found" (Airflow 3.3.2): only
    aget_all asks without it, and its message (GetXComSequenceSlice) is none that a trigger may send.
    """
    noted = await XCom.aget_one(**_safe(place))
    if noted is None or noted.get("asked") != asked:
        return Progress(), None
    return from_json(Progress, noted["progress"]), noted["start"]


def _safe(place: dict[str, Any]) -> dict[str, Any]:
    """Return where progress is kept: with the verdict, which comes next.

    A second try begins by clearing the task's own XComs, and the task state store is out of the triggerer's
    reach (Airflow 3.3.2). The verdict clears these when it begins, and then they have had their time.
    """
    return {**place, "task_id": VERDICT, "key": f"{PROGRESS}_{place['task_id']}"}


class WatchNotes:
    """Writes in the background, in order: an XCom can take longer than a checkpoint of a rehearsal.

    Progress is written after the checkpoints that it covers, so that a restart never takes one for done that
    was not left. Leaving the context waits until all is written.

    :param asked: when the task asked for the window: its name, which a second try knows too
    :param start: when it began
    """

    def __init__(self, place: dict[str, Any], asked: float, start: float) -> None:
        self._place = place
        self._window = {"asked": asked, "start": start}
        self._waiting: asyncio.Queue[tuple[Result | None, Progress] | None] = asyncio.Queue()
        self._saved = time.monotonic()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "WatchNotes":
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        assert self._writer
        if kind is not None:
            self._writer.cancel()  # the triggerer stops: what is not written is looked at as missed
            return
        self._waiting.put_nowait(None)
        await self._writer

    def add(self, result: Result, progress: Progress) -> None:
        """Note a checkpoint and how far the watch is after it."""
        self._waiting.put_nowait((result, progress.to_keep()))

    def keep(self, progress: Progress) -> None:
        """Note now and then how far the watch is between two checkpoints, which may be a week apart."""
        if time.monotonic() - self._saved >= SAVE_EVERY:
            self._saved = time.monotonic()
            self._waiting.put_nowait((None, progress.to_keep()))

    async def _write(self) -> None:
        unsaved: Progress | None = None
        while (note := await self._waiting.get()) is not None:
            result, unsaved = note
            if result:
                await self._set(to_json(result), key=f"{CHECKPOINT}{result.index}", **self._place)
            if self._waiting.empty() or unsaved.done % 10 == 0:  # while more wait, now and then will do
                await self._save(unsaved)
                unsaved = None
        if unsaved is not None:  # the last one: the end was waiting behind it
            await self._save(unsaved)

    async def _save(self, progress: Progress) -> None:
        noted = {**self._window, "progress": to_json(progress)}
        await self._set(noted, **_safe(self._place))

    async def _set(self, value: Json, **where: Any) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await XCom.aset(value=value, **where)
                return
            except Exception:
                if attempt == TRIES:
                    raise
                await asyncio.sleep(attempt)
