"""What every stand-in has in common."""

import threading
import urllib.request
from contextlib import suppress

import pytest
from flask import Flask

from slipway.sandbox.vendors.heroku import heroku
from slipway.sandbox.vendors.launchdarkly import launchdarkly
from slipway.sandbox.vendors.stand_in import SAID, StandIn, serving
from slipway.sandbox.vendors.statuspage import statuspage


def test_a_call_that_a_stand_in_slept_over_is_not_carried_out_after_its_end() -> None:
    app, done = Flask("shop"), threading.Event()
    stand_in = StandIn(app=app, error=lambda status, said: (said, status))

    @app.post("/orders")
    def orders() -> str:
        done.set()
        return "taken"

    def order(address: str) -> None:
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/orders", b"")

    with serving(stand_in) as address:
        order(address)
        assert done.is_set()
        done.clear()
        stand_in.trouble(match="POST", delay=0.5)
        late = threading.Thread(target=order, args=(address,))
        late.start()
        while len(stand_in.calls) < 2:
            threading.Event().wait(0.01)
    late.join()
    assert not done.wait(1)


@pytest.mark.parametrize("times", [1, -1])
def test_what_was_told_holds_for_so_many_calls(times: int) -> None:
    stand_in = StandIn(app=Flask("shop"), error=lambda status, said: (said, status))
    stand_in.trouble(match="GET /orders", status=503, times=times)
    client = stand_in.app.test_client()
    assert [client.get(path).status_code for path in ("/else", "/orders/1", "/orders/1")] == [
        404,
        503,
        404 if times == 1 else 503,
    ]


ERRORS = {
    "statuspage": (statuspage(), "/v1/pages/sandbox/incidents", {"error": SAID}),
    "heroku": (heroku(), "/apps", {"id": "service_unavailable", "message": SAID}),
    "launchdarkly": (
        launchdarkly(),
        "/api/v2/projects",
        {"code": "internal_service_error", "message": SAID},
    ),
}
HEADERS = {
    "statuspage": {"Authorization": "OAuth sandbox"},
    "heroku": {"Accept": "application/vnd.heroku+json; version=3"},
    "launchdarkly": {"Authorization": "api-sandbox"},
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("vendor", ERRORS)
def test_a_refusal_and_a_lost_answer_have_the_vendor_s_shape(vendor: str, after: bool) -> None:
    stand_in, path, error = ERRORS[vendor]
    stand_in.trouble(status=503, retry_after="7", after=after)
    answer = stand_in.app.test_client().get(path, headers=HEADERS[vendor])
    assert (answer.status_code, answer.content_type) == (503, "application/json")
    assert answer.get_json() == error
    assert answer.headers["Retry-After"] == "7"


def test_a_body_that_is_no_json_is_refused_in_the_vendor_s_shape() -> None:
    headers = HEADERS["launchdarkly"]
    answer = launchdarkly().app.test_client().post("/api/v2/flags/default", data="key=a", headers=headers)
    assert answer.status_code == 415
    assert answer.get_json()["message"].startswith("Did not attempt to load JSON data")
