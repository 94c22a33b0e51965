"""What neighbours do: look around, book, cancel; and schedule maintenance where they have the feature."""

from __future__ import annotations

import itertools
import random
import secrets

from slipway.sandbox.journeys import Journey, Step
from slipway.sandbox.layout import Environment, Place
from slipway.sandbox.seed_communityshare import BETA, INTERNAL, PRACTICE, PRODUCTION_USERS, STAGING_USERS

SCHEDULES = "/api/maintenance/schedules"
_INTERNAL = itertools.cycle(INTERNAL)  # each in turn: all of them are to have tried it


def journey(place: Place, dice: random.Random, is_new: bool) -> Journey:
    """Return one journey."""
    known = PRODUCTION_USERS if place.environment is Environment.PRODUCTION else STAGING_USERS
    kind = dice.random()
    if kind < 0.75:
        return _look_around(dice.randint(1, known), dice)
    if kind < 0.85 or not is_new:
        return _book(dice.choice(PRACTICE), dice)
    if kind < 0.9:
        return _calendar(dice.randint(1, known))
    if kind < 0.95:
        return _schedule(next(_INTERNAL))
    return _schedule(dice.choice(dice.choice((BETA, PRACTICE))))


def _look_around(user: int, dice: random.Random) -> Journey:
    headers = {"X-User": str(user)}
    answer = yield Step(method="GET", path="/api/resources", headers=headers)
    if answer.get("resources") and dice.random() < 0.2:
        yield Step(
            method="GET", path=f"/api/resources/{dice.choice(answer['resources'])['id']}", headers=headers
        )


def _book(user: int, dice: random.Random) -> Journey:
    headers = {"X-User": str(user)}
    path, body = f"/api/resources/{dice.randint(1, 15)}/bookings", {"day": "2026-03-01"}
    made = yield Step(method="POST", path=path, body=body, headers=headers)
    if "id" in made:
        yield Step(method="DELETE", path=f"/api/bookings/{made['id']}", headers=headers)


def _calendar(user: int) -> Journey:
    yield Step(method="GET", path=SCHEDULES, headers={"X-User": str(user)})


def _schedule(user: int) -> Journey:
    """Look at the calendar; the first schedule stays, further ones are completed and removed."""
    headers, title = {"X-User": str(user)}, f"Oil the chain {secrets.token_hex(4)}"
    answer = yield Step(method="GET", path=SCHEDULES, headers=headers)
    if "schedules" not in answer:  # not enabled
        return
    body = {"resource_id": 1, "title": title, "frequency": "monthly", "next_due": "2099-01-01"}
    made = yield Step(method="POST", path=SCHEDULES, body=body, headers=headers)
    if "id" not in made or not answer["schedules"]:
        return
    path = f"{SCHEDULES}/{made['id']}"
    yield Step(method="POST", path=f"{path}/complete", body={"note": "done"}, headers=headers)
    yield Step(method="GET", path="/api/maintenance/logs", headers=headers)
    yield Step(method="DELETE", path=path, headers=headers)
