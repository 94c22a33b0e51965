"""Until when a DEFER puts the question off."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slipway.gate.deferral import DeferRefused, defer_until

NOW = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("13:30", datetime(2026, 3, 7, 13, 30, tzinfo=UTC)),
        ("11:30", datetime(2026, 3, 8, 11, 30, tzinfo=UTC)),
        (" 13:30 ", datetime(2026, 3, 7, 13, 30, tzinfo=UTC)),
        ("2026-03-07T15:00+01:00", datetime(2026, 3, 7, 14, 0, tzinfo=UTC)),
        ("2026-03-07T14:00:00Z", datetime(2026, 3, 7, 14, 0, tzinfo=UTC)),
    ],
)
def test_a_clock_time_or_a_time_with_zone_is_read(text: str, moment: datetime) -> None:
    assert defer_until(text, now=NOW, at_most=DAY) == moment


def test_a_clock_time_is_of_the_plans_zone() -> None:
    moment = defer_until("14:00", now=NOW, at_most=DAY, zone=ZoneInfo("Europe/Berlin"))

    assert moment == datetime(2026, 3, 7, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a time"),
        ("soon", "not a time"),
        ("next monday", "not a time"),
        ("25:00", "not a time"),
        ("2026-03-07T14:00", "no zone"),
        ("2026-03-07T11:00Z", "not in the future"),
        ("2026-03-09T12:00Z", "at most 1 day"),
    ],
)
def test_any_other_time_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(DeferRefused, match=why):
        defer_until(text, now=NOW, at_most=DAY)
