"""When a watch looks."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.watch.schedule import beside_people, checkpoints, meanwhile, real_length, timetable
from slipway.watching import Every, Threshold, Watch
from slipway.words import Severity

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THINNING = (
    Every(interval=15 * MINUTE, until=DAY, title="First day", look_at=["errors"]),
    Every(interval=HOUR, until=7 * DAY, title="First week"),
    Every(interval=DAY, until=30 * DAY, title="First month"),
)


def watch(*parts: Every, sample_every: timedelta = timedelta(seconds=15), good: int = 3) -> Watch:
    return Watch(
        metrics=(), thresholds=(), checkpoints=parts, sample_every=sample_every, minimum_good_samples=good
    )


def test_a_schedule_that_thins_out() -> None:
    found = checkpoints(watch(*THINNING))
    assert len(found) == 96 + 144 + 23
    assert [found[i].due for i in (0, 1, 95, 96, 239, 240, 262)] == [
        15 * MINUTE,
        30 * MINUTE,
        DAY,
        25 * HOUR,
        7 * DAY,
        8 * DAY,
        30 * DAY,
    ]
    assert [c.index for c in found if c.first_of_part] == [0, 96, 240]
    assert found[96].title == "First week"


def test_a_part_ends_with_a_checkpoint_even_if_its_interval_does_not_divide_it() -> None:
    found = checkpoints(watch(Every(interval=2 * HOUR, until=5 * HOUR)))
    assert [c.due for c in found] == [2 * HOUR, 4 * HOUR, 5 * HOUR]


def test_an_interval_longer_than_its_part_gives_one_checkpoint_at_the_end() -> None:
    assert [c.due for c in checkpoints(watch(Every(interval=DAY, until=HOUR)))] == [HOUR]


def test_an_interval_of_zero_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="no schedule"):
        checkpoints(watch(Every(interval=timedelta(0), until=HOUR)))


def test_at_pace_one_samples_come_as_often_as_the_plan_says() -> None:
    [first, second] = timetable(watch(Every(interval=MINUTE, until=2 * MINUTE)), pace=1)
    assert first.samples == (15.0, 30.0, 45.0, 60.0)
    assert second.samples == (75.0, 90.0, 105.0, 120.0)


def test_an_interval_shorter_than_its_samples_is_sampled_more_often() -> None:
    [only] = timetable(watch(Every(interval=timedelta(seconds=6), until=timedelta(seconds=6))), pace=1)
    assert only.samples == pytest.approx((2.0, 4.0, 6.0))


def test_a_rehearsal_divides_the_window_by_its_pace() -> None:
    assert real_length(watch(Every(interval=HOUR, until=DAY)), pace=1440) == pytest.approx(60.0)


def test_a_rehearsal_lengthens_a_checkpoint_to_hold_its_samples_and_leaves_none_out() -> None:
    table = timetable(watch(*THINNING), pace=1_000_000)
    assert len(table) == 263
    # Two more than the three that must be good: nobody may have asked meanwhile.
    assert table[0].samples == pytest.approx((0.2, 0.4, 0.6, 0.8, 1.0))
    assert table[-1].end == pytest.approx(263)


PARTS = st.lists(
    st.builds(Every, interval=st.timedeltas(20 * MINUTE, DAY), until=st.timedeltas(MINUTE, 2 * DAY)),
    min_size=1,
    max_size=3,
).map(lambda parts: sorted(parts, key=lambda part: part.until))


@settings(deadline=None, max_examples=50)
@given(PARTS, st.floats(1, 1e6), st.integers(1, 10))
def test_any_timetable_is_gapless_forward_and_holds_enough_samples(
    parts: list[Every], pace: float, good: int
) -> None:
    plan = watch(*parts, sample_every=10 * MINUTE, good=good)
    table = timetable(plan, pace)
    assert table == timetable(plan, pace)
    assert table[0].begin == 0
    assert all(one.end == other.begin for one, other in pairwise(table))
    for appointment in table:
        moments = (appointment.begin, *appointment.samples)
        assert len(appointment.samples) >= good
        assert all(a < b for a, b in pairwise(moments))
        assert appointment.samples[-1] == pytest.approx(appointment.end)
    assert [a.checkpoint for a in table] == checkpoints(plan)
    assert table[-1].checkpoint.due == parts[-1].until
    assert real_length(plan, pace) >= parts[-1].until.total_seconds() / pace - 1e-6


def test_a_watch_beside_people_lasts_as_long_as_the_slowest_may_take() -> None:
    beside = meanwhile(watch(*THINNING, sample_every=MINUTE), [HOUR, 3 * HOUR], "While people answer")
    assert beside.length == 3 * HOUR + 5 * MINUTE
    assert [c.due for c in checkpoints(beside)][:2] == [15 * MINUTE, 30 * MINUTE]


@pytest.mark.parametrize(("pace", "faster"), [(1, 1), (10, 10), (17_280, 60)])
def test_people_take_as_long_in_a_rehearsal_and_only_the_samples_come_faster(
    pace: float, faster: int
) -> None:
    limit = Threshold(metric="errors", severity=Severity.HIGH, above=5, lasting=10 * MINUTE)
    planned = replace(watch(*THINNING, sample_every=MINUTE), thresholds=[limit])
    beside = beside_people(meanwhile(planned, [HOUR], "While people answer"), pace)
    assert real_length(beside, 1) == 65 * 60
    assert len(checkpoints(beside)) == 5
    assert beside.sample_every == MINUTE / faster
    assert [each.lasting for each in beside.thresholds] == [10 * MINUTE / faster]
