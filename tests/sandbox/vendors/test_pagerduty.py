"""The stand-in rings as PagerDuty does."""

from typing import Any

from slipway.sandbox.vendors.pagerduty import PagerDutyState, pagerduty

KEY = "k" * 32


def event(action: str, **more: Any) -> dict[str, Any]:
    payload = {"summary": "errors", "source": "shop", "severity": "critical"}
    return {"routing_key": KEY, "event_action": action, "dedup_key": "one", "payload": payload} | more


def test_an_alert_pages_again_only_after_it_was_resolved() -> None:
    state = PagerDutyState()
    client = pagerduty(routing_key=KEY, state=state).app.test_client()
    seen = []
    for action in ("trigger", "trigger", "acknowledge", "trigger", "resolve", "trigger"):
        assert client.post("/v2/enqueue", json=event(action)).status_code == 202
        seen.append((state.alerts["one"].status, state.alerts["one"].pages))
    assert seen == [
        ("triggered", 1),
        ("triggered", 1),
        ("acknowledged", 1),
        ("acknowledged", 1),
        ("resolved", 1),
        ("triggered", 2),
    ]


def test_what_is_wrong_with_an_event_is_said_all_at_once() -> None:
    client = pagerduty(routing_key=KEY).app.test_client()
    answer = client.post("/v2/enqueue", json={"event_action": "resolve", "routing_key": "old"})
    assert answer.status_code == 400
    assert answer.get_json() == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ["'routing_key' is missing or invalid", "'dedup_key' is missing or blank"],
    }


def test_alerts_can_be_read_back() -> None:
    client = pagerduty(routing_key=KEY).app.test_client()
    client.post("/v2/enqueue", json=event("trigger"))
    assert client.get("/alerts").get_json()["one"]["pages"] == 1
    assert len(client.get("/_stand_in/calls").get_json()) == 2
