"""Personal goals of an employee, behind their feature switch."""

from datetime import date

import flags
import metrics
from database import row, rows
from people import required
from web import Refused

FEATURE = "Features:PersonalGoals:Enabled"
FIELDS = "id, user_id, title, skill_id, status, progress, deadline, created_at"
STATUSES = ("open", "in progress", "reached", "dropped")


def _owner(request):
    """Return who asks; what is switched off is not there."""
    user = required(request)
    if not flags.enabled(FEATURE, user):
        raise Refused(404, "personal goals are not enabled")
    metrics.FEATURE_USES.labels("personal_goals").inc()
    return user


def _checked(body):
    title, status, progress = body.get("title"), body.get("status", "open"), body.get("progress", 0)
    if not isinstance(title, str) or not 0 < len(title) <= 200:
        raise Refused(422, "title: 1 to 200 characters")
    if status not in STATUSES:
        raise Refused(422, f"status: one of {', '.join(STATUSES)}")
    if type(progress) is not int or not 0 <= progress <= 100:
        raise Refused(422, "progress: 0 to 100")
    return title, status, progress, deadline(body.get("deadline"))


def deadline(text):
    """Return the day of a deadline, None without one."""
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError) as error:
        raise Refused(422, f"deadline: {error}") from error


def _one(request, user):
    number = request.arguments["id"]
    found = number.isdigit() and row(
        f"SELECT {FIELDS} FROM goals WHERE id = %s AND user_id = %s", [int(number), user]
    )
    if not found:
        raise Refused(404, f"employee {user} has no goal {number}")
    return found


def list_goals(app, request):
    user = _owner(request)
    found = rows(f"SELECT {FIELDS} FROM goals WHERE user_id = %s ORDER BY id LIMIT 50", [user])
    return {"goals": found, "count": len(found)}


def create_goal(app, request):
    user = _owner(request)
    return row(
        "INSERT INTO goals (user_id, title, status, progress, deadline)"
        f" VALUES (%s, %s, %s, %s, %s) RETURNING {FIELDS}",
        [user, *_checked(request.body)],
    )


def get_goal(app, request):
    return _one(request, _owner(request))


def change_goal(app, request):
    goal = _one(request, _owner(request))
    wanted = {**goal, "deadline": goal["deadline"] and goal["deadline"].isoformat(), **request.body}
    return row(
        f"UPDATE goals SET title = %s, status = %s, progress = %s, deadline = %s WHERE id = %s RETURNING {FIELDS}",
        [*_checked(wanted), goal["id"]],
    )


def delete_goal(app, request):
    goal = _one(request, _owner(request))
    row("DELETE FROM goals WHERE id = %s", [goal["id"]])
    return {"deleted": goal["id"]}
