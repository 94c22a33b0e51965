"""Employees and their skills: tidy on staging, as people really type them on production."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from slipway.sandbox import seed
from slipway.sandbox.layout import Environment

STAGING_USERS, SKILLS_PER_STAGING_USER = 20, 2
PRODUCTION_USERS, SKILLS_PER_PRODUCTION_USER = 800, 20
SKILLS = (
    *("Accounting", "Analysis", "Budgeting", "Coaching", "Contracts", "Design", "Editing", "Facilitation"),
    *("Forecasting", "Hiring", "Interviewing", "Logistics", "Marketing", "Mediation", "Negotiation"),
    *("Planning", "Presenting", "Purchasing", "Research", "Sales", "Statistics", "Teaching", "Testing"),
)
AS_TYPED = ("3-4", "Advanced (self-assessed)", "Level 2, see last review")
Rows = list[tuple[object, ...]]


def tables(environment: Environment) -> Iterator[tuple[str, Rows]]:
    """Yield tables with their columns, and the rows; the same each time."""
    messy = environment is Environment.PRODUCTION
    users = PRODUCTION_USERS if messy else STAGING_USERS
    yield "users (id, name)", [(user, f"employee-{user}") for user in range(1, users + 1)]
    password = hashlib.sha256(seed.SYNTHETIC_PASSWORD.encode()).hexdigest()
    synthetic = range(seed.SYNTHETIC_USERS)
    yield (
        "users (id, name, password_hash)",
        [(seed.SYNTHETIC_USER + n, f"synthetic-{n}", password) for n in synthetic],
    )
    each = SKILLS_PER_PRODUCTION_USER if messy else SKILLS_PER_STAGING_USER
    rows = [_skill(user, n, messy) for user in range(1, users + 1) for n in range(each)]
    rows += [_skill(seed.SYNTHETIC_USER + n, n, messy=False) for n in synthetic]
    yield "skills (user_id, name, level, target, rated_at)", rows


def _skill(user: int, n: int, messy: bool) -> tuple[object, ...]:
    name, level = SKILLS[(user + n) % len(SKILLS)], f"L{(user + n * 3) % 5}"
    if messy and n == 6 and user % 5 == 2:  # a fifth of the employees rate themselves in words
        level = AS_TYPED[user % 3]
    if messy and n == 9 and user % 11 == 4:  # the same skill twice
        name = SKILLS[(user + 8) % len(SKILLS)]
    return user, name, level, f"L{min(5, (user + n * 3) % 5 + 1)}", f"2026-01-{1 + (user + n) % 28:02}T12:00Z"
