"""Calling a vendor's HTTP API through the http provider, with one set of faults for all of them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from json import dumps as json_text
from typing import TYPE_CHECKING, Any

from slipway.errors import MissingConnection
from slipway.run import Json
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    CallRefused,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

if TYPE_CHECKING:
    import requests

TIMEOUT = 30.0  # seconds for one answer
TRIES = 3
PAUSE = 1.0  # seconds before the second try, twice that before the third
LONGEST_PAUSE = 30.0  # seconds; a step that is asked for more patience waits in the triggerer
UNCONNECTED = ("NewConnectionError", "NameResolutionError")  # urllib3's names for what never got there
BUSY = frozenset({420, 429})  # 420 is Statuspage's (developer.statuspage.io, "Rate limiting")
SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})  # doing it twice is doing it once (RFC 9110, 9.2.2)
log = logging.getLogger("slipway")


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A system that is reached through one `http` connection.

    :param system: its name for people, e.g. "Heroku"
    :param headers: what goes along with each call, e.g. its API version
    :param authorization: the Authorization header; "{password}" is the connection's. Left out for a
        connection with a login, which is basic authentication
    :param mends: what to do about a status, in this system's words
    :param settings: keys of the connection's extra that are settings, not headers
    """

    system: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str = "Bearer {password}"
    mends: Mapping[int, str] = field(default_factory=dict)
    settings: Collection[str] = ()


def call(
    vendor: Vendor,
    conn_id: str,
    method: str,
    path: str,
    *,
    json: Json = None,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
    accept: Collection[int] = (),
    safe: bool | None = None,
    timeout: float = TIMEOUT,
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
    at: str = "",
    known: Any = None,
) -> requests.Response:
    """Send one request and return the answer, if its status is below 400 or in `accept`.

    A safe call is tried three times when no whole answer came, on 420, 429 and 5xx. Any call is tried
    again when it cannot have been taken: on 420 and 429, and when no connection was made. Retry-After is
    honoured.

    :param safe: whether it may be sent twice; by its method if None
    :param timeout: seconds
    :param auth: signs each request, instead of what the connection's login and password usually mean
    :param known: the connection, where it was resolved before, e.g. for a reading every few seconds
    :param at: another address than the connection's, e.g. "https://login.example.com"
    Raises the faults of slipway.vendor_faults, and MissingConnection.
    """
    twice = method in SAFE if safe is None else safe
    what = f"{method} {path.partition('?')[0]}"
    hook, extra = _hook(vendor, conn_id, method, what, auth, at, known)
    for attempt in range(1, TRIES + 1):
        try:
            answer = _send(hook, path, json, data, {**extra, **(headers or {})}, timeout)
            if answer.status_code in accept or answer.status_code < 400:
                return answer
            fault = _fault(vendor, conn_id, what, answer)
        except _no_answer() as error:
            fault = _unreachable(vendor, conn_id, what, error, timeout)
        pause = _pause(fault, attempt, twice)
        if pause is None:
            raise fault
        log.info("%s Trying again in %g s.", fault, pause)
        time.sleep(pause)
    raise AssertionError("the last attempt has no pause")


def read_json(vendor: Vendor, answer: requests.Response) -> Any:
    """Return the answer's JSON. Raises AnswerUnreadable."""
    try:
        return answer.json()
    except ValueError as error:
        what = f"{answer.request.method} {answer.request.path_url.partition('?')[0]}"
        raise AnswerUnreadable(vendor.system, what, f"no JSON: {answer.text[:80]!r}") from error


def _hook(
    vendor: Vendor, conn_id: str, method: str, what: str, auth: Any, at: str, known: Any
) -> tuple[Any, dict[str, str]]:
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.log import mask_secret

    own = (lambda *_: auth) if auth else None
    hook: Any = HttpHook(method=method, http_conn_id=conn_id, auth_type=own)
    try:
        found = known or hook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise MissingConnection(conn_id, f"{vendor.system}: {what}") from error
    if at:
        found.host, found.port = at, None
    if vendor.settings:
        rest = {key: value for key, value in found.extra_dejson.items() if key not in vendor.settings}
        found.extra = json_text(rest)
    if at or vendor.settings or known:
        hook.get_connection = lambda _: found
    headers = dict(vendor.headers)
    if found.password:
        if not known:
            mask_secret(found.password)
        if not found.login and vendor.authorization and auth is None:
            headers["Authorization"] = vendor.authorization.format(password=found.password)
    return hook, headers


def _send(
    hook: Any, path: str, json: Json, data: Any, headers: dict[str, str], timeout: float
) -> requests.Response:
    body: dict[str, Any] = {} if json is None else {"json": json}
    options = {"timeout": timeout, "check_response": False}
    answer: requests.Response = hook.run(path, data=data, headers=headers, extra_options=options, **body)
    return answer


def _no_answer() -> tuple[type[Exception], ...]:
    import requests

    return (requests.RequestException,)


def _unreachable(
    vendor: Vendor, conn_id: str, what: str, error: Exception, timeout: float
) -> VendorUnreachable:
    import requests

    text = str(error)
    unconnected = isinstance(error, requests.ConnectTimeout) or any(name in text for name in UNCONNECTED)
    if isinstance(error, requests.Timeout):
        why = f"no answer within {timeout:g} s"
    elif "refused" in text:
        why = "connection refused"
    elif "IncompleteRead" in text or "Connection aborted" in text:
        why = "the answer broke off half-way"
    else:
        # requests quotes the path with its query, which may hold a signature
        why = re.sub(r" with url: \S+", "", text.partition("\n")[0]) or type(error).__name__
    return VendorUnreachable(vendor.system, what, conn_id, why, sent=not unconnected)


def _fault(vendor: Vendor, conn_id: str, what: str, answer: requests.Response) -> Exception:
    status, said = answer.status_code, _said(answer)
    mend = vendor.mends.get(status, "")
    if status in {401, 403}:
        return AccessRefused(vendor.system, what, conn_id, status, said, mend)
    if status == 404:
        return NotThere(vendor.system, what, said, mend)
    if status == 409:
        return InTheWay(vendor.system, what, said, mend)
    if status in BUSY:
        return TooManyCalls(vendor.system, what, _retry_after(answer), answer.status_code)
    if status >= 500:
        return VendorBroken(vendor.system, what, status, said)
    return CallRefused(vendor.system, what, status, said, mend)


def _said(answer: requests.Response) -> str:
    """Return the vendor's own words from its error, whatever shape it has; at most 200 characters."""
    try:
        body = answer.json()
    except ValueError:
        return " ".join(answer.text.split())[:200]
    while isinstance(body, dict):
        inner = next((body[key] for key in ("error", "message", "detail", "msg") if body.get(key)), None)
        if inner is None:
            break
        body = (
            inner
            if not (isinstance(inner, str) and isinstance(body.get("message"), str))
            else body["message"]
        )
    return " ".join(str(body).split())[:200]


def _retry_after(answer: requests.Response) -> float | None:
    """Return Retry-After in seconds: a number or an HTTP date (RFC 9110, 10.2.3)."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    text = answer.headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _pause(fault: Exception, attempt: int, twice: bool) -> float | None:
    """Return how many seconds to wait before the next try, or None if there is none."""
    if attempt == TRIES:
        return None
    usual = PAUSE * attempt
    if isinstance(fault, TooManyCalls):
        wait = usual if fault.wait is None else fault.wait
        return wait if wait <= LONGEST_PAUSE else None
    if isinstance(fault, VendorUnreachable):
        return usual if twice or not fault.sent else None
    return usual if twice and isinstance(fault, VendorBroken) else None
