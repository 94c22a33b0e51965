"""Waiting until something holds."""

import time
from collections.abc import Callable
from typing import TypeVar

from slipway.local.errors import NotInTime

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str, *, timeout: float, every: float = 0.1) -> T:
    """Ask `condition` every `every` seconds until its answer is true, and return that answer.

    Raises NotInTime, naming `what`, after `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > end:
            raise NotInTime(what, seconds=timeout)
        time.sleep(every)
    return answer
