"""Sentry: how many issues were first seen since a moment."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slipway.kinds import Samples
from slipway.run import Json, Run
from slipway.vendor import Vendor, call, read_json

SENTRY = Vendor(
    system="Sentry",
    mends={404: "See that `organization` and `project` are the slugs, and that the token may read them."},
)
TIMEOUT = 8.0  # seconds
MOST = 1000  # issues; more than that is as bad as that
INDEX = "/api/0/"
ISSUES = "issues"


def opened(connection: Any, asked: Mapping[str, Json], since: float) -> Callable[[], Samples]:
    """Return a reading of the number of issues in a project that match and were first seen since then."""
    begin = datetime.fromtimestamp(since - asked["before"], UTC).strftime("%Y-%m-%dT%H:%M:%S")
    path = f"/api/0/projects/{asked['organization']}/{asked['project']}/issues/"
    query = f"firstSeen:>={begin} {asked['search']}".strip()

    def reading() -> Samples:
        count, cursor = 0, ""
        while count < MOST:
            asks = {"query": query, "statsPeriod": "", "environment": asked["environment"], "cursor": cursor}
            given = {key: value for key, value in asks.items() if value or key == "statsPeriod"}
            answer = call(
                SENTRY,
                connection.conn_id,
                "GET",
                path,
                data=given,
                safe=False,
                timeout=TIMEOUT,
                known=connection,
            )
            count += len(read_json(SENTRY, answer))
            cursor = _next(answer)
            if not cursor:
                break
        return {(ISSUES, ()): float(count)}

    return reading


def _next(answer: Any) -> str:
    """Return the cursor of the next page, "" if there is none (Sentry's Link header says it by `results`)."""
    after: Mapping[str, str] = answer.links.get("next", {})
    if after.get("results") != "true":
        return ""
    return after.get("cursor") or parse_qs(urlsplit(after["url"]).query).get("cursor", [""])[0]


def look(run: Run) -> str:
    """Say what the token may do; changes nothing. Raises PermissionError.

    The index of Sentry's API wants no scope, so that a token which reads issues alone is enough.
    """
    from slipway.steps.reach import connection  # steps read metrics, so not at the top

    conn_id = connection(run, "sentry").conn_id
    found = read_json(SENTRY, call(SENTRY, conn_id, "GET", INDEX))
    scopes = sorted((found.get("auth") or {}).get("scopes") or ())
    if not any(scope.startswith("event:") for scope in scopes):
        raise PermissionError(
            f"{SENTRY.system}: GET {INDEX}: the scopes of the token are {', '.join(scopes) or 'none'}. "
            f'Give the connection "{conn_id}" one with the scope event:read.'
        )
    return f"the token has the scopes {', '.join(scopes)}"
