"""Doors: an address that leads to one service, then to another, while clients stay."""

import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slipway.local.port import any_free
from slipway.sandbox.platforms.doors import Doors, opened


def service(name: str, held: threading.Event | None = None) -> ThreadingHTTPServer:
    """Return a service that answers with its name and what it was told, on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            told = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if held is not None:
                held.wait(5)
            body = f"{name} {self.path} {told}".strip().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


@pytest.fixture
def serving() -> Iterator[Callable[..., int]]:
    """Give a maker of services; it returns their ports."""
    made: list[ThreadingHTTPServer] = []

    def make(name: str, held: threading.Event | None = None) -> int:
        made.append(service(name, held))
        return int(made[-1].server_address[1])

    yield make
    for each in made:
        each.shutdown()
        each.server_close()


def asked(line: http.client.HTTPConnection, path: str, body: str | None = None) -> tuple[int, str]:
    line.request("GET" if body is None else "POST", path, body)
    answer = line.getresponse()
    return answer.status, answer.read().decode()


def test_a_client_that_stays_is_led_to_the_other_service_between_two_requests(
    serving: Callable[..., int],
) -> None:
    door, blue, green = any_free(), serving("blue"), serving("green")
    doors = Doors({door: blue})
    with opened(doors):
        line = http.client.HTTPConnection("127.0.0.1", door, timeout=5)
        assert asked(line, "/a", "told") == (200, "blue /a told")
        doors.lead({door: green})
        assert asked(line, "/b") == (200, "green /b")
        line.close()


def test_a_request_under_way_is_answered_by_the_service_that_has_it(serving: Callable[..., int]) -> None:
    let_go = threading.Event()
    door, blue, green = any_free(), serving("blue", let_go), serving("green")
    doors, found = Doors({door: blue}), []
    with opened(doors):
        line = http.client.HTTPConnection("127.0.0.1", door, timeout=5)
        line.request("GET", "/slow")
        doors.lead({door: green})
        let_go.set()
        found.append(line.getresponse().read().decode())
        line.close()
    assert found[0].endswith("/slow")


def test_a_door_to_nobody_says_so_and_leads_again_when_somebody_is_there(
    serving: Callable[..., int],
) -> None:
    door, blue = any_free(), serving("blue")
    doors = Doors({door: 0})
    with opened(doors):
        line = http.client.HTTPConnection("127.0.0.1", door, timeout=5)
        assert asked(line, "/") == (503, "Application Error")
        doors.lead({door: any_free()})  # a service that does not run
        assert asked(line, "/") == (503, "Application Error")
        doors.lead({door: blue})
        assert asked(line, "/") == (200, "blue /")
        line.close()
