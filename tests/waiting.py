"""Waiting in a test for what another thread or process does."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not come true within {seconds:g} s"
        time.sleep(0.02)
