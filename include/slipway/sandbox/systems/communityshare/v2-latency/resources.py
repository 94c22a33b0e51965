"""What neighbours lend, and who has booked it."""

import condition
from batch import BATCH
from database import row, rows
from users import number, required
from web import Refused

FIELDS = "id, user_id, title, kind, condition"
NEEDS = {"resources": FIELDS, "bookings": "id, user_id, resource_id, day"}


def near(user, limit=20):
    """The resources around a user: a page of the list, a different one for each user."""
    return rows(
        f"SELECT {FIELDS} FROM resources WHERE id > %s %% (SELECT greatest(max(id) - 500, 1) FROM resources)"
        " ORDER BY id LIMIT %s",
        [user, limit],
    )


def list_resources(app, request):
    found = near(required(request))
    for resource in found:
        resource["fit"] = condition.fit(resource["condition"])
        resource["appeal"] = sum(BATCH.score_one(resource[part]) for part in ("title", "kind", "condition"))
    return {"resources": found, "count": len(found)}


def one(identity):
    found = row(f"SELECT {FIELDS} FROM resources WHERE id = %s", [number(identity)])
    if found is None:
        raise Refused(404, f"no resource {identity}")
    return found


def get_resource(app, request):
    found = one(request.arguments["id"])
    return {**found, "fit": condition.fit(found["condition"])}


def book(app, request):
    user, resource = required(request), one(request.arguments["id"])
    return row(
        "INSERT INTO bookings (user_id, resource_id, day) VALUES (%s, %s, %s) RETURNING id, resource_id, day",
        [user, resource["id"], str(request.body.get("day", "2026-01-01"))],
    )


def cancel(app, request):
    gone = row(
        "DELETE FROM bookings WHERE id = %s AND user_id = %s RETURNING id",
        [number(request.arguments["id"]), required(request)],
    )
    if gone is None:
        raise Refused(404, f"no booking {request.arguments['id']} of this user")
    return {"cancelled": gone["id"]}
