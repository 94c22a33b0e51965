"""A stand-in for Statuspage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn

STATUSES = ("investigating", "identified", "monitoring", "resolved")


@dataclass(kw_only=True)
class StatuspageState:
    """The incidents of each page, the oldest first."""

    incidents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def statuspage(
    *, pages: tuple[str, ...] = ("sandbox",), key: str = "sandbox", state: StatuspageState | None = None
) -> StandIn:
    """Return Statuspage with some pages.

    :param pages: their ids
    :param key: the API key
    """
    from flask import Flask, jsonify, request

    app, kept = Flask("statuspage"), state or StatuspageState()
    for page in pages:
        kept.incidents.setdefault(page, [])

    @app.get("/v1/pages/<page>/incidents")
    def listed(page: str) -> Any:
        if page not in kept.incidents:
            return error(404, "Record not found")
        return jsonify(kept.incidents[page][::-1][: int(request.args.get("limit", 100))])

    @app.post("/v1/pages/<page>/incidents")
    def made(page: str) -> Any:
        if page not in kept.incidents:
            return error(404, "Record not found")
        given = (request.get_json(silent=True) or {}).get("incident", {})
        wrong = [*([] if given.get("name") else ["Name can't be blank"]), *_wrong(given)]
        if wrong:
            return {"error": wrong}, 422
        incident = {"id": f"i{len(kept.incidents[page]) + 1}", "name": given["name"], "status": ""}
        incident |= {"metadata": given.get("metadata", {}), "incident_updates": []}
        kept.incidents[page].append(_updated(incident, given))
        return jsonify(incident), 201

    @app.patch("/v1/pages/<page>/incidents/<number>")
    def changed(page: str, number: str) -> Any:
        given = (request.get_json(silent=True) or {}).get("incident", {})
        found = [each for each in kept.incidents.get(page, []) if each["id"] == number]
        if not found:
            return error(404, "Record not found")
        wrong = _wrong(given)
        return ({"error": wrong}, 422) if wrong else jsonify(_updated(found[0], given))

    return StandIn(app=app, error=error, token=f"OAuth {key}")


def error(status: int, said: str) -> tuple[Any, int]:
    """Return an error as Statuspage gives it, which has a number of its own for too many calls."""
    status = 420 if status == 429 else status
    return {"error": "Could not authenticate" if status == 401 else said}, status


def _wrong(given: dict[str, Any]) -> list[str]:
    status = given.get("status", "investigating")
    objects = all(isinstance(each, dict) for each in given.get("metadata", {}).values())
    return [
        *([] if status in STATUSES else [f"Status {status} is not included in the list"]),
        *([] if objects else ["Metadata values must be objects"]),
    ]


def _updated(incident: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Take a status and a word on it; the newest update stands first."""
    incident["status"] = given.get("status", incident["status"] or "investigating")
    update = {"status": incident["status"], "body": given.get("body", "")}
    incident["incident_updates"].insert(0, update)
    return incident
