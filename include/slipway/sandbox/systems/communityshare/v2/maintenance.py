"""Maintenance schedules, their history, and alerts when something is due; for whom the flag enables it."""

from datetime import date

import flags
import metrics
import resources
from database import row, rows
from users import number, required
from web import Refused, require_token

FIELDS = "id, user_id, resource_id, title, frequency, status, next_due, alerts"
NEEDS = {"maintenance_schedules": FIELDS, "maintenance_logs": "id, schedule_id, user_id, note, done_at"}
FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly")
AT_ONCE = 20  # alerts of one run at the most
RUNS = metrics.Counter("maintenance_job_runs", "Runs of the nightly job", ["outcome"])
ALERTS = metrics.Counter("maintenance_alerts", "Alerts", ["outcome"])
for outcome in ("succeeded", "failed"):
    RUNS.labels(outcome)
for outcome in ("generated", "delivered"):
    ALERTS.labels(outcome)


def _user(request):
    """The user who asks; whoever does not have the feature finds nothing here."""
    user = required(request)
    if not flags.enabled(flags.MAINTENANCE, user):
        raise Refused(404, f"nothing at {request.method} {request.path}")
    return user


def _one(request):
    found = row(
        f"SELECT {FIELDS} FROM maintenance_schedules WHERE id = %s AND user_id = %s",
        [number(request.arguments["id"]), _user(request)],
    )
    if found is None:
        raise Refused(404, f"no schedule {request.arguments['id']} of this user")
    return found


def calendar(app, request):
    found = rows(
        f"SELECT {FIELDS} FROM maintenance_schedules WHERE user_id = %s ORDER BY next_due, id LIMIT 50", [_user(request)]
    )
    return {"schedules": found, "count": len(found)}


def create(app, request):
    user, body = _user(request), request.body
    if body.get("frequency") not in FREQUENCIES or not body.get("title"):
        raise Refused(422, f"title, and a frequency of {', '.join(FREQUENCIES)}")
    try:
        due = date.fromisoformat(str(body.get("next_due")))
    except ValueError as error:
        raise Refused(422, f"next_due: {error}") from error
    resource = resources.one(body.get("resource_id"))
    made = row(
        "INSERT INTO maintenance_schedules (user_id, resource_id, title, frequency, next_due)"
        f" VALUES (%s, %s, %s, %s, %s) RETURNING {FIELDS}",
        [user, resource["id"], body["title"], body["frequency"], due],
    )
    _notify(user, f"Maintenance is scheduled: {body['title']}")
    return made


def complete(app, request):
    schedule = _one(request)
    row("UPDATE maintenance_schedules SET status = 'completed' WHERE id = %s", [schedule["id"]])
    return row(
        "INSERT INTO maintenance_logs (schedule_id, user_id, note) VALUES (%s, %s, %s)"
        " RETURNING id, schedule_id, note",
        [schedule["id"], schedule["user_id"], str(request.body.get("note", ""))],
    )


def history(app, request):
    found = rows(
        "SELECT id, schedule_id, note, done_at FROM maintenance_logs WHERE user_id = %s ORDER BY id DESC LIMIT 50",
        [_user(request)],
    )
    return {"logs": found, "count": len(found)}


def remove(app, request):
    row("DELETE FROM maintenance_schedules WHERE id = %s", [_one(request)["id"]])
    return {"deleted": number(request.arguments["id"])}


def check(app, request):
    """What the nightly job asks for: alert the owners of what is due."""
    require_token(request)
    try:
        due = rows(
            "SELECT user_id, title FROM maintenance_schedules WHERE status = 'scheduled' AND alerts"
            " AND next_due <= current_date ORDER BY next_due, id LIMIT %s",
            [AT_ONCE],
        )
        for schedule in due:
            ALERTS.labels("generated").inc()
            _notify(schedule["user_id"], f"Maintenance is due: {schedule['title']}")
            ALERTS.labels("delivered").inc()
    except Exception:
        RUNS.labels("failed").inc()
        raise
    RUNS.labels("succeeded").inc()
    return {"due": len(due)}


def _notify(user, subject):
    """Hand a message to the Notification Service."""
    row("INSERT INTO notifications (user_id, subject) VALUES (%s, %s)", [user, subject])
