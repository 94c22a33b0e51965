"""Azure Resource Manager: signing in, calling it, and following its long operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from slipway.run import Json, Run
from slipway.steps.faults.azure import ConnectionIncomplete, OperationFailed
from slipway.steps.reach import connection
from slipway.still_going import StillGoing
from slipway.vendor import Vendor, call, read_json
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

SETTINGS = frozenset({"tenant", "subscription", "authority"})
RIGHTS = "Give the app registration the rights named in docs/connections.md; they take minutes to arrive."
ARM = Vendor(system="Azure", authorization="", settings=SETTINGS, mends={403: RIGHTS})
KUDU = Vendor(
    system="Kudu",
    authorization="",
    settings=SETTINGS,
    mends={403: RIGHTS, 409: "Another deployment of this slot is running; try again when it has ended."},
)
_WRONG_LOGIN = "Set client id, client secret and tenant anew in the connection; a secret expires."
LOGIN = Vendor(
    system="Azure sign-in",
    authorization="",
    settings=SETTINGS,
    mends={400: _WRONG_LOGIN, 401: _WRONG_LOGIN},
)
AUTHORITY = "https://login.microsoftonline.com"
_SCOPE = "https://management.azure.com/.default"
_EARLY = 60.0  # seconds before its end in which a token is not used any more
_BAD_ENDS = frozenset({"failed", "canceled", "cancelled"})
_GOOD_ENDS = frozenset({"succeeded", "ready", ""})
_tokens: dict[Account, tuple[str, float]] = {}  # by account: the token, and when it ends


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who calls Azure: an app registration of a tenant, in one subscription."""

    conn_id: str
    client: str
    tenant: str
    subscription: str
    authority: str

    @classmethod
    def of(cls, run: Run) -> Account:
        """Read it from the `azure` connection. Raises ConnectionIncomplete."""
        found = connection(run, "azure")
        extra = found.extra_dejson
        missing = [f'"{key}" in its extra' for key in ("tenant", "subscription") if not extra.get(key)]
        missing += [what for what in ("login", "password") if not getattr(found, what)]
        if missing:
            raise ConnectionIncomplete(found.conn_id, missing)
        return cls(
            conn_id=found.conn_id,
            client=found.login,
            tenant=str(extra["tenant"]),
            subscription=str(extra["subscription"]),
            authority=str(extra.get("authority") or AUTHORITY).rstrip("/"),
        )

    def token(self, run: Run) -> str:
        """Return an access token, from this process's memory while it holds (RFC 6749, 4.4)."""
        token, until = _tokens.get(self, ("", 0.0))
        if time.monotonic() < until:
            return token
        began = time.monotonic()
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client,
            "client_secret": connection(run, "azure").password,
            "scope": _SCOPE,
        }
        path = f"/{quote(self.tenant, safe='')}/oauth2/v2.0/token"
        made = call(LOGIN, self.conn_id, "POST", path, data=form, auth=unsigned, at=self.authority, safe=True)
        return self._keep(read_json(LOGIN, made), began)

    def _keep(self, body: Mapping[str, Json], began: float) -> str:
        from airflow.sdk.log import mask_secret

        try:
            token, life = str(body["access_token"]), float(body["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerUnreadable(LOGIN.system, "POST token", "no access_token in it") from error
        mask_secret(token)
        _tokens[self] = (token, began + max(life - _EARLY, life / 2))
        return token

    def forget(self) -> None:
        """Sign in anew before the next call."""
        _tokens.pop(self, None)


def arm(run: Run, method: str, path: str, version: str, *, json: Json = None, **more: Any) -> Any:
    """Call the Resource Manager below the connection's subscription and return the answer's JSON.

    An answer without a body is {}. With `accept=(404,)` a 404 is None.
    :param path: e.g. "/resourceGroups/rg/providers/Microsoft.Web/sites/app"
    """
    answer = arm_answer(run, method, path, version, json=json, **more)
    if answer.status_code == 404:
        return None
    return read_json(ARM, answer) if answer.content else {}


def arm_answer(
    run: Run, method: str, path: str, version: str, *, json: Json = None, **more: Any
) -> requests.Response:
    """Call the Resource Manager below the connection's subscription."""
    subscription = quote(Account.of(run).subscription, safe="")
    return azure_call(
        ARM, run, method, f"/subscriptions/{subscription}{path}?api-version={version}", json=json, **more
    )


def azure_call(vendor: Vendor, run: Run, method: str, path: str, **more: Any) -> requests.Response:
    """Call ARM, or Kudu with `at`, with a token; one that has ended too early is renewed once."""
    account = Account.of(run)
    try:
        return call(vendor, account.conn_id, method, path, auth=_bearer(account.token(run)), **more)
    except AccessRefused as refused:
        if refused.status != 401:
            raise
    run.log.info("%s does not take the token any more: signing in anew", vendor.system)
    account.forget()
    return call(vendor, account.conn_id, method, path, auth=_bearer(account.token(run)), **more)


def group_path(resource_group: str, *names: str) -> str:
    """Return the path of a resource: group_path("rg", "Microsoft.Web", "sites", "app")."""
    rest = "/".join(quote(name, safe="") for name in names)
    return f"/resourceGroups/{quote(resource_group, safe='')}/providers/{rest}"


def follow(
    run: Run, what: str, begin: Callable[[], requests.Response], *, every: timedelta, key: str
) -> None:
    """Begin a long operation, raise StillGoing until it has ended, and return when it ended well.

    Where to ask for it is remembered, so that the next call only asks; one that has ended is never asked
    for again.
    :param key: what the operation is remembered by; `do` and `undo` have one of their own
    Raises OperationFailed.
    """
    number = _number(run, key)
    known = run.recall(f"{key}_{number}")
    address = str(run.remember(f"{key}_{number}", lambda: _address(begin())))
    if known is None and address:
        run.log.info("Azure has begun %s", what)
        raise StillGoing(f"Azure carries out {what}", every=every)
    try:
        _ended(run, what, address, every)
    except OperationFailed:
        close(run, key)
        raise
    close(run, key)
    run.log.info("Azure has ended %s", what)


def close(run: Run, key: str) -> bool:
    """Note that the operation begun under `key` has ended; False if there is none that was still open."""
    number = _number(run, key)
    if run.recall(f"{key}_{number}") is None:
        return False
    run.remember(f"{key}_{number}_ended", lambda: True)
    return True


def _number(run: Run, key: str) -> int:
    """Return the number of the operation that is open, or would be the next one."""
    number = 1
    while run.recall(f"{key}_{number}_ended"):
        number += 1
    return number


def _ended(run: Run, what: str, address: str, every: timedelta) -> None:
    """Return if an operation has ended well. Raises OperationFailed, and StillGoing also if nobody tells."""
    if not address:
        return
    try:
        answer = azure_call(ARM, run, "GET", address)
        body = read_json(ARM, answer) if answer.content else {}
    except NotThere:  # Azure forgets operations; the caller looks at the resource itself
        return
    except (CallRefused, InTheWay) as ended:  # the status of the operation, not of this call
        raise OperationFailed(what, "Failed", ended.said) from ended
    except (VendorBroken, VendorUnreachable, AnswerUnreadable, TooManyCalls) as silent:
        if isinstance(silent, TooManyCalls) and silent.wait is not None:
            raise  # the task waits as long as Azure asks
        raise StillGoing(
            f"Azure carries out {what}, and does not tell how far ({silent})", every=every
        ) from silent
    status = str(body.get("status", "")) if isinstance(body, dict) else ""
    if status.lower() in _BAD_ENDS:
        error = body.get("error") or {}
        raise OperationFailed(what, status, str(error.get("message") or error.get("code") or ""))
    if answer.status_code == 202 or status.lower() not in _GOOD_ENDS:
        raise StillGoing(f"Azure carries out {what}", every=every)


def _address(answer: requests.Response) -> str:
    """Return where an operation is asked for, on the connection's own host; "" if it has ended already."""
    # The token goes to the connection's host and to no other one that an answer may name.
    url = urlsplit(answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location") or "")
    return f"{url.path}?{url.query}" if url.path else ""


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def sign(made: requests.PreparedRequest) -> requests.PreparedRequest:
        made.headers["Authorization"] = f"Bearer {token}"
        return made

    return sign


def unsigned(made: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request without any credentials."""
    return made


def look(run: Run) -> str:
    """Say what the `azure` connection may read."""
    account = Account.of(run)
    groups = arm(run, "GET", "/resourcegroups", "2022-09-01")
    names = sorted(str(group["name"]) for group in groups.get("value", []))
    return f"{len(names)} resource groups readable as {account.client}: {', '.join(names[:5]) or 'none'}"
