"""The Resource Manager of the stand-in of Azure: signing in, apps, slots, swaps, CDN, operations."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.azure_state import PRODUCTION, App, AzureState, Operation, Slot

if TYPE_CHECKING:
    from flask import Flask

WEB = "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.Web"
_CDN = "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.Cdn"
_SLOT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,58}")


class Refused(Exception):
    """An error of the Resource Manager."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


def add_arm(app: Flask, state: AzureState) -> None:
    """Add the routes."""
    from flask import request

    @app.errorhandler(Refused)
    def refused(fault: Refused) -> Any:
        return {"error": {"code": fault.code, "message": fault.message}}, fault.status

    @app.before_request
    def may() -> None:
        if request.path.startswith("/subscriptions/"):
            require_token(state, request.headers.get("Authorization", ""))
            _require_sense(state, request.view_args or {}, "api-version" in request.args)

    _add_sign_in(app, state)
    _add_apps(app, state)
    _add_swaps(app, state)
    _add_the_rest(app, state)


def require_token(state: AzureState, authorization: str) -> None:
    """Raise Refused unless a token that was given out goes along."""
    until = state.tokens.get(authorization.removeprefix("Bearer "))
    if until is None:
        raise Refused(401, "InvalidAuthenticationToken", "The access token is invalid.")
    if time.monotonic() > until:
        raise Refused(401, "ExpiredAuthenticationToken", "The access token has expired.")


def _require_sense(state: AzureState, named: dict[str, Any], has_version: bool) -> None:
    if not has_version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise Refused(400, "MissingApiVersionParameter", text)
    if named.get("subscription") != state.subscription:
        text = f"The subscription '{named.get('subscription')}' could not be found."
        raise Refused(404, "SubscriptionNotFound", text)
    if "group" in named and named["group"] not in state.groups:
        text = f"Resource group '{named['group']}' could not be found."
        raise Refused(404, "ResourceGroupNotFound", text)


def _add_sign_in(app: Flask, state: AzureState) -> None:
    from flask import request

    @app.post("/<tenant>/oauth2/v2.0/token")
    def token(tenant: str) -> Any:
        form = request.form
        if tenant != state.tenant:
            text = f"AADSTS90002: Tenant '{tenant}' not found."
            return {"error": "invalid_request", "error_description": text}, 400
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            text = "AADSTS70011: The provided value for the input parameter 'scope' is not valid."
            return {"error": "invalid_scope", "error_description": text}, 400
        if (form.get("client_id"), form.get("client_secret")) != (state.client, state.secret):
            text = "AADSTS7000215: Invalid client secret provided."
            return {"error": "invalid_client", "error_description": text}, 401
        made = uuid.uuid4().hex
        state.tokens[made] = time.monotonic() + state.token_life
        return {"token_type": "Bearer", "expires_in": state.token_life, "access_token": made}


def _add_apps(app: Flask, state: AzureState) -> None:
    from flask import request

    @app.get(f"{WEB}/sites/<name>")
    @app.get(f"{WEB}/sites/<name>/slots/<slot>")
    def site(name: str, slot: str = PRODUCTION, **_: str) -> Any:
        return _site(state, name, slot, request.host)

    @app.put(f"{WEB}/sites/<name>/slots/<slot>")
    def make(name: str, slot: str, **_: str) -> Any:
        if not _SLOT_NAME.fullmatch(slot) or slot == PRODUCTION:
            raise Refused(400, "BadRequest", f"Slot name '{slot}' is invalid.")
        if not (request.get_json(silent=True) or {}).get("location"):
            raise Refused(400, "LocationRequired", "The location property is required for this definition.")
        the_app(state, name).slots.setdefault(slot, Slot())
        return _site(state, name, slot, request.host)

    @app.post(f"{WEB}/sites/<name>/<any(start,stop):verb>")
    @app.post(f"{WEB}/sites/<name>/slots/<slot>/<any(start,stop):verb>")
    def turn(name: str, verb: str, slot: str = PRODUCTION, **_: str) -> Any:
        the_slot(state, name, slot).state = "Running" if verb == "start" else "Stopped"
        return ""

    @app.get("/app/<name>/<slot>/<path:_path>")
    def page(name: str, slot: str, _path: str) -> Any:
        found = the_slot(state, name, slot)
        held = found.active
        if found.state != "Running":
            return "Error 403 - This web app is stopped.", 403
        return (held.id, 200) if held else ("Your web app is running and waiting for your content", 200)


def the_app(state: AzureState, name: str) -> App:
    """Return an app, or raise as the Resource Manager does."""
    if name not in state.apps:
        raise Refused(404, "ResourceNotFound", f"The Resource 'Microsoft.Web/sites/{name}' was not found.")
    return state.apps[name]


def the_slot(state: AzureState, name: str, slot: str) -> Slot:
    """Return a slot, or raise as the Resource Manager does."""
    found = the_app(state, name).slots.get(slot)
    if found is None:
        text = f"The Resource 'Microsoft.Web/sites/{name}/slots/{slot}' was not found."
        raise Refused(404, "ResourceNotFound", text)
    return found


def _site(state: AzureState, name: str, slot: str, here: str) -> dict[str, Any]:
    found = the_slot(state, name, slot)
    host = found.host or f"{here}/app/{name}/{slot}"
    names = {"Standard": host, "Repository": f"{here}/scm/{name}/{slot}"}
    return {
        "name": name if slot == PRODUCTION else f"{name}/{slot}",
        "type": "Microsoft.Web/sites" + ("" if slot == PRODUCTION else "/slots"),
        "location": "Germany West Central",
        "properties": {
            "state": found.state,
            "defaultHostName": host,
            "hostNameSslStates": [{"name": value, "hostType": kind} for kind, value in names.items()],
            "serverFarmId": f"/subscriptions/{state.subscription}/plan",
            "inProgressOperationId": state.apps[name].busy or None,
        },
    }


def _add_swaps(app: Flask, state: AzureState) -> None:
    from flask import request

    @app.post(f"{WEB}/sites/<name>/slotsswap")
    @app.post(f"{WEB}/sites/<name>/slots/<slot>/slotsswap")
    def swap(name: str, slot: str = PRODUCTION, **named: str) -> Any:
        found, other = the_app(state, name), str((request.get_json() or {}).get("targetSlot", ""))
        one, two = the_slot(state, name, slot), the_slot(state, name, other)
        if found.busy:
            text = "Cannot modify this site because another operation is in progress."
            raise Refused(409, "Conflict", text)

        def exchange() -> None:
            state.swapped(name, slot, other)
            one.deployments, two.deployments = two.deployments, one.deployments
            found.busy = ""

        operation = state.begin("swap", exchange, lambda _: setattr(found, "busy", ""))
        if operation.status == "InProgress":
            found.busy = operation.id
        path = f"/subscriptions/{named['subscription']}/resourceGroups/{named['group']}/providers"
        path += f"/Microsoft.Web/sites/{name}/operationresults/{operation.id}?api-version=2024-04-01"
        return "", 202, {"Location": f"http://{request.host}{path}"}

    @app.get(f"{WEB}/sites/<name>/operationresults/<number>")
    def result(number: str, **_: str) -> Any:
        operation = _operation(state, number)
        if operation.error:
            raise Refused(409, "Conflict", operation.error)
        return ("", 202) if operation.status == "InProgress" else ({}, 200)


def _add_the_rest(app: Flask, state: AzureState) -> None:
    from flask import request

    @app.get("/subscriptions/<subscription>/resourcegroups")
    def groups(**_: str) -> Any:
        return {"value": [{"name": name} for name in state.groups]}

    def there(profile: str, endpoint: str) -> None:
        if (profile, endpoint) not in state.endpoints:
            text = f"The Resource 'Microsoft.Cdn/profiles/{profile}/endpoints/{endpoint}' was not found."
            raise Refused(404, "ResourceNotFound", text)

    @app.get(f"{_CDN}/profiles/<profile>/endpoints/<endpoint>")
    def endpoint_there(profile: str, endpoint: str, **_: str) -> Any:
        there(profile, endpoint)
        return {"name": endpoint, "properties": {"resourceState": "Running"}}

    @app.post(f"{_CDN}/profiles/<profile>/endpoints/<endpoint>/purge")
    def purge(profile: str, endpoint: str, **_: str) -> Any:
        there(profile, endpoint)
        paths = (request.get_json() or {}).get("contentPaths")
        if not isinstance(paths, list) or not all(str(path).startswith("/") for path in paths) or not paths:
            raise Refused(400, "BadRequest", "The content path is invalid. It must start with '/'.")
        work: Callable[[], None] = lambda: state.endpoints[profile, endpoint].append(paths)  # noqa: E731
        return "", 202, where(state, state.begin("purge", work), request.host)

    @app.get("/subscriptions/<subscription>/operations/<number>")
    def status(number: str, **_: str) -> Any:
        operation = _operation(state, number)
        body: dict[str, Any] = {"name": number, "status": operation.status}
        if operation.error:
            body["error"] = {"code": "OperationFailed", "message": operation.error}
        return body


def _operation(state: AzureState, number: str) -> Operation:
    if number not in state.operations:
        raise Refused(404, "NotFound", f"Operation '{number}' was not found.")
    return state.operations[number]


def where(state: AzureState, operation: Operation, here: str) -> dict[str, str]:
    """Return the headers that say where an operation is asked for."""
    path = f"/subscriptions/{state.subscription}/operations/{operation.id}?api-version=2024-04-01"
    return {"Azure-AsyncOperation": f"http://{here}{path}"}
