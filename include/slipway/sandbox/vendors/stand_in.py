"""What the stand-ins of the vendors have in common: a real HTTP server that can be told to misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask, Response

ASKED_FOR = "Trouble that was asked for."
CONTROL = "/_stand_in"  # beside the vendor's own paths: what a test or the launcher tells the stand-in


@dataclass(kw_only=True)
class Trouble:
    """What goes wrong with the next calls.

    :param match: "METHOD /path-prefix" of the calls it holds for; "" holds for all. What is no HTTP has words
        of its own: "DATA" is a mail, "EXEC command" one over SSH, "ATTACH command" the output of a dyno
    :param times: for how many calls; -1 for ever
    :param status: answered instead; 0 lets the call through
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


@dataclass(kw_only=True)
class Call:
    """A call as it came in."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


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
        for status in (400, 404, 405, 500):
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

    def next_trouble(self, call: str) -> Trouble | None:
        """Return what was told to go wrong with this call, e.g. "POST /apps"; None if nothing."""
        for trouble in self.troubles:
            if call.startswith(trouble.match) and trouble.times != 0:
                trouble.times -= 1
                return trouble
        return None

    def _before(self) -> Any:
        from flask import g, request

        if request.path.startswith(CONTROL):
            return None
        body = request.get_json(silent=True)
        self.calls.append(
            Call(
                method=request.method,
                path=request.full_path.rstrip("?"),
                body=body,
                headers=dict(request.headers),
            )
        )
        g.trouble = trouble = self.next_trouble(f"{request.method} {request.path}")
        if trouble is not None:
            time.sleep(trouble.delay)
            if trouble.status and not trouble.after:
                return self._wrong(trouble)
        if self.token and request.headers.get("Authorization") != self.token:
            return self.error(401, "Invalid credentials provided.")
        return None

    def _after(self, response: Response) -> Response:
        from flask import g

        trouble = g.get("trouble")
        if trouble is None:
            return response
        if trouble.status and trouble.after:
            body, status = self.error(trouble.status, ASKED_FOR)
            response.set_data(str(body))
            response.status_code = status
        if trouble.half:
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.headers["Content-Length"] = str(len(whole))
        return response

    def _wrong(self, trouble: Trouble) -> Any:
        body, status = self.error(trouble.status, ASKED_FOR)
        headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
        return body, status, headers


@contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[str]:
    """Serve it on loopback from a thread of this process; yields its address, e.g. "http://127.0.0.1:4711"."""
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, stand_in.app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
