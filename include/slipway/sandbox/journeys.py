"""What users do: sequences of requests, endless and different for many users."""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from slipway.sandbox import seed
from slipway.sandbox.layout import Environment, Place, System


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request of a journey; the answer is sent back into the journey."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


PROJECTIONS = {"salary": 6000, "floor": 9, "median": 15, "ceiling": 23}
PRACTICE_POOL = [{"name": f"Practice {p}", "position": p, **PROJECTIONS} for p in seed.POSITIONS]
Journey = Generator[Step, dict[str, Any], None]
# The first users are left to the checks of plans: an undo takes back the last thing that its user did.
CHECKERS = 3
# Each in turn: a second login of one user would end the session of the first.
_TURNS = itertools.cycle(range(CHECKERS, seed.SYNTHETIC_USERS))
Version = Callable[[], str]  # what the service says it is now; v2 has more to offer


def journeys(place: Place, dice: random.Random, version: Version) -> Iterator[Journey]:
    """Yield journeys forever: generators of steps."""
    make = _MAKERS[place.system]
    while True:
        yield make(place, dice, version() != "v1")


def _planner(place: Place, dice: random.Random, is_new: bool) -> Journey:
    known = seed.PRODUCTION_USERS if place.environment is Environment.PRODUCTION else seed.STAGING_USERS
    kind = dice.random()
    if kind < 0.85:
        return _read_tasks(dice.randint(1, known), dice)
    if kind < 0.95:
        return _change_a_task(seed.SYNTHETIC_USER + dice.randrange(CHECKERS, seed.SYNTHETIC_USERS), is_new)
    return _session(next(_TURNS))


def _read_tasks(user: int, dice: random.Random) -> Journey:
    headers = {"X-User": str(user)}
    answer = yield Step(method="GET", path="/api/tasks", headers=headers)
    if answer.get("tasks") and dice.random() < 0.3:
        yield Step(method="GET", path=f"/api/tasks/{dice.choice(answer['tasks'])['id']}", headers=headers)


def _change_a_task(user: int, is_new: bool) -> Journey:
    headers, due = {"X-User": str(user)}, "2026-03-01T09:00:00+00:00"
    title = f"Prepare the quarterly review {secrets.token_hex(4)}"  # no task is there twice
    body = {"title": title, "estimate": "45", "due": due}
    made = yield Step(method="POST", path="/api/tasks", body=body, headers=headers)
    if "id" not in made:
        return
    path = f"/api/tasks/{made['id']}"
    yield Step(method="PUT", path=path, body={"status": "done"}, headers=headers)
    if is_new:
        yield Step(method="GET", path="/api/tools", headers=headers)
    yield Step(method="DELETE", path=path, headers=headers)


def _session(number: int, path: str = "/api/tasks") -> Journey:
    account = {"user": f"synthetic-{number}", "password": seed.SYNTHETIC_PASSWORD}
    answer = yield Step(method="POST", path="/login", body=account)
    headers = {"Authorization": f"Bearer {answer.get('token', '')}"}
    yield Step(method="GET", path=path, headers=headers)
    yield Step(method="POST", path="/logout", headers=headers)


def _calibration(place: Place, dice: random.Random, is_new: bool) -> Journey:
    weeks = seed.CURRENT_WEEK if place.environment is Environment.PRODUCTION else 1
    return _read_pool(seed.CURRENT_WEEK - dice.randrange(weeks), dice, is_new)


def _read_pool(week: int, dice: random.Random, is_new: bool) -> Journey:
    headers, position = {"X-User": str(dice.randint(1, 5000))}, dice.choice(seed.POSITIONS)
    yield Step(method="GET", path=f"/api/player-pools/{week}?position={position}", headers=headers)
    yield Step(method="GET", path=f"/api/smart-score/{week}?position={position}", headers=headers)
    if dice.random() < 0.15:
        yield Step(method="GET", path=f"/api/lineup/{week}", headers=headers)
    if dice.random() < 0.05:
        path = f"/api/player-pools/{seed.SYNTHETIC_WEEK + dice.randrange(10)}/import"
        yield Step(method="POST", path=path, body={"players": PRACTICE_POOL}, headers=headers)
    if is_new and dice.random() < 0.1:
        yield Step(method="GET", path=f"/api/calibration/{week}/status", headers=headers)


def _scores(place: Place, dice: random.Random, is_new: bool) -> Journey:
    known = seed.PRODUCTION_USERS if place.environment is Environment.PRODUCTION else seed.STAGING_USERS
    kind = dice.random()
    if kind < 0.85:
        return _read_assessments(dice.randint(1, known), dice)
    if kind < 0.95:
        return _change_an_assessment(
            seed.SYNTHETIC_USER + dice.randrange(CHECKERS, seed.SYNTHETIC_USERS), is_new
        )
    return _session(next(_TURNS), "/api/assessments")


def _read_assessments(user: int, dice: random.Random) -> Journey:
    headers = {"X-User": str(user)}
    answer = yield Step(method="GET", path="/api/assessments", headers=headers)
    if answer.get("assessments") and dice.random() < 0.3:
        path = f"/api/assessments/{dice.choice(answer['assessments'])['id']}"
        yield Step(method="GET", path=path, headers=headers)
        yield Step(method="GET", path=f"{path}/report", headers=headers)


def _change_an_assessment(user: int, is_new: bool) -> Journey:
    headers, results = {"X-User": str(user)}, {"push_up": "24", "step_test": "90"}
    body = {"client": f"Practice {secrets.token_hex(4)}", **results}
    made = yield Step(method="POST", path="/api/assessments", body=body, headers=headers)
    if "id" not in made:
        return
    path = f"/api/assessments/{made['id']}"
    yield Step(method="PUT", path=path, body={"push_up": "30"}, headers=headers)
    if is_new:  # refused where the flag does not reach this user
        yield Step(method="PUT", path=path, body={"manual": {"push_up": 4}}, headers=headers)
    yield Step(method="DELETE", path=path, headers=headers)


def _goals(place: Place, dice: random.Random, is_new: bool) -> Journey:
    from slipway.sandbox import journeys_goals  # it builds on this module

    return journeys_goals.journey(place, dice, is_new)


def _communityshare(place: Place, dice: random.Random, is_new: bool) -> Journey:
    from slipway.sandbox import journeys_communityshare  # it builds on this module

    return journeys_communityshare.journey(place, dice, is_new)


_MAKERS: Mapping[System, Callable[[Place, random.Random, bool], Journey]] = MappingProxyType(
    {
        System.PLANNER: _planner,
        System.CALIBRATION: _calibration,
        System.SCORES: _scores,
        System.GOALS: _goals,
        System.COMMUNITYSHARE: _communityshare,
    }
)
