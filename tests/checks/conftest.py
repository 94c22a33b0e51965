"""Real things for the checks to look at: an HTTP service, PostgreSQL, folders."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from slipway.environment import Environment
from slipway.sandbox.postgres import Postgres
from slipway.testing import LocalRun

ENVIRONMENT = Environment(
    system="planner", name="production", database="db", service="service", host="host", probe="probe"
)


@dataclass
class Service:
    """A small service: what each path answers, and what it was asked."""

    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    slow: float = 0.0

    def says(self, path: str, content: Any, status: int = 200) -> None:
        self.answers[path] = (status, content if isinstance(content, str) else json.dumps(content))


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.asked.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "body": json.loads(body) if body else None,
                    "authorization": self.headers.get("Authorization"),
                }
            )
            sleep(service.slow)  # the slowness is what is tested
            status, text = service.answers.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Tests read `asked`."""

    return Handler


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    made = Service()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(made)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("SERVICE", "PROBE"):
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}", f"http://127.0.0.1:{server.server_port}")
        yield made
        server.shutdown()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the service's connection at a port where nobody listens."""
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", f"http://127.0.0.1:{free_port()}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="slipway-checks-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        started = Postgres.start(Path(folder), free_port())
        yield started
        started.stop()


@pytest.fixture
def database(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """An empty database, which the connection `db` leads to."""
    name = f"checks_{uuid4().hex[:8]}"
    with psycopg.connect(server.url(), autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    monkeypatch.setenv("AIRFLOW_CONN_DB", server.url(name))
    with psycopg.connect(server.url(name), autocommit=True) as session:
        yield session


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment's home, which the connection `host` leads to."""
    (tmp_path / "current").mkdir()
    value = json.dumps({"conn_type": "fs", "extra": {"path": str(tmp_path)}})
    monkeypatch.setenv("AIRFLOW_CONN_HOST", value)
    return tmp_path


@pytest.fixture
def run() -> LocalRun:
    return LocalRun(environment=ENVIRONMENT, log=logging.getLogger("slipway.test.checks"))
