"""Feature flags in the database; a percentage reaches a stable share of the users."""

import hashlib
import time

from database import row, rows

_REMEMBER = 0.5  # seconds; a change made here is seen at once
_cache = {"until": 0.0, "flags": {}}


def all_flags():
    if time.monotonic() >= _cache["until"]:
        found = rows("SELECT name, enabled, percentage FROM feature_flags ORDER BY name")
        _cache["flags"] = {f["name"]: {"enabled": f["enabled"], "percentage": f["percentage"]} for f in found}
        _cache["until"] = time.monotonic() + _REMEMBER
    return _cache["flags"]


def put(name, enabled, percentage):
    """Change a flag that exists; None when there is no such flag."""
    changed = row(
        "UPDATE feature_flags SET enabled = %s, percentage = %s WHERE name = %s RETURNING enabled, percentage",
        [enabled, percentage, name],
    )
    _cache["until"] = 0.0
    return changed


def share(user):
    """The place of a user in 0..99; the same for every flag, so whoever has a feature keeps it as shares grow."""
    return int.from_bytes(hashlib.sha256(f"user {user}".encode()).digest()[:4], "big") % 100


def enabled(name, user):
    flag = all_flags().get(name)
    return bool(flag and flag["enabled"] and share(user or 0) < flag["percentage"])


def cohort(user, features):
    """b: the user has one of the new features; a: none of them."""
    return "b" if user is not None and any(enabled(name, user) for name in features) else "a"
