"""Data of the environments: staging is small and tidy, production is large and messy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import psycopg

from slipway.sandbox.layout import Environment, System

Connection = psycopg.Connection[tuple[object, ...]]

# Rows of these belong to the load generator and to journeys; fingerprints leave them out.
SYNTHETIC_USER = 1_000_000
SYNTHETIC_WEEK = 9_000
SYNTHETIC_USERS = 50
SYNTHETIC_PASSWORD = "practice"

STAGING_USERS, TASKS_PER_STAGING_USER = 25, 2
PRODUCTION_USERS, TASKS_PER_PRODUCTION_USER = 1_000, 20
CURRENT_WEEK = 18
POSITIONS = ("QB", "RB", "WR", "TE", "K", "DST")
VERBS = ("Call", "Write to", "Plan with", "Review with", "Invoice", "Visit", "Thank", "Remind")
NAMES = ("Ada", "Bruno", "Chidi", "Dana", "Emeka", "Freya", "Goran", "Hana", "Ines", "Jonas", "Kofi")
TEAMS = ("ATL", "BUF", "CHI", "DAL", "GB", "KC", "LAR", "NYJ", "SEA", "TB")


def seed(connection: Connection, system: System, environment: Environment) -> None:
    """Fill the empty tables of a system at v1's schema; the same rows each time."""
    _SEEDS[system](connection, environment)
    connection.execute("ANALYZE")


def _seed_planner(connection: Connection, environment: Environment) -> None:
    messy = environment is Environment.PRODUCTION
    users = PRODUCTION_USERS if messy else STAGING_USERS
    each = TASKS_PER_PRODUCTION_USER if messy else TASKS_PER_STAGING_USER
    _copy(connection, "users (id, name)", [(u, f"user-{u}") for u in range(1, users + 1)])
    password = hashlib.sha256(SYNTHETIC_PASSWORD.encode()).hexdigest()
    synthetic = [(SYNTHETIC_USER + n, f"synthetic-{n}", password) for n in range(SYNTHETIC_USERS)]
    _copy(connection, "users (id, name, password_hash)", synthetic)
    tasks = [_task(user, n, messy) for user in range(1, users + 1) for n in range(each)]
    _copy(connection, "tasks (user_id, title, status, priority, estimate, due, created_at)", tasks)
    for model in ("goals", "events", "habits", "notes"):
        rows = [_task(user, 0, messy) for user in range(1, users + 1)]
        _copy(
            connection,
            f"{model} (user_id, title, status, priority, created_at)",
            [(user, title, status, priority, at) for user, title, status, priority, _, _, at in rows],
        )


def _task(user: int, n: int, messy: bool) -> tuple[object, ...]:
    title = f"{VERBS[(user + n) % len(VERBS)]} {NAMES[(user * 7 + n) % len(NAMES)]} about {user}-{n}"
    status = ("open", "doing", "done")[(user + n) % 3]
    priority: str | None = ("low", "normal", "high")[(user * 3 + n) % 3]
    estimate: str | None = str(15 * (1 + n % 4))
    if messy:
        priority = (priority, "High ", "URGENT!!", None, "")[(user + n * 3) % 5]
        status = (status, " Done", "In progress", status, status)[(user * 3 + n) % 5]
        if n == 4 and user % 5 == 3:  # a fifth of the users type their estimates
            estimate = ("1h30", "2 h", "soon")[user % 3]
        if n == 5 and user % 6 == 1:  # pasted e-mails
            title += " - " + "forwarded, please see below; " * 8
        if n == 7 and user % 9 == 2:  # the same task twice
            title = f"{VERBS[(user + 6) % len(VERBS)]} {NAMES[(user * 7 + 6) % len(NAMES)]} about {user}-6"
    hour, day = (user + n) % 24, 1 + (user + n * 5) % 28
    due, created_at = f"2026-02-{day:02}T{hour:02}:00Z", f"2026-01-{day:02}T12:00Z"
    return user, title, status, priority, estimate, due, created_at


def _seed_calibration(connection: Connection, environment: Environment) -> None:
    messy = environment is Environment.PRODUCTION
    weeks, each = (range(1, CURRENT_WEEK + 1), 185) if messy else (range(CURRENT_WEEK, CURRENT_WEEK + 1), 3)
    rows: list[tuple[object, ...]] = [(w, 2025, w, w == CURRENT_WEEK) for w in weeks]
    rows += [(SYNTHETIC_WEEK + n, 2099, n, False) for n in range(10)]
    _copy(connection, "weeks (id, season, number, is_current)", rows)
    players = [_player(w, p, n, messy) for w in weeks for p in range(len(POSITIONS)) for n in range(each)]
    columns = "week_id, name, team, position, salary, floor, median, ceiling, status, created_at"
    _copy(connection, f"player_pools ({columns})", players)


def _player(week: int, position: int, n: int, messy: bool) -> tuple[object, ...]:
    name = f"{NAMES[(n + position) % len(NAMES)]} {POSITIONS[position]}{n}"
    median = round(4 + ((n * 37 + position * 11 + week * 5) % 190) / 10, 2)
    projections: tuple[float | None, ...] = (round(median * 0.6, 2), median, round(median * 1.5, 2))
    salary, status = 3000 + 100 * ((n * 13 + position + week) % 60), "ACTIVE"
    if messy:
        if n % 31 == 5:
            status = "OUT"
        if n % 17 == 3 and (week + position) % 4 == 0:  # players who joined late, before their numbers came
            projections = (None, round(20 + n % 4, 2), None)
        if n % 90 == 89:  # traded: in the pool of both teams
            name = f"{NAMES[(n - 1 + position) % len(NAMES)]} {POSITIONS[position]}{n - 1}"
    team, day = TEAMS[(n + position) % len(TEAMS)], 1 + (week + n) % 28
    return week, name, team, POSITIONS[position], salary, *projections, status, f"2026-01-{day:02}T12:00Z"


def _seed_scores(connection: Connection, environment: Environment) -> None:
    messy = environment is Environment.PRODUCTION
    users = PRODUCTION_USERS if messy else STAGING_USERS
    each = TASKS_PER_PRODUCTION_USER if messy else TASKS_PER_STAGING_USER
    password = hashlib.sha256(SYNTHETIC_PASSWORD.encode()).hexdigest()
    trainers: list[tuple[object, ...]] = [(u, f"trainer-{u}", None) for u in range(1, users + 1)]
    trainers += [(SYNTHETIC_USER + n, f"synthetic-{n}", password) for n in range(SYNTHETIC_USERS)]
    _copy(connection, "users (id, name, password_hash)", trainers)
    columns = "user_id, client, taken_on, overhead_squat, push_up, toe_touch, farmer_carry, step_test"
    rows = [_assessment(user, n, messy) for user in range(1, users + 1) for n in range(each)]
    kept = (SYNTHETIC_USER + 2, "Kept for checks", "2026-02-01", "20", "20", "20", "20", "20")
    _copy(connection, f"assessments ({columns})", [*rows, kept])


def _assessment(user: int, n: int, messy: bool) -> tuple[object, ...]:
    client = f"{NAMES[(user * 7 + n) % len(NAMES)]} {user}-{n}"
    results: list[str | None] = [str(10 + (user * 3 + n * 7 + test * 13) % 45) for test in range(5)]
    if messy:
        results[4] = None if (user + n) % 4 == 0 else results[4]
        if n == 4 and user % 5 == 3:  # a fifth of the trainers write what they counted
            results[1], results[3] = f"{results[1]} reps", "1:30"
        if n == 7 and user % 9 == 2:  # the same client twice on a day
            client = f"{NAMES[(user * 7 + 6) % len(NAMES)]} {user}-6"
    return user, client, f"2026-02-{1 + (user + n // 2 * 2) % 28:02}", *results


def _seed_goals(connection: Connection, environment: Environment) -> None:
    from slipway.sandbox import seed_goals  # it builds on this module

    for target, rows in seed_goals.tables(environment):
        _copy(connection, target, rows)


def _seed_communityshare(connection: Connection, environment: Environment) -> None:
    from slipway.sandbox import seed_communityshare  # beside the one above

    for target, rows in seed_communityshare.tables(environment):
        _copy(connection, target, rows)


def _copy(connection: Connection, target: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_SEEDS: dict[System, Callable[[Connection, Environment], None]] = {
    System.PLANNER: _seed_planner,
    System.CALIBRATION: _seed_calibration,
    System.GOALS: _seed_goals,
    System.SCORES: _seed_scores,
    System.COMMUNITYSHARE: _seed_communityshare,
}
