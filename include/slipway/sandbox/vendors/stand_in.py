"""What the stand-ins of the vendors have in common: each keeps its calls, and can be told to misbehave.

One that speaks something else than HTTP (SMTP, SSH, a rendezvous) is told at an HTTP window beside it; each
of its calls goes through `meet` too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask, Response

CONTROL = "/_stand_in"  # beside the vendor's own paths: what a test or the launcher tells the stand-in
_CLOSED = "slipway.closed"  # set when the server that took the call ends
SAID = "Trouble that was asked for."


@dataclass(kw_only=True)
class Trouble:
    """What goes wrong with the next calls.

    :param match: how the calls that it holds for begin, e.g. "POST /apps" or "DATA"; "" holds for all
    :param times: for how many calls; -1 for ever
    :param status: answered instead, in the protocol's own numbers; 0 lets the call through
    :param after: whether the call is carried out first, so that only its answer is lost
    :param delay: seconds before anything is answered
    :param half: whether the answer breaks off half-way
    """

    match: str = ""
    times: int = 1
    status: int = 0
    retry_after: str = ""
    after: bool = False
    delay: float = 0.0
    half: bool = False

    @property
    def refuses(self) -> bool:
        """Whether the call is not carried out."""
        return bool(self.status) and not self.after

    @property
    def hides(self) -> bool:
        """Whether the call is carried out and something else is answered."""
        return bool(self.status) and self.after


@dataclass(kw_only=True)
class Call:
    """A call as it came in."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class StandIn:
    """A vendor's stand-in: `app` has its routes, `error` makes an error of the vendor's shape.

    :param token: what the Authorization header must hold, e.g. "Bearer sandbox"; "" lets anyone in
    """

    app: Flask
    error: Callable[[int, str], tuple[Any, int]]
    token: str = ""
    calls: list[Call] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def __post_init__(self) -> None:
        from flask import jsonify, request

        self.app.before_request(self._before)
        self.app.after_request(self._after)
        for status in (400, 404, 405, 415, 500):
            self.app.register_error_handler(status, lambda fault: self.error(fault.code, fault.description))

        @self.app.get(f"{CONTROL}/calls")
        def calls() -> Any:
            return jsonify([vars(call) for call in self.calls])

        @self.app.post(f"{CONTROL}/trouble")
        def trouble() -> Any:
            self.troubles.append(Trouble(**request.get_json()))
            return jsonify({"ok": True})

        @self.app.delete(f"{CONTROL}/trouble")
        def peace() -> Any:
            self.troubles.clear()
            return jsonify({"ok": True})

    def trouble(self, **what: Any) -> None:
        """Let the next calls go wrong; the fields are those of Trouble."""
        self.troubles.append(Trouble(**what))

    def meet(self, call: Call) -> Trouble:
        """Keep a call that came in, and return what goes wrong with it, which may be nothing."""
        self.calls.append(call)
        said = f"{call.method} {call.path}"
        for trouble in self.troubles:
            if said.startswith(trouble.match) and trouble.times != 0:
                trouble.times -= 1
                return trouble
        return Trouble()

    def _before(self) -> Any:
        from flask import g, request

        if request.path.startswith(CONTROL):
            return None
        body = request.get_json(silent=True)
        path = request.full_path.rstrip("?")
        call = Call(method=request.method, path=path, body=body, headers=dict(request.headers))
        g.trouble = trouble = self.meet(call)
        closed = request.environ.get(_CLOSED, threading.Event())
        if closed.wait(trouble.delay):  # what it slept over is not carried out after its end
            return self.error(503, "It was shut down.")
        if trouble.refuses:
            return self._wrong(trouble)
        if self.token and request.headers.get("Authorization") != self.token:
            return self.error(401, "Invalid credentials provided.")
        return None

    def _after(self, response: Response) -> Response:
        from flask import g

        trouble = g.get("trouble")
        if trouble is None:
            return response
        if trouble.hides:
            response = self.app.make_response(self._wrong(trouble))
        if trouble.half:
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.headers["Content-Length"] = str(len(whole))
        return response

    def _wrong(self, trouble: Trouble) -> Any:
        body, status = self.error(trouble.status, SAID)
        headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
        return body, status, headers


@contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[str]:
    """Serve it on loopback from a thread of this process; yields its address, e.g. "http://127.0.0.1:4711"."""
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    closed = threading.Event()

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        return stand_in.app({**environ, _CLOSED: closed}, start)

    server = make_server("127.0.0.1", port, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.25}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
