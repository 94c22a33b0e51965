"""Kudu, each slot's deployment service, in the stand-in of Azure. The real one has a host for each slot."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.azure_arm import require_token, the_slot
from slipway.sandbox.vendors.azure_state import AzureState, Deployed, Slot, now

if TYPE_CHECKING:
    from flask import Flask

_GOING, _SUCCESS = 2, 4


def add_kudu(app: Flask, state: AzureState) -> None:
    """Add the routes, below /scm/<app>/<slot>."""
    from flask import jsonify, request

    @app.before_request
    def may() -> None:
        if request.path.startswith("/scm/"):
            require_token(state, request.headers.get("Authorization", ""))

    @app.get("/scm/<name>/<slot>/api/deployments")
    def deployments(name: str, slot: str) -> Any:
        return jsonify([_told(each) for each in reversed(the_slot(state, name, slot).deployments)])

    @app.get("/scm/<name>/<slot>/api/deployments/<number>")
    def deployment(name: str, slot: str, number: str) -> Any:
        known = the_slot(state, name, slot).deployments
        found = [each for each in known if number in {_told(each)["id"], "latest"}]
        if not found:
            return {"Message": f"Deployment '{number}' not found."}, 404
        return _told(found[-1]), 202 if found[-1].status == _GOING else 200

    @app.post("/scm/<name>/<slot>/api/zipdeploy")
    def zipdeploy(name: str, slot: str) -> Any:
        content, found = request.get_data(), the_slot(state, name, slot)
        if not zipfile.is_zipfile(io.BytesIO(content)):
            return {"Message": "Central Directory corrupt."}, 400
        if any(each.status == _GOING for each in found.deployments):
            return {"Message": "There is a deployment currently in progress."}, 409
        message = request.args.get("message", "Created via a push deployment")
        made = Deployed(id=uuid.uuid4().hex, message=message, received=now(), package=content)
        found.deployments.append(made)
        state.begin("deploy", lambda: _deploy(state, name, found, made), lambda why: _fail(made, why))
        where = f"http://{request.host}/scm/{name}/{slot}/api/deployments/latest"
        return "", 202, {"Location": where}


def _deploy(state: AzureState, name: str, slot: Slot, made: Deployed) -> None:
    slots = state.apps[name].slots
    state.deployed(name, next(key for key, value in slots.items() if value is slot), made.package)
    for each in slot.deployments:
        each.active = each is made
    made.status = 4


def _fail(made: Deployed, why: str) -> None:
    made.status, made.text = 3, why


def _told(each: Deployed) -> dict[str, Any]:
    """Tell it as Kudu does: only a deployment that has succeeded has its own id and the sender's message."""
    done = each.status == _SUCCESS
    return {
        "id": each.id if done else f"temp-{each.id[:8]}",
        "status": each.status,
        "status_text": each.text,
        "deployer": "slipway",
        "message": each.message if done else "Deploying from pushed zip file",
        "received_time": each.received,
        "complete": each.status != _GOING,
        "active": each.active,
        "is_temp": not done,
    }
