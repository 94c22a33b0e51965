"""What every stand-in has in common."""

import threading
import urllib.request
from contextlib import suppress

import pytest
from flask import Flask

from slipway.sandbox.vendors.stand_in import StandIn, serving


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
