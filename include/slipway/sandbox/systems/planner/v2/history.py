"""The log of operations, and undoing the last ones."""

import json

import flags
import metrics
import tasks
from database import row, rows
from users import required
from web import Refused

KEPT_PER_USER = 20


def remember(user, operation, task_id, before=None):
    """Log an operation and make it undoable, as far as the user has these features."""
    if flags.enabled("logging_hooks", user):
        metrics.FEATURE_USES.labels("logging_hooks").inc()
        row("INSERT INTO operation_log (user_id, operation, task_id) VALUES (%s, %s, %s)", [user, operation, task_id])
        _trim("operation_log", user)
    if flags.enabled("undo_stack", user):
        row(
            "INSERT INTO undo_stack (user_id, operation, task_id, before) VALUES (%s, %s, %s, %s)",
            [user, operation, task_id, json.dumps(before, default=str)],
        )
        _trim("undo_stack", user)
        metrics.ENTRIES.labels("undo_stack").set(row("SELECT count(*) AS n FROM undo_stack")["n"])


def _trim(table, user):
    row(
        f"DELETE FROM {table} WHERE user_id = %s AND id <= (SELECT id FROM {table} WHERE user_id = %s"
        " ORDER BY id DESC OFFSET %s LIMIT 1)",
        [user, user, KEPT_PER_USER],
    )


def log(app, request):
    return {"operations": rows("SELECT * FROM operation_log WHERE user_id = %s ORDER BY id", [required(request)])}


def undo(app, request):
    user = required(request)
    if not flags.enabled("undo_stack", user):
        raise Refused(404, "undo is not enabled for this user")
    last = row(
        "DELETE FROM undo_stack WHERE id = (SELECT max(id) FROM undo_stack WHERE user_id = %s) RETURNING *", [user]
    )
    if last is None:
        raise Refused(409, "nothing to undo")
    metrics.FEATURE_USES.labels("undo_stack").inc()
    _undo[last["operation"]](last)
    return {"undone": last["operation"], "task_id": last["task_id"]}


def _undo_create(last):
    row("DELETE FROM tasks WHERE id = %s", [last["task_id"]])


def _undo_update(last):
    before = last["before"]
    row(
        "UPDATE tasks SET title = %s, status = %s, priority = %s, estimate = %s WHERE id = %s",
        [before["title"], before["status"], before["priority"], before["estimate"], last["task_id"]],
    )


def _undo_delete(last):
    names = [name.strip() for name in tasks.FIELDS.split(",")]
    row(
        f"INSERT INTO tasks ({tasks.FIELDS}) VALUES ({', '.join(['%s'] * len(names))})",
        [last["before"][name] for name in names],
    )


_undo = {"create": _undo_create, "update": _undo_update, "delete": _undo_delete}


def create_task(app, request):
    import conflicts
    import memory

    conflict = conflicts.resolve(request)
    made = tasks.create_task(app, request)
    remember(request.user, "create", made["id"])
    memory.learn(request.user, made["title"])
    return {**made, **conflict}


def update_task(app, request):
    before = tasks.one(request)
    changed = tasks.update_task(app, request)
    remember(request.user, "update", before["id"], before)
    return changed


def delete_task(app, request):
    before = tasks.one(request)
    gone = tasks.delete_task(app, request)
    remember(request.user, "delete", before["id"], before)
    return gone
