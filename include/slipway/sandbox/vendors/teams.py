"""A stand-in for a workflow of Teams that posts Adaptive Cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn

CARD = "application/vnd.microsoft.card.adaptive"
WORKFLOW = "/workflows/c0ffee/triggers/manual/paths/invoke"


@dataclass(kw_only=True)
class TeamsState:
    """The cards of the channel, the oldest first."""

    cards: list[dict[str, Any]] = field(default_factory=list)


def address(signature: str = "sandbox") -> str:
    """Return what the connection's password holds: the workflow's address after its host."""
    return f"{WORKFLOW}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={signature}"


def teams(*, signature: str = "sandbox", state: TeamsState | None = None) -> StandIn:
    """Return Teams with one workflow; GET /cards reads its channel."""
    from flask import Flask, jsonify, request

    app, kept = Flask("teams"), state or TeamsState()

    @app.post(WORKFLOW)
    def post() -> Any:
        if request.args.get("sig") != signature:
            return error(401, "The SAS signature is not valid for this workflow.")
        cards = _cards(request.get_json(silent=True))
        if not cards:
            return error(400, "The request holds no Adaptive Card.")
        kept.cards.extend(cards)
        return "", 202, {"x-ms-workflow-run-id": f"run-{len(kept.cards)}"}

    @app.get("/cards")
    def cards() -> Any:
        return jsonify(kept.cards)

    return StandIn(app=app, error=error)


def error(status: int, said: str) -> tuple[Any, int]:
    """Return an error as Azure Logic Apps gives it."""
    codes = {
        401: "DirectApiAuthorizationRequired",
        400: "TriggerInputSchemaMismatch",
        404: "WorkflowNotFound",
    }
    return {"error": {"code": codes.get(status, "Error"), "message": said}}, status


def _cards(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, dict) or body.get("type") != "message":
        return []
    attached = [each for each in body.get("attachments", []) if each.get("contentType") == CARD]
    return [each["content"] for each in attached if each["content"].get("type") == "AdaptiveCard"]
