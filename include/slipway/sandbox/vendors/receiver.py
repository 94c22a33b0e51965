"""A stand-in for whatever takes signed webhooks, or shows notices inside an application."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn


@dataclass(kw_only=True)
class ReceiverState:
    """What was taken, by Idempotency-Key; a body that came again under its key is not kept again."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)


def receiver(*, secret: str = "", token: str = "", state: ReceiverState | None = None) -> StandIn:
    """Return a receiver at every path; GET /taken reads what it took.

    :param secret: what bodies must be signed with, "" to take them unsigned
    :param token: what the Authorization header must hold, e.g. "Bearer sandbox"
    """
    from flask import Flask, jsonify, request

    app, kept = Flask("receiver"), state or ReceiverState()

    @app.post("/", defaults={"path": ""})
    @app.post("/<path:path>")
    def post(path: str) -> Any:
        key, body = request.headers.get("Idempotency-Key", ""), request.get_json(silent=True)
        signed = request.headers.get("X-Slipway-Signature", "")
        if secret and not hmac.compare_digest(signed, _signature(secret, request.get_data())):
            return error(401, "The signature does not fit the body.")
        if not key or not isinstance(body, dict):
            return error(400, "An Idempotency-Key and a JSON object are wanted.")
        kept.taken.setdefault(key, {"path": f"/{path}", **body})
        return jsonify({"ok": True}), 201

    @app.get("/taken")
    def taken() -> Any:
        return jsonify(list(kept.taken.values()))

    return StandIn(app=app, error=error, token=token)


def error(status: int, said: str) -> tuple[Any, int]:
    """Return an error as JSON."""
    return {"error": said}, status


def _signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
