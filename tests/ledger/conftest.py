"""A real PostgreSQL with an empty ledger database for each test."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from slipway.ledger.store import Ledger
from slipway.sandbox.postgres import Postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="slipway-ledger-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        server = Postgres.start(Path(folder), port)
        yield server
        server.stop()


@pytest.fixture
def database(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"ledger_{uuid4().hex[:12]}"
    server.ensure_database(name)
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_LEDGER", server.url(name))
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def ledger(database: str) -> Ledger:
    ledger = Ledger()
    ledger.migrate()
    return ledger
