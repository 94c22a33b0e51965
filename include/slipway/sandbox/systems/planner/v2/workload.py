"""How many minutes a user's tasks take, from estimates people typed."""

import re

_ESTIMATE = re.compile(r"\s*(?:(\d+)\s*h)?\s*(\d+)?\s*(?:m|min)?\s*", re.IGNORECASE)


def minutes(estimate):
    """Minutes of an estimate such as 45, 90 min, 1h30; 0 when it is none."""
    match = _ESTIMATE.fullmatch(estimate or "")
    if not match:
        return 0
    hours, rest = match.groups()
    return int(hours or 0) * 60 + int(rest or 0)
