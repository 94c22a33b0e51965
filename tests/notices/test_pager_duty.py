import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.notices import PagerDuty
from slipway.notices.faults import PasswordNotGiven
from slipway.sandbox.vendors.pagerduty import PagerDutyState, pagerduty
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.vendor_faults import CallRefused, TooManyCalls, VendorBroken
from slipway.words import Severity

ROUTING = "0123456789abcdef0123456789abcdef"
CALLS = PagerDuty(connection="pages")
OPENS = PagerDuty(connection="pages", incident="deployment")
ENDS = PagerDuty(connection="pages", incident="deployment", resolves=True)
CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "pagerduty-events-v2.openapi.json"


@pytest.fixture
def state() -> PagerDutyState:
    return PagerDutyState()


@pytest.fixture
def server(connect: Connect, state: PagerDutyState) -> Iterator[StandIn]:
    stand_in = pagerduty(routing_key=ROUTING, state=state)
    with serving(stand_in) as address:
        connect("pages", address, password=ROUTING)
        yield stand_in


def test_a_page_opens_an_alert_of_its_severity(server: StandIn, state: PagerDutyState) -> None:
    key = "slipway/shop/manual__2026-03-07T07:00:00+00:00/taken_back"
    assert CALLS.send(a_letter(severity=Severity.CRITICAL), KEY) == {"event": "trigger", "dedup_key": key}
    [alert] = state.alerts.values()
    assert (alert.summary, alert.severity, alert.pages) == ("Shop 2.0 was rolled back", "critical", 1)
    assert list(state.alerts) == [key]


def test_a_repeat_never_pages_twice(server: StandIn, state: PagerDutyState) -> None:
    CALLS.send(a_letter(), KEY)
    CALLS.send(a_letter(), KEY)
    [alert] = state.alerts.values()
    assert (alert.events, alert.pages) == (2, 1)


@pytest.mark.parametrize("trouble", [{"half": True}, {"status": 500, "after": True}, {"status": 503}])
def test_a_page_whose_answer_was_lost_is_sent_again_and_pages_once(
    server: StandIn, state: PagerDutyState, trouble: dict[str, object]
) -> None:
    server.trouble(**trouble)
    CALLS.send(a_letter(), KEY)
    [alert] = state.alerts.values()
    assert (len(server.calls), alert.pages) == (2, 1)


def test_two_breaches_are_two_alerts_and_another_release_is_a_third(
    server: StandIn, state: PagerDutyState
) -> None:
    for changes in ({"occasion": "errors"}, {"occasion": "latency"}, {"release_id": "another"}):
        CALLS.send(a_letter(**changes), KEY)
    assert len(state.alerts) == 3


def test_an_incident_that_several_notices_speak_of_is_resolved(
    server: StandIn, state: PagerDutyState
) -> None:
    OPENS.send(a_letter(notice="breach"), KEY)
    assert ENDS.send(a_letter(notice="all_well"), KEY)["event"] == "resolve"
    [alert] = state.alerts.values()
    assert (alert.status, alert.pages) == ("resolved", 1)


def test_a_very_long_release_id_still_has_a_key_of_its_own(server: StandIn, state: PagerDutyState) -> None:
    CALLS.send(a_letter(release_id="a" * 300), KEY)
    CALLS.send(a_letter(release_id="a" * 301), KEY)
    assert [len(key) for key in state.alerts] == [72, 72]


def test_a_wrong_routing_key_is_refused_and_not_shown(server: StandIn, connect: Connect) -> None:
    server.trouble(status=400)
    with pytest.raises(CallRefused, match="the connection's password is the routing key") as caught:
        CALLS.send(a_letter(), KEY)
    assert ROUTING not in str(caught.value)
    assert "Authorization" not in server.calls[0].headers


@pytest.mark.parametrize(("status", "fault"), [(429, TooManyCalls), (500, VendorBroken)])
def test_what_does_not_pass_is_a_fault_after_three_tries(
    server: StandIn, status: int, fault: type[Exception]
) -> None:
    server.trouble(status=status, times=-1)
    with pytest.raises(fault, match="PagerDuty: POST /v2/enqueue"):
        CALLS.send(a_letter(), KEY)
    assert len(server.calls) == 3


def test_a_connection_without_the_routing_key_is_named(connect: Connect) -> None:
    connect("pages", "http://127.0.0.1:9")
    with pytest.raises(PasswordNotGiven, match="the routing key of the PagerDuty service"):
        CALLS.send(a_letter(), KEY)


@pytest.fixture
def contract() -> dict[str, Any]:
    if not CONTRACT.exists():
        pytest.skip("PagerDuty's published contract is not beside the project")
    found: dict[str, Any] = json.loads(CONTRACT.read_text())
    return found


def holds(contract: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    from jsonschema import Draft4Validator

    Draft4Validator(schema | {"components": contract["components"]}).validate(value)


def test_each_event_and_each_answer_keeps_to_the_contract(server: StandIn, contract: dict[str, Any]) -> None:
    body = contract["paths"]["/enqueue"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    answer = contract["components"]["responses"]["Success"]["content"]["application/json"]["schema"]
    for channel in (CALLS, OPENS, ENDS):
        for severity in Severity:
            channel.send(a_letter(severity=severity), KEY)
    assert len(server.calls) == 12
    for call in list(server.calls):
        assert set(call.body) <= set(body["properties"])
        holds(contract, body, call.body)
        reply = server.app.test_client().post("/v2/enqueue", json=call.body)
        assert reply.status_code == 202
        holds(contract, answer, reply.get_json())


def test_a_refusal_of_the_stand_in_keeps_to_the_contract(server: StandIn, contract: dict[str, Any]) -> None:
    error = contract["components"]["responses"]["Error"]["content"]["application/json"]["schema"]
    reply = server.app.test_client().post("/v2/enqueue", json={"event_action": "shout"})
    assert reply.status_code == 400
    holds(contract, error, reply.get_json())
