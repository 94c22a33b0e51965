"""Skills of an employee: the level, and the one aimed at."""

from database import row, rows
from people import required
from web import Refused

FIELDS = "id, user_id, name, level, target, rated_at"
NEEDS = {"users": "id, name, password_hash", "sessions": "user_id, token", "skills": FIELDS}


def of_user(user):
    return rows(f"SELECT {FIELDS} FROM skills WHERE user_id = %s ORDER BY id LIMIT 30", [user])


def list_skills(app, request):
    found = of_user(required(request))
    return {"skills": found, "count": len(found)}


def rate_skill(app, request):
    number, level = request.arguments["id"], request.body.get("level")
    if not number.isdigit() or not isinstance(level, str) or not 0 < len(level) <= 40:
        raise Refused(422, "level: 1 to 40 characters, of a skill by its id")
    changed = row(
        f"UPDATE skills SET level = %s, rated_at = now() WHERE id = %s AND user_id = %s RETURNING {FIELDS}",
        [level, int(number), required(request)],
    )
    if changed is None:
        raise Refused(404, f"employee {request.user} has no skill {number}")
    return changed
