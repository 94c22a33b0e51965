"""Deployment windows: is one open, and when does the next one open."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from slipway.plan import Window


def is_open(windows: Sequence[Window], at: datetime) -> bool:
    """Tell whether a window is open at an aware time; no windows at all means always."""
    return not windows or any(_open(window, at) for window in windows)


def next_opening(windows: Sequence[Window], at: datetime) -> datetime | None:
    """Return when it is next open (UTC), `at` itself if it is open now, None if no window ever opens."""
    if is_open(windows, at):
        return at.astimezone(UTC)
    starts = [start for window in windows for start in _starts(window, at) if start > at]
    return min(starts, default=None)


def _open(window: Window, at: datetime) -> bool:
    today = at.astimezone(window.timezone).date()
    # A window that wraps past midnight belongs to the day before.
    return any(_contains(window, day, at) for day in (today, today - timedelta(days=1)))


def _contains(window: Window, day: date, at: datetime) -> bool:
    if day.weekday() not in window.days:
        return False
    return _instant(window, day) <= at < _end(window, day)


def _end(window: Window, day: date) -> datetime:
    wraps = window.end <= window.start
    last = day + timedelta(days=1) if wraps else day
    return datetime.combine(last, window.end, window.timezone).astimezone(UTC)


def _instant(window: Window, day: date) -> datetime:
    """Return the start as an instant; a wall time that daylight saving skips opens right after the gap."""
    return datetime.combine(day, window.start, window.timezone).astimezone(UTC)


def _starts(window: Window, at: datetime) -> Iterator[datetime]:
    today = at.astimezone(window.timezone).date()
    for ahead in range(9):  # a week and a day each side: every weekday once more, also across a time change
        day = today + timedelta(days=ahead)
        if day.weekday() in window.days and _instant(window, day) < _end(window, day):
            yield _instant(window, day)
