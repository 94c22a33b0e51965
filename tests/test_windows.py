"""When a deployment window is open."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.plan import Window
from slipway.windows import is_open, next_opening

NEW_YORK = ZoneInfo("America/New_York")
WEEKDAY_MORNING = Window(days=[0, 1, 2, 3, 4], start=time(6), end=time(8), timezone=NEW_YORK)
FRIDAY_NIGHT = Window(days=[4], start=time(22), end=time(2), timezone=NEW_YORK)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(2026, 3, 2, 5, 59), False),
        (local(2026, 3, 2, 6, 0), True),
        (local(2026, 3, 2, 7, 59), True),
        (local(2026, 3, 2, 8, 0), False),
        (local(2026, 3, 1, 7, 0), False),  # a Sunday
    ],
)
def test_a_window_holds_its_start_and_not_its_end(at: datetime, expected: bool) -> None:
    assert is_open([WEEKDAY_MORNING], at) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(2026, 3, 6, 23, 0), True),
        (local(2026, 3, 7, 1, 59), True),  # Saturday, still Friday's window
        (local(2026, 3, 7, 2, 0), False),
        (local(2026, 3, 7, 23, 0), False),
        (local(2026, 3, 6, 1, 0), False),  # Friday before dawn would be Thursday's window
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_starts_on(at: datetime, expected: bool) -> None:
    assert is_open([FRIDAY_NIGHT], at) is expected


def test_the_next_opening_is_in_local_time_on_both_sides_of_a_time_change() -> None:
    monday = Window(days=[0], start=time(6), end=time(8), timezone=NEW_YORK)
    assert next_opening([monday], local(2026, 3, 2, 9)) == datetime(2026, 3, 9, 10, tzinfo=UTC)  # summer time
    assert next_opening([monday], local(2026, 2, 23, 9)) == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_a_start_that_the_time_change_skips_opens_right_after_it() -> None:
    sunday = Window(days=[6], start=time(2, 30), end=time(5), timezone=NEW_YORK)
    opening = next_opening([sunday], local(2026, 3, 8, 0))
    assert opening == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # 3:30 summer time
    assert is_open([sunday], opening)


def test_no_windows_at_all_means_always() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_open([], at)
    assert next_opening([], at) == at


def test_a_window_without_days_never_opens() -> None:
    never = Window(days=[], start=time(6), end=time(8), timezone=NEW_YORK)
    assert next_opening([never], datetime(2026, 1, 1, tzinfo=UTC)) is None


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WINDOWS = st.builds(
    Window,
    days=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    start=st.times(),
    end=st.times(),
    timezone=st.sampled_from(
        [NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]
    ),
)


@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS)
def test_at_the_next_opening_a_window_is_open_and_not_just_before(
    windows: list[Window], at: datetime
) -> None:
    opening = next_opening(windows, at)
    if opening is None or opening == at:
        assert opening is None or is_open(windows, at)
        return
    assert opening > at
    assert is_open(windows, opening)
    assert not is_open(windows, opening - timedelta(microseconds=1))


@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS, st.floats(0.001, 0.999))
def test_no_window_is_open_before_the_next_opening(windows: list[Window], at: datetime, part: float) -> None:
    opening = next_opening(windows, at)
    if opening is not None and opening > at:
        assert not is_open(windows, at + (opening - at) * part)
