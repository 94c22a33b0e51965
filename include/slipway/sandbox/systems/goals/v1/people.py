"""Who asks: a session's token, or the header of the gateway in front."""

import hashlib
import secrets

from database import row
from web import Refused


def user_of(request):
    header = request.headers.get("X-User")
    if header is not None:
        if not header.isdigit():
            raise Refused(400, "X-User is the id of an employee")
        return int(header)
    token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
    if not request.path.startswith(("/api/me/", "/api/auth/logout")) or not token:
        return None
    found = row("SELECT user_id FROM sessions WHERE token = %s", [token])
    return found["user_id"] if found else None


def required(request):
    if request.user is None:
        raise Refused(401, "log in at /api/auth/login, or send X-User")
    return request.user


def login(app, request):
    found = row("SELECT id, password_hash FROM users WHERE name = %s", [request.body.get("user")])
    given = hashlib.sha256(str(request.body.get("password")).encode()).hexdigest()
    if not found or not secrets.compare_digest(found["password_hash"] or "", given):
        raise Refused(401, "no such employee, or not this password")
    token = secrets.token_urlsafe(16)
    row(
        "INSERT INTO sessions (user_id, token) VALUES (%s, %s)"
        " ON CONFLICT (user_id) DO UPDATE SET token = EXCLUDED.token, created_at = now()",
        [found["id"], token],
    )
    return {"token": token, "user_id": found["id"]}


def logout(app, request):
    row("DELETE FROM sessions WHERE user_id = %s", [required(request)])
    return {"user_id": None}
