"""Tasks with typed fields, workload and urgency."""

import flags
import metrics
import tasks
import urgency
import workload
from database import rows
from users import required


def list_tasks(app, request):
    found = tasks.of_user(required(request))
    answer = {
        "tasks": found,
        "count": len(found),
        "workload_minutes": sum(workload.minutes(task["estimate"]) for task in found),
    }
    for task, score in zip(found, urgency.of([task["title"] for task in found]), strict=True):
        task["urgency"] = score
    if flags.enabled("enhanced_models", request.user):
        _add_typed_fields(found, request.user)
    return answer


def _add_typed_fields(found, user):
    metrics.FEATURE_USES.labels("enhanced_models").inc()
    typed = rows("SELECT id, status_kind, priority_level FROM tasks WHERE user_id = %s ORDER BY id LIMIT 25", [user])
    kinds = {row["id"]: row for row in typed}
    for task in found:
        task.update(kinds.get(task["id"], {}))
