"""What employees do in CPR: look at their skills, rate one, set themselves goals, log in and out."""

from __future__ import annotations

import random
import secrets

from slipway.sandbox import journeys, seed
from slipway.sandbox.journeys import CHECKERS, Journey, Step
from slipway.sandbox.layout import Environment, Place
from slipway.sandbox.seed_goals import PRODUCTION_USERS, STAGING_USERS


def journey(place: Place, dice: random.Random, is_new: bool) -> Journey:
    """Return one journey; personal goals are walked through once the version has them."""
    known = PRODUCTION_USERS if place.environment is Environment.PRODUCTION else STAGING_USERS
    kind = dice.random()
    if kind < 0.8:
        return _look(dice.randint(1, known))
    synthetic = dice.randrange(CHECKERS, seed.SYNTHETIC_USERS)
    if kind < 0.9:
        return (
            _set_goals(seed.SYNTHETIC_USER + synthetic) if is_new else _rate(seed.SYNTHETIC_USER + synthetic)
        )
    return _session(next(journeys._TURNS))


def _look(user: int) -> Journey:
    yield Step(method="GET", path="/api/me/skills", headers={"X-User": str(user)})


def _rate(user: int) -> Journey:
    headers = {"X-User": str(user)}
    answer = yield Step(method="GET", path="/api/me/skills", headers=headers)
    for skill in answer.get("skills", [])[:1]:
        yield Step(method="PUT", path=f"/api/me/skills/{skill['id']}", body={"level": "L3"}, headers=headers)


def _set_goals(user: int) -> Journey:
    headers, title = {"X-User": str(user)}, f"Lead a workshop {secrets.token_hex(4)}"
    answer = yield Step(method="GET", path="/api/me/goals", headers=headers)
    if "goals" not in answer:  # not enabled
        return
    made = yield Step(method="POST", path="/api/me/goals", body={"title": title}, headers=headers)
    if "id" not in made:
        return
    path = f"/api/me/goals/{made['id']}"
    yield Step(method="PUT", path=path, body={"progress": 50}, headers=headers)
    yield Step(method="DELETE", path=path, headers=headers)


def _session(number: int) -> Journey:
    account = {"user": f"synthetic-{number}", "password": seed.SYNTHETIC_PASSWORD}
    answer = yield Step(method="POST", path="/api/auth/login", body=account)
    headers = {"Authorization": f"Bearer {answer.get('token', '')}"}
    yield Step(method="GET", path="/api/me/skills", headers=headers)
    yield Step(method="POST", path="/api/auth/logout", headers=headers)
