"""A threaded HTTP server: routes, JSON, the asking user, and a measurement of every request."""

import functools
import json
import os
import re
import secrets
import sys
import time
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import flags
import metrics
import psycopg
from database import rows

HERE = Path(__file__).parent
# Seconds on the way to every answer, as over a network: without them an answer takes 2 ms, and whatever
# else this machine does shows as half as much again.
NETWORK = 0.01
UNMEASURED = ("/health", "/version", "/metrics")


class Refused(Exception):
    """Answer with this status and message."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict
    body: dict
    headers: object
    user: object = None
    arguments: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """An answer that is not JSON."""

    content: bytes
    type: str


@dataclass(frozen=True)
class App:
    """What a release serves: its routes, the columns it needs, and the features that make cohort b."""

    name: str
    routes: tuple
    needs: dict
    new_features: tuple = ()
    user_of: object = None
    version: str = field(default_factory=lambda: (HERE / "VERSION").read_text().strip())

    def find(self, method, path):
        for verb, pattern, answer in (*self.routes, *COMMON):
            match = verb == method and _compiled(pattern).fullmatch(path)
            if match:
                return pattern, answer, match.groupdict()
        raise Refused(404, f"nothing at {method} {path}")


@functools.lru_cache
def _compiled(pattern):
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))


def health(app, request):
    """Healthy when the database answers and has every column that this code needs."""
    try:
        looks = [f"SELECT 1 FROM (SELECT {what} FROM {table} LIMIT 0) AS looked" for table, what in app.needs.items()]
        rows(" UNION ALL ".join(looks))
    except psycopg.Error as error:
        raise Refused(503, str(error).splitlines()[0]) from error
    return {"status": "ok", "version": app.version, "environment": os.environ.get("ENVIRONMENT")}


def require_token(request):
    given = request.headers.get("Authorization") or ""
    if not secrets.compare_digest(given, f"Bearer {os.environ['API_TOKEN']}"):
        raise Refused(401, "Authorization: Bearer <token> is required")


def put_flag(app, request):
    require_token(request)
    enabled, percentage = request.body.get("enabled"), request.body.get("percentage", 100)
    if not isinstance(enabled, bool) or type(percentage) is not int or not 0 <= percentage <= 100:
        raise Refused(422, 'expected {"enabled": true or false, "percentage": 0..100}')
    return _known(flags.put(request.arguments["name"], enabled, percentage), request)


def _known(flag, request):
    if flag is None:
        raise Refused(404, f"no flag {request.arguments['name']!r}; known: {', '.join(flags.all_flags())}")
    return flag


COMMON = (
    ("GET", "/health", health),
    ("GET", "/version", lambda app, request: {"version": app.version}),
    ("GET", "/metrics", lambda app, request: Raw(metrics.page(), "text/plain; version=0.0.4")),
    ("GET", "/api/flags", lambda app, request: flags.all_flags()),
    ("GET", "/api/flags/{name}", lambda app, r: _known(flags.all_flags().get(r.arguments["name"]), r)),
    ("PUT", "/api/flags/{name}", put_flag),
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def answer(self):
        began, route, cohort, status = time.perf_counter(), "none", "a", 500
        time.sleep(NETWORK)
        try:
            request, route, work = self._read()
            if route not in UNMEASURED:
                cohort = flags.cohort(request.user, self.server.app.new_features)
            status, result = 200, work(self.server.app, request)
        except Refused as refused:
            status, result = refused.status, {"error": str(refused)}
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
            print(f"ERROR {self.command} {self.path}", *traceback.format_exc().splitlines(), sep="\n  ")
            sys.stdout.flush()
        if route not in UNMEASURED:
            metrics.REQUESTS.labels(self.command, route, status, cohort).inc()
            metrics.DURATION.labels(route, cohort).observe(time.perf_counter() - began)
        self._send(status, result)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def _read(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        route, work, arguments = self.server.app.find(self.command, address.path)
        try:
            body = json.loads(content) if content else {}
        except ValueError as error:
            raise Refused(400, f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refused(400, "the body is not a JSON object")
        request = Request(
            self.command, address.path, dict(parse_qsl(address.query)), body, self.headers, None, arguments
        )
        user = self.server.app.user_of(request) if self.server.app.user_of else None
        return Request(**{**vars(request), "user": user}), route, work

    def _send(self, status, result):
        raw = result if isinstance(result, Raw) else Raw(json.dumps(result, default=str).encode(), "application/json")
        self.send_response(status)
        self.send_header("Content-Type", raw.type)
        self.send_header("Content-Length", str(len(raw.content)))
        self.end_headers()
        self.wfile.write(raw.content)

    wbufsize = -1  # headers and body in one packet

    def log_message(self, *_):
        """Requests are measured, not logged."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port, app):
        super().__init__(("127.0.0.1", port), Handler)
        self.app = app
        self.url = f"http://127.0.0.1:{port}"
