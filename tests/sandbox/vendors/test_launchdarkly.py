"""The stand-in refuses what LaunchDarkly refuses, in its words' shape, and keeps the flag as it was."""

from copy import deepcopy
from typing import Any

import pytest

from slipway.sandbox.vendors.launchdarkly import LaunchDarkly, launchdarkly

TOKEN = {"Authorization": "api-sandbox"}
PRODUCTION = "/environments/production"


@pytest.fixture
def kept() -> LaunchDarkly:
    made = LaunchDarkly()
    made.create("default", {"key": "flag", "name": "Flag"})
    return made


def put(name: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": f"{PRODUCTION}/{name}", "value": value}


def rule(op: str, **served: Any) -> dict[str, Any]:
    clause = {"attribute": "plan", "op": op, "values": ["gold"], "negate": False, "contextKind": "user"}
    return put("rules", [{"clauses": [clause]} | served])


def patched(kept: LaunchDarkly, body: Any) -> Any:
    return launchdarkly(kept).app.test_client().patch("/api/v2/flags/default/flag", json=body, headers=TOKEN)


@pytest.mark.parametrize(
    "operation",
    [
        put("offVariation", 99),
        put("offVariation", "0"),
        put("targets", [{"variation": 99, "values": ["ann"]}]),
        put("contextTargets", [{"variation": -1, "contextKind": "org", "values": ["acme"]}]),
        put("targets", [{"variation": 0, "values": ["ann"]}, {"variation": 1, "values": ["ann"]}]),
        put("targets", ["ann"]),
        put("on", "yes"),
        put("on", None),
        put("fallthrough", None),
        put("fallthrough", {"variation": True}),
        put("fallthrough", {"rollout": {"variations": [{"variation": 0, "weight": 1000}]}}),
        rule("isOneOf", variation=0),
        rule("in", variation=2),
        rule("in"),
        {"op": "upsert", "path": f"{PRODUCTION}/on", "value": True},
        {"op": "replace", "path": f"{PRODUCTION}/of", "value": True},
        {"op": "replace", "path": f"{PRODUCTION}/on"},
        {"path": f"{PRODUCTION}/on", "value": True},
        {"op": "replace", "value": True},
        "on",
    ],
    ids=repr,
)
def test_what_launchdarkly_refuses_is_refused_and_changes_nothing(kept: LaunchDarkly, operation: Any) -> None:
    before = deepcopy(kept.flags)
    answer = patched(kept, {"patch": [operation]})
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "invalid_request"
    assert answer.get_json()["message"]
    assert kept.flags == before


@pytest.mark.parametrize("body", [{"comment": "on"}, {"patch": None}, {"patch": {"op": "test"}}, "on"])
def test_a_call_without_a_patch_is_refused(kept: LaunchDarkly, body: Any) -> None:
    answer = patched(kept, body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "operation",
    [
        put("offVariation", 0),
        put("offVariation", None),
        put("on", True),
        rule("segmentMatch", variation=1),
        {"op": "remove", "path": f"{PRODUCTION}/offVariation"},
        {"op": "test", "path": f"{PRODUCTION}/on", "value": False},
    ],
    ids=repr,
)
def test_what_launchdarkly_takes_is_taken(kept: LaunchDarkly, operation: Any) -> None:
    assert patched(kept, {"patch": [operation]}).status_code == 200


def test_a_value_that_is_null_can_be_replaced(kept: LaunchDarkly) -> None:
    assert patched(kept, [put("offVariation", None)]).status_code == 200
    answer = patched(kept, [put("offVariation", 1)])
    assert answer.get_json()["environments"]["production"]["offVariation"] == 1


def test_a_test_that_fails_is_a_conflict(kept: LaunchDarkly) -> None:
    answer = patched(kept, [{"op": "test", "path": f"{PRODUCTION}/version", "value": 7}])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "optimistic_locking_error")
