"""What trainers are told inside the application."""

from database import row, rows
from web import Refused, require_token


def list_notices(app, request):
    return {"notices": rows("SELECT title, text, audience FROM notices ORDER BY at DESC LIMIT 5")}


def post_notice(app, request):
    require_token(request)
    key, body = request.headers.get("Idempotency-Key"), request.body
    if not key or not body.get("title") or not body.get("text"):
        raise Refused(422, "an Idempotency-Key, a title and a text are wanted")
    row(
        "INSERT INTO notices (key, title, text, audience) VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [key, body["title"], body["text"], body.get("audience", "")],
    )
    return {"key": key}
