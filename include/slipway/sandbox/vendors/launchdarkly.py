"""A stand-in for LaunchDarkly: the REST API for flags, and what its SDKs read."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.stand_in import CONTROL, StandIn

if TYPE_CHECKING:
    from flask import Flask

HEARTBEAT = 1.0  # seconds between two signs of life of a stream; a reader that is gone shows then
_RULE_SET = ("on", "targets", "contextTargets", "rules", "fallthrough", "offVariation", "prerequisites")
_OPERATORS = {
    "in", "endsWith", "startsWith", "matches", "contains", "lessThan", "lessThanOrEqual", "greaterThan",
    "greaterThanOrEqual", "before", "after", "segmentMatch", "semVerEqual", "semVerLessThan",
    "semVerGreaterThan",
}  # fmt: skip


class Refused(Exception):
    """A call that LaunchDarkly answers with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(message)


@dataclass(kw_only=True)
class LaunchDarkly:
    """What LaunchDarkly keeps, for one account.

    :param token: the REST API's access token
    :param environments: environment keys by project key
    :param sdk_keys: environment key by SDK key; of the project "default"
    :param segments: keys of members by key of the segment
    :param flags: flags by (project, key), as the REST API shows them
    """

    token: str = "api-sandbox"
    environments: dict[str, list[str]] = field(default_factory=lambda: {"default": ["production", "staging"]})
    sdk_keys: dict[str, str] = field(
        default_factory=lambda: {"sdk-production": "production", "sdk-staging": "staging"}
    )
    segments: dict[str, list[str]] = field(default_factory=dict)
    flags: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    changes: int = 0

    def note(self) -> None:
        """Tell the streams that something changed."""
        with self.changed:
            self.changes += 1
            self.changed.notify_all()

    def create(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a flag, off in every environment. Raises Refused."""
        if project not in self.environments:
            raise Refused(404, "not_found", "Unknown project key")
        key = body.get("key") or ""
        if not key or not body.get("name") or not all(c.isalnum() or c in "._-" for c in key):
            raise Refused(
                400, "invalid_request", "key and name are required; a key is letters, digits, . _ -"
            )
        if (project, key) in self.flags:
            raise Refused(409, "conflict", "A flag with that key already exists")
        variations = body.get("variations") or [{"value": True}, {"value": False}]
        kept = [{"_id": str(uuid.uuid4()), "name": str(each["value"]), **each} for each in variations]
        defaults = body.get("defaults") or {"onVariation": 0, "offVariation": len(kept) - 1}
        if not all(0 <= index < len(kept) for index in defaults.values()):
            raise Refused(400, "invalid_request", "defaults must be indexes of variations")
        self.flags[project, key] = {
            "key": key,
            "name": body["name"],
            "kind": "boolean" if {type(each["value"]) for each in kept} == {bool} else "multivariate",
            "description": body.get("description", ""),
            "_version": 1,
            "variations": kept,
            "defaults": defaults,
            "temporary": body.get("temporary", False),
            "tags": body.get("tags", []),
            "archived": False,
            "creationDate": int(time.time() * 1000),
            "environments": {name: _fresh(defaults) for name in self.environments[project]},
        }
        self.note()
        return self.flags[project, key]

    def patch(self, project: str, key: str, operations: Any) -> dict[str, Any]:
        """Change a flag by JSON Patch, all or nothing. Raises Refused."""
        if not isinstance(operations, list):
            raise Refused(400, "invalid_request", "a patch is a list of operations")
        with self.changed:
            old = self.flag(project, key)
            new = deepcopy(old)
            for operation in operations:
                _apply(new, operation)
            new["_version"] += 1
            _check_environments(new)
            for name, there in new["environments"].items():
                if there != old["environments"][name]:
                    _give_ids(there)
                    there["version"] += 1
                    there["lastModified"] = int(time.time() * 1000)
            self.flags[project, key] = new
        self.note()
        return new

    def known(self, project: str) -> None:
        """Raise Refused unless there is such a project."""
        if project not in self.environments:
            raise Refused(404, "not_found", "Unknown project key")

    def flag(self, project: str, key: str) -> dict[str, Any]:
        """Return a flag. Raises Refused."""
        if (project, key) not in self.flags:
            raise Refused(404, "not_found", "Unknown feature flag key or project key")
        return self.flags[project, key]

    def for_sdk(self, environment: str) -> dict[str, Any]:
        """Return flags and segments in the form that SDKs evaluate."""
        flags = {
            key: _for_sdk(flag, environment)
            for (project, key), flag in self.flags.items()
            if project == "default"
        }
        segments = {
            key: {"key": key, "version": 1, "included": members, "excluded": [], "rules": [], "salt": key}
            for key, members in self.segments.items()
        }
        return {"flags": flags, "segments": segments}


def launchdarkly(state: LaunchDarkly | None = None) -> StandIn:
    """Return the stand-in; its address is the REST API's and an SDK's (base, stream and events)."""
    from flask import Flask, jsonify, request

    kept = state or LaunchDarkly()
    app = Flask("launchdarkly")
    stand_in = StandIn(app=app, error=_error)

    @app.errorhandler(Refused)
    def refused(fault: Refused) -> Any:
        return jsonify({"code": fault.code, "message": str(fault)}), fault.status

    @app.before_request
    def only_with_a_token() -> Any:
        given = request.headers.get("Authorization", "")
        if request.path.startswith(CONTROL) or given == kept.token:
            return None
        if request.path.startswith("/api/") or given not in kept.sdk_keys:
            raise Refused(401, "unauthorized", "Invalid access token")
        return None

    _rest(app, kept)
    _sdk(app, kept)
    return stand_in


def _rest(app: Flask, kept: LaunchDarkly) -> None:
    from flask import jsonify, request

    @app.get("/api/v2/caller-identity")
    def caller() -> Any:
        return jsonify({"tokenName": "sandbox", "tokenKind": "auth", "serviceToken": True})

    @app.get("/api/v2/projects")
    def projects() -> Any:
        return jsonify({"items": [{"key": key, "name": key} for key in sorted(kept.environments)]})

    @app.get("/api/v2/flags/<project>")
    def listed(project: str) -> Any:
        kept.known(project)
        items = [flag for (its, _), flag in sorted(kept.flags.items()) if its == project]
        return jsonify({"items": items, "totalCount": len(items)})

    @app.post("/api/v2/flags/<project>")
    def made(project: str) -> Any:
        return jsonify(kept.create(project, request.get_json())), 201

    @app.get("/api/v2/flags/<project>/<key>")
    def shown(project: str, key: str) -> Any:
        return jsonify(kept.flag(project, key))

    @app.patch("/api/v2/flags/<project>/<key>")
    def patched(project: str, key: str) -> Any:
        body = request.get_json()
        return jsonify(kept.patch(project, key, body.get("patch") if isinstance(body, dict) else body))

    @app.delete("/api/v2/flags/<project>/<key>")
    def deleted(project: str, key: str) -> Any:
        kept.flag(project, key)
        del kept.flags[project, key]
        kept.note()
        return "", 204


def _sdk(app: Flask, kept: LaunchDarkly) -> None:
    from flask import Response, jsonify, request

    def environment() -> str:
        return kept.sdk_keys[request.headers["Authorization"]]

    @app.get("/sdk/latest-all")
    def polled() -> Any:
        return jsonify(kept.for_sdk(environment()))

    @app.get("/all")
    def streamed() -> Any:
        return Response(_stream(kept, environment()), mimetype="text/event-stream")

    @app.post("/bulk")
    @app.post("/diagnostic")
    def events() -> Any:
        return "", 202


def _stream(kept: LaunchDarkly, environment: str) -> Iterator[str]:
    seen = -1
    while True:
        with kept.changed:
            new = kept.changed.wait_for(lambda: kept.changes != seen, timeout=HEARTBEAT)  # noqa: B023
            seen = kept.changes
            content = json.dumps({"path": "/", "data": kept.for_sdk(environment)}) if new else ""
        yield f"event: put\ndata: {content}\n\n" if content else ":\n"


def _error(status: int, message: str) -> tuple[Any, int]:
    codes = {400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found"}
    codes |= {405: "method_not_allowed", 409: "optimistic_locking_error", 429: "rate_limited"}
    return {"code": codes.get(status, "internal_service_error"), "message": message}, status


def _fresh(defaults: dict[str, int]) -> dict[str, Any]:
    return {
        "on": False,
        "archived": False,
        "salt": uuid.uuid4().hex,
        "version": 1,
        "lastModified": int(time.time() * 1000),
        "targets": [],
        "contextTargets": [],
        "rules": [],
        "fallthrough": {"variation": defaults["onVariation"]},
        "offVariation": defaults["offVariation"],
        "prerequisites": [],
    }


def _apply(document: dict[str, Any], operation: dict[str, Any]) -> None:
    """Carry out one operation of JSON Patch (RFC 6902): add, replace, remove or test."""
    try:
        _carry_out(document, operation)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise Refused(400, "invalid_request", f"invalid operation in patch: {operation}") from error


def _carry_out(document: dict[str, Any], operation: dict[str, Any]) -> None:
    path = operation["path"]
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    place: Any = document
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    key: Any = (len(place) if last == "-" else int(last)) if isinstance(place, list) else last
    match operation["op"]:
        case "add" if isinstance(place, list):
            place.insert(key, operation["value"])
        case "add":
            place[key] = operation["value"]
        case "replace":
            _ = place[key]  # it must be there
            place[key] = operation["value"]
        case "remove":
            del place[key]
        case "test":
            if place[key] != operation["value"]:
                raise Refused(409, "optimistic_locking_error", f"test of {path} failed")
        case unknown:
            raise ValueError(unknown)


def _check_environments(flag: dict[str, Any]) -> None:
    """Refuse what LaunchDarkly refuses in the rule sets of a flag."""
    try:
        every = (_wrong(there, flag["variations"]) for there in flag["environments"].values())
        wrong = [said for each in every for said in each]
    except (LookupError, TypeError, AttributeError):
        wrong = ["a rule set is not of the documented form"]
    if wrong:
        raise Refused(400, "invalid_request", wrong[0])


def _wrong(there: dict[str, Any], variations: Sequence[Any]) -> Iterator[str]:
    if not isinstance(there["on"], bool):
        yield "on must be true or false"
    targets = [*there["targets"], *there["contextTargets"]]
    named = [each["variation"] for each in targets]
    if there.get("offVariation") is not None:
        named.append(there["offVariation"])
    for served in (there["fallthrough"], *there["rules"]):
        shares = (served.get("rollout") or {}).get("variations", [])
        if shares and sum(each["weight"] for each in shares) != 100_000:
            yield "the weights of a rollout must sum to 100000"
        named += [each["variation"] for each in shares] or [served.get("variation")]
    if not all(type(index) is int and 0 <= index < len(variations) for index in named):
        yield "a target, rule, rollout or offVariation names no variation of the flag"
    for clause in (clause for rule in there["rules"] for clause in rule["clauses"]):
        if clause["op"] not in _OPERATORS:
            yield f"a clause has no operator {clause['op']!r}"
    keys = [(each.get("contextKind", "user"), key) for each in targets for key in each["values"]]
    if len(keys) != len(set(keys)):
        yield "a target may stand in one variation only"


def _give_ids(there: dict[str, Any]) -> None:
    for rule in there["rules"]:
        rule.setdefault("_id", str(uuid.uuid4()))
        for clause in rule["clauses"]:
            clause.setdefault("_id", str(uuid.uuid4()))


def _for_sdk(flag: dict[str, Any], environment: str) -> dict[str, Any]:
    there = flag["environments"][environment]
    rules = [{**rule, "id": rule["_id"]} for rule in there["rules"]]
    return {
        **{name: there[name] for name in (*_RULE_SET, "salt", "version") if name in there},
        "key": flag["key"],
        "rules": rules,
        "variations": [each["value"] for each in flag["variations"]],
        "trackEvents": False,
    }
