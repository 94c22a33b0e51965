"""Tasks of a user."""

from database import row, rows
from users import required
from web import Refused

FIELDS = "id, user_id, title, status, priority, estimate, due"
NEEDS = {"tasks": FIELDS, "users": "id, name, password_hash", "sessions": "user_id, token"}
NEEDS["feature_flags"] = "name, enabled, percentage"


def of_user(user, limit=25):
    return rows(f"SELECT {FIELDS} FROM tasks WHERE user_id = %s ORDER BY id LIMIT %s", [user, limit])


def one(request):
    found = row(
        f"SELECT {FIELDS} FROM tasks WHERE id = %s AND user_id = %s",
        [number(request.arguments["id"]), required(request)],
    )
    if found is None:
        raise Refused(404, f"user {request.user} has no task {request.arguments['id']}")
    return found


def number(text):
    if not text.isdigit():
        raise Refused(400, f"{text!r} is not an id")
    return int(text)


def list_tasks(app, request):
    tasks = of_user(required(request))
    return {"tasks": tasks, "count": len(tasks)}


def get_task(app, request):
    return one(request)


def create_task(app, request):
    title = request.body.get("title")
    if not isinstance(title, str) or not 0 < len(title) <= 1000:
        raise Refused(422, "title: 1 to 1000 characters")
    return row(
        "INSERT INTO tasks (user_id, title, priority, estimate, due)"
        f" SELECT id, %s, %s, %s, %s::timestamptz FROM users WHERE id = %s RETURNING {FIELDS}",
        [title, *(request.body.get(k) for k in ("priority", "estimate", "due")), required(request)],
    ) or _unknown(request)


def _unknown(request):
    raise Refused(404, f"no user {request.user}")


def update_task(app, request):
    before = one(request)
    wanted = {**before, **{k: v for k, v in request.body.items() if k in ("title", "status", "priority", "estimate")}}
    return row(
        f"UPDATE tasks SET title = %s, status = %s, priority = %s, estimate = %s WHERE id = %s RETURNING {FIELDS}",
        [wanted["title"], wanted["status"], wanted["priority"], wanted["estimate"], before["id"]],
    )


def delete_task(app, request):
    task = one(request)
    row("DELETE FROM tasks WHERE id = %s", [task["id"]])
    return {"deleted": task["id"]}
