"""Letters, and connections that point at the stand-ins."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from slipway import vendor
from slipway.letter import Letter, ReleaseFacts
from slipway.words import Severity

KEY = "slipway-0123456789abcdef"
Connect = Callable[..., None]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "PAUSE", 0.01)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Make an Airflow connection to an address like http://127.0.0.1:4711."""

    def made(conn_id: str, address: str, *, conn_type: str = "http", **fields: Any) -> None:
        host, port = address.removeprefix("http://").split(":")
        connection = {"conn_type": conn_type, "host": host, "port": int(port), "schema": "http"} | fields
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    return made


def a_letter(**changes: Any) -> Letter:
    facts = ReleaseFacts(
        plan="shop", title="Shop", version="2.0", reason="errors 7 %", run_url="http://airflow.test/runs/1"
    )
    values: dict[str, Any] = {
        "plan": "shop",
        "release_id": "manual__2026-03-07T07:00:00+00:00",
        "notice": "taken_back",
        "subject": "Shop 2.0 was rolled back",
        "text": "We took it back.\nWhy: errors 7 %",
        "audience": "Support team",
        "severity": Severity.HIGH,
        "facts": facts.named(),
    }
    return Letter(**(values | changes))
