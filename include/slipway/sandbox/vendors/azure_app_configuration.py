"""The App Configuration store in the stand-in of Azure: signatures, entity tags, locks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.azure_state import AzureState, KeyValue

if TYPE_CHECKING:
    from flask import Flask, Request

_SKEW = timedelta(minutes=15)


def add_app_configuration(app: Flask, state: AzureState) -> None:
    """Add the routes."""
    from flask import request

    @app.before_request
    def may() -> Any:
        if request.path.startswith(("/kv", "/keys")) and (why := _mistake(state, request)):
            body, status = problem(401, why)
            return body, status, {"WWW-Authenticate": f'HMAC-SHA256 error="invalid_token", {why}'}
        return None

    @app.get("/keys")
    def keys() -> Any:
        return {"items": [{"name": key} for key in sorted({key for key, _ in state.keys})]}

    @app.route("/kv/<path:key>", methods=["GET", "PUT", "DELETE"])
    def key_value(key: str) -> Any:
        place = (key, request.args.get("label", ""))
        with state.lock:
            found = state.keys.get(place)
            if request.method == "GET":
                return _told(place, found) if found else problem(404, "")
            if not _holds(request, found):
                return problem(412, "The precondition does not hold.")
            if found and found.locked:
                return problem(409, f"The key '{key}' is locked.", "key-locked")
            return _put(state, place, request) if request.method == "PUT" else _delete(state, place)


def problem(status: int, detail: str, kind: str = "") -> tuple[Any, int]:
    """Return an error as this store words it (RFC 7807)."""
    address = f"https://azconfig.io/errors/{kind or status}"
    return {"type": address, "title": detail, "detail": detail, "status": status}, status


def _put(state: AzureState, place: tuple[str, str], request: Request) -> Any:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("value"), str | None):
        return problem(400, "Cannot read the key-value.")
    made = KeyValue(
        value=body.get("value") or "",
        content_type=body.get("content_type") or "",
        tags=dict(body.get("tags") or {}),
    )
    state.keys[place] = made
    return _told(place, made)


def _delete(state: AzureState, place: tuple[str, str]) -> Any:
    found = state.keys.pop(place, None)
    return _told(place, found) if found else ("", 204)


def _told(place: tuple[str, str], found: KeyValue) -> Any:
    body = {
        "etag": found.etag,
        "key": place[0],
        "label": place[1] or None,
        "content_type": found.content_type,
        "value": found.value,
        "tags": found.tags,
        "locked": found.locked,
    }
    return body, 200, {"ETag": f'"{found.etag}"'}


def _holds(request: Request, found: KeyValue | None) -> bool:
    """Whether If-Match and If-None-Match hold (RFC 9110, 13.1)."""
    wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if wanted is not None:
        return found is not None and wanted in {"*", f'"{found.etag}"'}
    if unwanted is not None:
        return found is None or unwanted not in {"*", f'"{found.etag}"'}
    return True


def _mistake(state: AzureState, request: Request) -> str:
    """Return what is wrong with a request's signature, "" if it is good."""
    date, digest = request.headers.get("x-ms-date", ""), request.headers.get("x-ms-content-sha256", "")
    if digest != base64.b64encode(hashlib.sha256(request.get_data()).digest()).decode():
        return "Invalid Content Hash"
    try:
        if abs(datetime.now(UTC) - parsedate_to_datetime(date)) > _SKEW:
            return "The access token has expired"
    except ValueError:
        return "Invalid Date"
    raw = str(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI"))
    text = f"{request.method}\n{raw}\n{date};{request.headers.get('Host')};{digest}"
    key = base64.b64decode(state.key_secret)
    signature = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    good = (
        f"HMAC-SHA256 Credential={state.credential}"
        f"&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}"
    )
    given = request.headers.get("Authorization", "")
    return "" if hmac.compare_digest(given.encode(), good.encode()) else "Invalid Signature"
