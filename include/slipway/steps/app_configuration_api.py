"""Azure App Configuration: signing requests, and reading and writing one key-value."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from slipway.run import Json, Run
from slipway.steps.faults.azure import ChangedMeanwhile, ConnectionIncomplete
from slipway.steps.reach import connection
from slipway.vendor import Vendor, call, read_json

if TYPE_CHECKING:
    import requests

STORE = Vendor(
    system="App Configuration",
    authorization="",
    mends={
        401: "Set id and secret of an access key anew in the connection, and see that the worker's clock is "
        "right: a signature is good for 15 minutes.",
        403: "Use a read-write access key in the connection.",
        409: "The key is locked: unlock it in the store (az appconfig kv unlock).",
    },
)
_VERSION = "1.0"
_KIND = "application/vnd.microsoft.appconfig.kv+json"
_SIGNED = "x-ms-date;host;x-ms-content-sha256"
_GONE = 412  # the precondition If-Match or If-None-Match does not hold


@dataclass(frozen=True, kw_only=True)
class KeyValue:
    """A key-value as the store keeps it; `etag` is "" if there is none."""

    value: str = ""
    content_type: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    etag: str = ""

    @property
    def there(self) -> bool:
        return bool(self.etag)

    @property
    def is_off(self) -> bool:
        """Whether it is a switch that is off: "false", "off", "0", or a feature flag with enabled: false."""
        if self.value.strip().lower() in {"false", "off", "0"}:
            return True
        try:
            flag = json.loads(self.value)
        except ValueError:
            return False
        return isinstance(flag, dict) and flag.get("enabled") is False

    def is_below(self, other: KeyValue) -> bool:
        """Whether it shows less than one that is there: gone, off where that is on, a smaller number."""
        if not other.there:
            return False
        if not self.there or self.is_off:
            return not self.there or not other.is_off
        try:
            return float(self.value) < float(other.value)
        except ValueError:
            return False

    def content(self) -> dict[str, Json]:
        """Return what an undo needs, without the etag, which is new with every change."""
        return {key: value for key, value in asdict(self).items() if key != "etag"} | {"there": self.there}

    def __str__(self) -> str:
        return f'"{self.value}"' if self.there else "absent"


def read(run: Run, key: str, label: str) -> KeyValue:
    """Return a key-value as it is now."""
    answer = _call(run, "GET", _path(key, label), accept=(404,))
    if answer.status_code == 404:
        return KeyValue()
    body = read_json(STORE, answer)
    return KeyValue(
        value=str(body.get("value") or ""),
        content_type=str(body.get("content_type") or ""),
        tags=dict(body.get("tags") or {}),
        etag=str(body["etag"]),
    )


def write(run: Run, key: str, label: str, wanted: KeyValue, now: KeyValue) -> None:
    """Set a key-value, if it still is as it was read. Raises ChangedMeanwhile."""
    condition = {"If-Match": f'"{now.etag}"'} if now.there else {"If-None-Match": "*"}
    body = {"value": wanted.value, "content_type": wanted.content_type, "tags": wanted.tags}
    headers = {**condition, "Content-Type": _KIND}
    answer = _call(run, "PUT", _path(key, label), json=body, headers=headers, accept=(_GONE,))
    if answer.status_code == _GONE:
        found = read(run, key, label)
        # The answer to our own first sending may have been lost: then what we wanted is there.
        if found.content() != KeyValue(**{**asdict(wanted), "etag": "any"}).content():
            raise ChangedMeanwhile(key, str(found))


def delete(run: Run, key: str, label: str, now: KeyValue) -> None:
    """Delete a key-value, if it still is as it was read. Raises ChangedMeanwhile."""
    headers = {"If-Match": f'"{now.etag}"'}
    answer = _call(run, "DELETE", _path(key, label), headers=headers, accept=(_GONE,))
    if answer.status_code == _GONE:
        found = read(run, key, label)
        if found.there:
            raise ChangedMeanwhile(key, str(found))


def look(run: Run) -> str:
    """Say what the `app_configuration` connection may read."""
    answer = _call(run, "GET", f"/keys?api-version={_VERSION}")
    count = len(read_json(STORE, answer).get("items", []))
    return f"{count} keys readable as {connection(run, 'app_configuration').login}"


def _path(key: str, label: str) -> str:
    query = {"label": label} if label else {}
    return f"/kv/{quote(key, safe='')}?{urlencode({**query, 'api-version': _VERSION})}"


def _call(
    run: Run,
    method: str,
    path: str,
    *,
    json: Json = None,
    headers: dict[str, str] | None = None,
    accept: tuple[int, ...] = (),
) -> requests.Response:
    conn_id = run.environment.app_configuration
    sign = _signature(run)
    return call(STORE, conn_id, method, path, json=json, headers=headers, accept=accept, auth=sign)


def _signature(run: Run) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Sign as the store's documents say, under "HMAC authentication". Raises ConnectionIncomplete."""
    found = connection(run, "app_configuration")
    missing = [what for what in ("login", "password") if not getattr(found, what)]
    if missing:
        raise ConnectionIncomplete(found.conn_id, missing)
    try:
        secret = base64.b64decode(found.password, validate=True)
    except binascii.Error as error:
        raise ConnectionIncomplete(found.conn_id, ["a password in base64 (the key's secret)"]) from error

    def sign(made: requests.PreparedRequest) -> requests.PreparedRequest:
        body = made.body if isinstance(made.body, bytes) else str(made.body or "").encode()
        date, host = formatdate(usegmt=True), urlsplit(str(made.url)).netloc
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = f"{made.method}\n{made.path_url}\n{date};{host};{digest}"
        signature = base64.b64encode(hmac.digest(secret, text.encode(), "sha256")).decode()
        signed = {
            "x-ms-date": date,
            "Host": host,
            "x-ms-content-sha256": digest,
            "Authorization": f"HMAC-SHA256 Credential={found.login}&SignedHeaders={_SIGNED}"
            f"&Signature={signature}",
        }
        made.headers.update(signed)
        return made

    return sign
