"""A stand-in for Sentry: the issues of projects, searched by when they were first seen, in pages."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn


@dataclass(kw_only=True)
class Issue:
    """A fault that Sentry grouped.

    :param first_seen: seconds since the epoch
    """

    title: str
    first_seen: float = field(default_factory=time.time)
    level: str = "error"
    status: str = "unresolved"
    environment: str = "production"


@dataclass(kw_only=True)
class Sentry:
    """What Sentry keeps: issues by (organization, project).

    :param page: issues on one page of an answer
    :param scopes: what the token may do
    """

    projects: dict[tuple[str, str], list[Issue]] = field(default_factory=dict)
    page: int = 100
    scopes: Sequence[str] = ("event:read",)


def sentry(state: Sentry | None = None, *, token: str = "Bearer sandbox") -> StandIn:
    """Return the stand-in.

    :param token: what the Authorization header must hold
    """
    from flask import Flask, jsonify, request

    kept = state or Sentry()
    app = Flask("sentry")

    @app.get("/api/0/")
    def index() -> Any:
        return jsonify({"version": "0", "auth": {"scopes": list(kept.scopes)}, "user": None})

    @app.get("/api/0/projects/<organization>/<project>/issues/")
    def issues(organization: str, project: str) -> Any:
        if (organization, project) not in kept.projects:
            return _error(404, "The requested resource does not exist")
        try:
            wanted = _search(request.args.get("query", "is:unresolved"))
        except ValueError as error:
            return _error(400, str(error))
        where = request.args.get("environment", "")
        found = [
            issue
            for issue in kept.projects[organization, project]
            if _matches(issue, wanted) and where in {"", issue.environment}
        ]
        begin = int((request.args.get("cursor") or "0:0:0").split(":")[1])
        answer = jsonify(
            [{"title": each.title, "level": each.level} for each in found[begin : begin + kept.page]]
        )
        after = begin + kept.page
        more = str(after < len(found)).lower()
        answer.headers["Link"] = (
            f'<{request.base_url}?&cursor=0:{after}:0>; rel="next"; results="{more}"; cursor="0:{after}:0"'
        )
        return answer

    return StandIn(app=app, error=_error, token=token)


def _search(query: str) -> list[tuple[str, str]]:
    terms = [tuple(term.split(":", 1)) for term in query.split()]
    if any(len(term) != 2 or term[0] not in {"firstSeen", "is", "level"} for term in terms):
        raise ValueError(f"Error parsing search query: {query}")
    return [(key, value) for key, value in terms]


def _matches(issue: Issue, wanted: list[tuple[str, str]]) -> bool:
    said = {"is": issue.status, "level": issue.level}
    for key, value in wanted:
        if key == "firstSeen":
            since = datetime.fromisoformat(re.sub("^>=", "", value)).replace(tzinfo=UTC)
            if issue.first_seen < since.timestamp():
                return False
        elif said[key] != value:
            return False
    return True


def _error(status: int, message: str) -> tuple[Any, int]:
    return {"detail": message}, status
