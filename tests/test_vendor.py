"""Calling a vendor's API, against a real server that misbehaves."""

import json
import logging
import os
from collections.abc import Iterator

import pytest
import requests
from flask import Flask, jsonify, request

from slipway import vendor
from slipway.errors import MissingConnection
from slipway.sandbox.vendors.stand_in import StandIn, serving
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

ACME = Vendor(system="Acme", mends={409: "Wait for the other build."})


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    app = Flask("acme")
    things: list[str] = []

    @app.get("/things")
    def listed() -> object:
        return jsonify(things)

    @app.post("/things")
    def made() -> object:
        things.append(request.get_json()["name"])
        return jsonify(things), 201

    @app.get("/page")
    def page() -> object:
        return "<html>"

    stand_in = StandIn(
        app=app, error=lambda status, said: ({"error": {"message": said}}, status), token="Bearer t0p"
    )
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    with serving(stand_in) as address:
        host, port = address.removeprefix("http://").split(":")
        connection = {
            "conn_type": "http",
            "host": host,
            "port": int(port),
            "schema": "http",
            "password": "t0p",
        }
        monkeypatch.setenv("AIRFLOW_CONN_ACME", json.dumps(connection))
        yield stand_in


def test_a_call_is_answered_and_the_token_goes_along(acme: StandIn) -> None:
    assert call(ACME, "acme", "POST", "/things", json={"name": "a"}).status_code == 201
    assert read_json(ACME, call(ACME, "acme", "GET", "/things")) == ["a"]


@pytest.mark.parametrize(
    ("status", "fault", "mend"),
    [
        (401, AccessRefused, 'set new ones in the connection "acme"'),
        (403, AccessRefused, "docs/connections.md"),
        (404, NotThere, "the name in the plan"),
        (409, InTheWay, "Wait for the other build."),
        (422, CallRefused, "Correct the plan."),
        (503, VendorBroken, "status page"),
    ],
)
def test_a_bad_answer_names_system_call_and_mend(
    acme: StandIn, status: int, fault: type[Exception], mend: str
) -> None:
    acme.trouble(status=status, times=-1)
    with pytest.raises(fault) as caught:
        call(ACME, "acme", "GET", "/things?page=2")
    assert str(caught.value).startswith("Acme: GET /things: HTTP ")
    assert mend in str(caught.value)


def test_a_safe_call_is_tried_three_times(acme: StandIn) -> None:
    acme.trouble(status=503, times=2)
    assert call(ACME, "acme", "GET", "/things").status_code == 200
    acme.trouble(status=503, times=3)
    with pytest.raises(VendorBroken):
        call(ACME, "acme", "GET", "/things")
    assert len(acme.calls) == 6


@pytest.mark.parametrize("trouble", [{"status": 503}, {"half": True}, {"status": 500, "after": True}])
def test_a_call_that_may_have_been_taken_is_not_sent_twice(acme: StandIn, trouble: dict[str, object]) -> None:
    acme.trouble(match="POST", **trouble)
    with pytest.raises((VendorBroken, VendorUnreachable)):
        call(ACME, "acme", "POST", "/things", json={"name": "a"})
    assert [made.method for made in acme.calls] == ["POST"]


def test_too_many_calls_waits_as_long_as_it_is_told(acme: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    acme.trouble(status=429, retry_after="0.02")
    with caplog.at_level(logging.INFO, "slipway"):
        assert call(ACME, "acme", "POST", "/things", json={"name": "a"}).status_code == 201
    assert "too many calls. Try again in 0.02 s" in caplog.text


def test_statuspage_s_own_number_for_too_many_calls_is_waited_out_too(acme: StandIn) -> None:
    acme.trouble(status=420)
    assert call(ACME, "acme", "POST", "/things", json={"name": "a"}).status_code == 201
    acme.trouble(status=420, retry_after="60")
    with pytest.raises(TooManyCalls, match="Try again in 60 s"):
        call(ACME, "acme", "GET", "/things")


def test_patience_beyond_half_a_minute_is_left_to_airflow(acme: StandIn) -> None:
    acme.trouble(status=429, retry_after="3600")
    with pytest.raises(TooManyCalls, match="Try again in 3600 s"):
        call(ACME, "acme", "GET", "/things")
    assert len(acme.calls) == 1


def test_a_slow_answer_is_a_fault_that_says_so(acme: StandIn) -> None:
    acme.trouble(delay=0.5, times=-1)
    with pytest.raises(VendorUnreachable, match=r"no answer within 0\.1 s\. It may have been carried out"):
        call(ACME, "acme", "POST", "/things", json={"name": "a"}, timeout=0.1)
    with pytest.raises(VendorUnreachable, match=r"no answer within 0\.1 s\. See Acme's status page"):
        call(ACME, "acme", "GET", "/things", timeout=0.1)  # which changes nothing


def test_an_answer_that_breaks_off_is_a_fault_that_says_so(acme: StandIn) -> None:
    acme.trouble(half=True, times=-1)
    with pytest.raises(VendorUnreachable, match="broke off half-way"):
        call(ACME, "acme", "GET", "/page")


def test_nobody_there_is_a_fault_that_names_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    monkeypatch.setenv(
        "AIRFLOW_CONN_NOBODY", '{"conn_type": "http", "host": "127.0.0.1", "port": 9, "schema": "http"}'
    )
    with pytest.raises(VendorUnreachable, match=r'Acme: POST /x: connection refused.*"nobody"') as caught:
        call(ACME, "nobody", "POST", "/x")
    assert not caught.value.sent


def test_a_missing_connection_is_named() -> None:
    with pytest.raises(MissingConnection, match=r'"nowhere" \(Acme: GET /x needs it'):
        call(ACME, "nowhere", "GET", "/x")


def test_a_page_where_json_was_promised_is_a_fault(acme: StandIn) -> None:
    with pytest.raises(AnswerUnreadable, match="Acme: GET /page: the answer cannot be read"):
        read_json(ACME, call(ACME, "acme", "GET", "/page"))


def test_a_call_may_sign_itself_and_go_to_another_address(
    acme: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_ACME"])
    other = {"conn_type": "http", "host": "127.0.0.1", "port": 9, "login": "id", "password": "secret"}
    monkeypatch.setenv("AIRFLOW_CONN_ACME", json.dumps(other | {"extra": {"tenant": "t", "X-Own": "kept"}}))

    def sign(made: requests.PreparedRequest) -> requests.PreparedRequest:
        made.headers["Authorization"] = "Bearer t0p"
        return made

    address = f"http://127.0.0.1:{known['port']}"
    vendor = Vendor(system="Acme", settings={"tenant"})
    assert call(vendor, "acme", "GET", "/things", auth=sign, at=address).status_code == 200
    sent = acme.calls[0].headers
    assert (sent["Authorization"], sent["X-Own"], "Tenant" in sent) == ("Bearer t0p", "kept", False)
