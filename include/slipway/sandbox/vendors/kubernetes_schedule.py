"""When a CronJob runs: what a Kubernetes API server refuses of its schedule and its time zone."""

import re
from functools import cache
from zoneinfo import available_timezones

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))  # minute, hour, day of month, month, day of week
_NAMES = {
    name: number
    for names in ("sun mon tue wed thu fri sat", " jan feb mar apr may jun jul aug sep oct nov dec")
    for number, name in enumerate(names.split(" "))
    if name
}
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_PART = re.compile(r"(\*|\?|[a-z0-9]+(?:-[a-z0-9]+)?)(?:/(\d+))?", re.IGNORECASE)


def schedule_fault(text: str) -> str:
    """Return what is wrong with a CronJob's schedule, "" if nothing is (five fields, or a macro)."""
    if "TZ" in text:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if text.startswith("@"):
        good = text in _MACROS or re.fullmatch(r"@every (\d+(h|m|s))+", text)
        return "" if good else f"unrecognized descriptor: {text}"
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(parts)}: [{text}]"
    wrong = [part for part, limits in zip(parts, _FIELDS, strict=True) if not _fits(part, *limits)]
    return f"failed to parse {wrong[0]}" if wrong else ""


def _fits(field: str, low: int, high: int) -> bool:
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match or match[2] == "0":
            return False
        if match[1] in "*?":
            continue
        bounds = [_NAMES.get(each.lower(), each) for each in match[1].split("-")]
        if not all(isinstance(each, int) or each.isdigit() for each in bounds):
            return False
        numbers = [int(each) for each in bounds]
        if numbers != sorted(numbers) or not all(low <= number <= high for number in numbers):
            return False
    return True


def time_zone_fault(name: str) -> str:
    """Return what is wrong with a CronJob's time zone, "" if nothing is."""
    if not name:
        return "must be nil or non-empty string"
    if name.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    return "" if name in _time_zones() else f"unknown time zone {name}"


@cache
def _time_zones() -> set[str]:
    return available_timezones()
