"""A stand-in for the PagerDuty Events API v2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn

SEVERITIES = ("critical", "warning", "error", "info")
ACTIONS = ("trigger", "acknowledge", "resolve")


@dataclass(kw_only=True)
class Alert:
    """One alert; `pages` counts how often somebody's telephone rang for it."""

    summary: str
    severity: str
    status: str = "triggered"
    pages: int = 1
    events: int = 1


@dataclass(kw_only=True)
class PagerDutyState:
    """The alerts by their dedup_key."""

    alerts: dict[str, Alert] = field(default_factory=dict)


def pagerduty(*, routing_key: str = "sandbox" * 4, state: PagerDutyState | None = None) -> StandIn:
    """Return PagerDuty with one integration; GET /alerts reads its alerts."""
    from flask import Flask, jsonify, request

    app, kept = Flask("pagerduty"), state or PagerDutyState()

    @app.post("/v2/enqueue")
    def enqueue() -> Any:
        event: Any = request.get_json(silent=True)
        wrong = _wrong(event, routing_key)
        if wrong:
            return {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}, 400
        key = event.get("dedup_key") or f"made-up-{len(kept.alerts) + 1}"
        _take(kept.alerts, key, event)
        return {"status": "success", "message": "Event processed", "dedup_key": key}, 202

    @app.get("/alerts")
    def alerts() -> Any:
        return jsonify({key: vars(alert) for key, alert in kept.alerts.items()})

    return StandIn(
        app=app, error=lambda status, said: ({"status": "error", "message": said, "errors": [said]}, status)
    )


def _take(alerts: dict[str, Alert], key: str, event: dict[str, Any]) -> None:
    action, alert = event["event_action"], alerts.get(key)
    if action == "trigger":
        payload = event["payload"]
        if alert is None:
            alerts[key] = Alert(summary=payload["summary"], severity=payload["severity"])
            return
        alert.events += 1
        if alert.status == "resolved":  # a new incident, so the telephone rings again
            alert.status, alert.pages = "triggered", alert.pages + 1
    elif alert is not None:
        alert.events += 1
        alert.status = "resolved" if action == "resolve" else "acknowledged"


def _wrong(event: Any, routing_key: str) -> list[str]:
    if not isinstance(event, dict):
        return ["JSON parse error"]
    action, payload = event.get("event_action"), event.get("payload") or {}
    faults = {
        "'routing_key' is missing or invalid": event.get("routing_key") != routing_key,
        "'event_action' must be one of trigger, acknowledge, resolve": action not in ACTIONS,
        "'dedup_key' is missing or blank": action in ACTIONS[1:] and not event.get("dedup_key"),
        "'dedup_key' is too long (255)": len(event.get("dedup_key") or "") > 255,
    }
    if action == "trigger":
        faults |= {
            "'payload.summary' is missing or blank": not payload.get("summary"),
            "'payload.summary' is too long (1024)": len(payload.get("summary") or "") > 1024,
            "'payload.source' is missing or blank": not payload.get("source"),
            "'payload.severity' is invalid": payload.get("severity") not in SEVERITIES,
        }
    return [text for text, holds in faults.items() if holds]
