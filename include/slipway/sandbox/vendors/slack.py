"""A stand-in for Slack's incoming webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn

MOST_BLOCKS = 50  # of a message


@dataclass(kw_only=True)
class SlackState:
    """What was posted, the oldest first."""

    messages: list[dict[str, Any]] = field(default_factory=list)


def slack(*, webhook: str = "T0/B0/sandbox", state: SlackState | None = None) -> StandIn:
    """Return Slack with one webhook; GET /messages reads its channel.

    :param webhook: the webhook's token, the end of its address
    """
    from flask import Flask, jsonify, request

    app, kept = Flask("slack"), state or SlackState()

    @app.post("/services/<path:token>")
    def post(token: str) -> Any:
        if token != webhook:
            return _plain("invalid_token", 403)
        body: Any = request.get_json(silent=True)
        wrong = _wrong(body)
        if wrong:
            return _plain(wrong, 400)
        kept.messages.append(body)
        return _plain("ok", 200)

    @app.get("/messages")
    def messages() -> Any:
        return jsonify(kept.messages)

    return StandIn(app=app, error=lambda status, said: (said, status))


def _plain(text: str, status: int) -> Any:
    return text, status, {"Content-Type": "text/plain"}


def _wrong(body: Any) -> str:
    """Return Slack's word for what is wrong with a message, "" if nothing is."""
    if not isinstance(body, dict):
        return "invalid_payload"
    if not body.get("text") and not body.get("blocks"):
        return "no_text"
    blocks = body.get("blocks", [])
    return "" if len(blocks) <= MOST_BLOCKS and all(_good(block) for block in blocks) else "invalid_blocks"


def _good(block: dict[str, Any]) -> bool:
    if block["type"] == "context":
        return 0 < len(block["elements"]) <= 10 and all(_fits(each, 3000) for each in block["elements"])
    return _fits(block["text"], {"header": 150, "section": 3000}.get(block["type"], 0))


def _fits(text: dict[str, Any], longest: int) -> bool:
    return 0 < len(text["text"]) <= longest
