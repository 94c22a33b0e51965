"""Until when a DEFER puts the question off."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from slipway.errors import SlipwayError


class DeferRefused(SlipwayError):
    """A DEFER whose time cannot be used; the question is asked again."""

    def __init__(self, text: str, why: str) -> None:
        self.text = text
        super().__init__(
            f'defer_until is "{text}": {why}. '
            "Write HH:MM, or a time with its zone such as 2026-03-07T06:00+01:00."
        )


def defer_until(text: str, *, now: datetime, at_most: timedelta, zone: tzinfo = UTC) -> datetime:
    """Read the moment to ask again at: "HH:MM" in `zone`, or an ISO time with zone.

    :param at_most: the furthest that the plan allows
    :raises DeferRefused: when it is unreadable, has no zone, is past, or too far away
    """
    moment = _read(text.strip(), now.astimezone(zone))
    if moment <= now:
        raise DeferRefused(text, "that is not in the future")
    if moment - now > at_most:
        raise DeferRefused(text, f"the plan allows at most {at_most} from now")
    return moment


def _read(text: str, now: datetime) -> datetime:
    if len(text) <= len("HH:MM"):
        return _next(text, now)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DeferRefused(text, "that is not a time") from None
    if moment.tzinfo is None:
        raise DeferRefused(text, "it has no zone")
    return moment


def _next(text: str, now: datetime) -> datetime:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise DeferRefused(text, "that is not a time") from None
    today = datetime.combine(now.date(), clock, now.tzinfo)
    return today if today > now else datetime.combine(now.date() + timedelta(days=1), clock, now.tzinfo)
