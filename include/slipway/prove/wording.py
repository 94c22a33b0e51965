"""How a fault names things: quoted, with the nearest valid one first."""

from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches


def listed(names: Iterable[str]) -> str:
    """Return the names quoted and in their order, "none" if there are none."""
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names)) or "none"


def choose(name: str, valid: Iterable[str], noun: str) -> str:
    """Return the mend for an unknown name: the nearest valid one, then all of them."""
    valid = list(dict.fromkeys(valid))
    near = get_close_matches(name, valid, n=1)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return f"{hint}Valid {noun}: {listed(valid)}"


def spoken(duration: timedelta) -> str:
    """Return a duration as people say it, largest unit first: "1 day 2 hours", "45 seconds"."""
    if duration < timedelta(0):
        return f"minus {spoken(-duration)}"
    seconds = duration.total_seconds()
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:.0f} {unit}" + ("s" if count != 1 else ""))
    if seconds or not parts:
        parts.append(f"{seconds:g} second" + ("s" if seconds != 1 else ""))
    return " ".join(parts)
