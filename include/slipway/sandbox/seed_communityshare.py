"""Neighbours and what they lend: a few on staging, ten thousand on production, who write what they like."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.sandbox.layout import Environment

STAGING_USERS, STAGING_RESOURCES = 20, 15
PRODUCTION_USERS, PRODUCTION_RESOURCES = 10_000, 2_000
# Users of the practice range itself, from this number on; fingerprints leave their rows out.
FIRST = 1_000_000
INTERNAL = range(FIRST, FIRST + 10)  # the internal team
BETA = range(FIRST + 10, FIRST + 110)  # community admins who opted in
PRACTICE = range(FIRST + 110, FIRST + 140)  # everybody else, as far as the load writes anything
TESTERS = range(FIRST + 140, FIRST + 152)  # of the seed data and of the plan's checks
KINDS = ("drill", "ladder", "tent", "bicycle", "projector", "mower", "trailer", "kayak")
CONDITIONS = ("new", "good", "worn", "Good ")
SERVICED = ("2025-03-14", "2025-08-01", None, "")
Rows = list[tuple[object, ...]]


def tables(environment: Environment) -> Iterator[tuple[str, Rows]]:
    """Yield tables with their columns, and the rows; the same each time."""
    messy = environment is Environment.PRODUCTION
    users = PRODUCTION_USERS if messy else STAGING_USERS
    yield "users (id, name)", [(user, f"neighbour-{user}") for user in range(1, users + 1)]
    yield "users (id, name)", [(user, f"practice-{user}") for user in range(FIRST, TESTERS.stop)]
    count = PRODUCTION_RESOURCES if messy else STAGING_RESOURCES
    rows = [_resource(n, 1 + n * 7 % users, messy) for n in range(count)]
    yield "resources (user_id, title, kind, condition, serviced_on)", rows


def _resource(n: int, user: int, messy: bool) -> tuple[object, ...]:
    kind, condition = KINDS[n % len(KINDS)], CONDITIONS[n % len(CONDITIONS)]
    title, serviced = f"{kind.capitalize()} {n} of neighbour {user}", SERVICED[n % len(SERVICED)]
    if messy:
        if n % 80 == 7:  # one on every fourth page of the list
            condition = "like new!!"
        if n % 90 == 11:
            serviced = "last spring"
        if n % 25 == 3:
            title += ", please ring twice and leave the key under the mat"
    return user, title, kind, condition, serviced
