"""How long a task waits until its step looks again."""

from datetime import timedelta

import pytest

from slipway.still_going import NotYet, StillGoing

SWAPPING = StillGoing("Azure swaps the slots", every=timedelta(seconds=10))


@pytest.mark.parametrize(("waited", "pause"), [(0, 0), (2, 2), (9, 9), (10, 10), (3600, 10)])
def test_the_first_looks_come_sooner(waited: float, pause: float) -> None:
    assert SWAPPING.pause(timedelta(seconds=waited)) == timedelta(seconds=pause)


@pytest.mark.parametrize("waited", [0, 60, 36_000])
def test_nothing_is_looked_at_before_a_moment_that_is_known(waited: float) -> None:
    night = NotYet("Waiting until Sat 07 Mar 09:00 KST", left=timedelta(hours=5))
    assert night.pause(timedelta(seconds=waited)) == timedelta(hours=5)


def test_the_log_says_what_is_waited_for() -> None:
    assert str(SWAPPING) == "Azure swaps the slots: still going"
    assert str(NotYet("Waiting until noon", left=timedelta(hours=1))) == "Waiting until noon"
