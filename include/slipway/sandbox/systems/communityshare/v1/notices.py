"""What users are told inside the application."""

from database import row, rows
from web import Refused, require_token

NEEDS = {"notices": "id, key, title, text, audience, told_at"}


def tell(app, request):
    """Keep a notice; the same Idempotency-Key is the same notice."""
    require_token(request)
    key, title, text = request.headers.get("Idempotency-Key"), request.body.get("title"), request.body.get("text")
    if not (key and title and text):
        raise Refused(422, "title, text, and the header Idempotency-Key")
    row(
        "INSERT INTO notices (key, title, text, audience) VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [key, title, text, request.body.get("audience", "")],
    )
    return {"told": title}


def newest(app, request):
    return {"notices": rows("SELECT title, text, audience, told_at FROM notices ORDER BY id DESC LIMIT 10")}
