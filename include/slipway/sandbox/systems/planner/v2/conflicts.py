"""Two tasks at one time: name the conflict and the next free time."""

from datetime import datetime, timedelta

import flags
import metrics
from database import row
from users import required
from web import Refused

SLOT = timedelta(minutes=30)


def parse(due):
    try:
        moment = datetime.fromisoformat(due)
    except (TypeError, ValueError) as error:
        raise Refused(422, f"due: {error}") from error
    if moment.tzinfo is None:
        raise Refused(422, "due: a time with its zone, e.g. 2026-01-31T08:00:00+00:00")
    return moment


def resolve(request):
    """The conflict of a new task with one that is there, and an alternative; {} when there is none."""
    user, due = required(request), request.body.get("due")
    if due is None or not flags.enabled("conflict_resolution", user):
        return {}
    moment = parse(due)
    if row("SELECT 1 FROM tasks WHERE user_id = %s AND due = %s LIMIT 1", [user, moment]) is None:
        return {}
    return {"conflict": True, "alternative": alternative(user, moment)}


def alternative(user, moment):
    metrics.FEATURE_USES.labels("conflict_resolution").inc()
    for step in range(1, 49):
        candidate = moment + step * SLOT
        if row("SELECT 1 FROM tasks WHERE user_id = %s AND due = %s LIMIT 1", [user, candidate]) is None:
            return candidate
    metrics.FEATURE_FAILURES.labels("conflict_resolution").inc()
    return None
