"""How soon a task may go on after it deferred."""

import asyncio
import time

from airflow.sdk.configuration import conf


def soonest() -> float:
    """Return after how many seconds a task that deferred may go on.

    Airflow 3.3.2 sees up to [workers] min_heartbeat_interval late that the process which deferred has ended,
    and takes a task that is queued again by then for a lost one: it fails the try, or tries again.
    """
    return float(conf.getint("workers", "min_heartbeat_interval")) + 1


async def wait_until_soonest(began: float) -> None:
    """Wait in a trigger that began then (monotonic seconds) until its task may go on."""
    await asyncio.sleep(max(0.0, began + soonest() - time.monotonic()))
