"""Spans of time in words."""

from datetime import timedelta


def length(duration: timedelta) -> str:
    """Return a duration as people say it: "15 min", "6 h", "1 h 30 min", "7 d"."""
    seconds = round(duration.total_seconds())
    parts = [
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
