"""Knowing in the triggerer when other tasks of the run have ended."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

LOOK_EVERY = 2.0  # seconds
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


async def ended_among(place: Mapping[str, Any], tasks: Sequence[str]) -> set[str]:
    """Return those of some tasks of a run that have come to their end."""
    found = await asyncio.to_thread(
        RuntimeTaskInstance.get_task_states,
        dag_id=place["dag_id"],
        run_ids=[place["run_id"]],
        task_ids=list(tasks),
    )
    states: Mapping[str, Any] = found.get(place["run_id"], {})
    return {task_id for task_id, state in states.items() if str(state) in ENDED}


class Meanwhile:
    """Pauses that end early, once all of some tasks have come to their end; with no tasks they never do.

    :param every: seconds between two looks
    """

    def __init__(self, place: Mapping[str, Any], tasks: Sequence[str], *, every: float = LOOK_EVERY) -> None:
        self._place, self._tasks, self._every = place, list(tasks), every
        self._ended = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Meanwhile":
        if self._tasks:
            self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._looking:
            self._looking.cancel()

    @property
    def over(self) -> bool:
        """Whether all have ended."""
        return self._ended.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until all have ended."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def _look(self) -> None:
        while not await self._all_ended():
            await asyncio.sleep(self._every)
        self._ended.set()

    async def _all_ended(self) -> bool:
        try:
            return await ended_among(self._place, self._tasks) == set(self._tasks)
        except Exception as error:  # Airflow's API server may be restarted meanwhile
            logging.getLogger("slipway").warning("Whether people are done cannot be told now: %s", error)
            return False
