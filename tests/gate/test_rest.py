"""The REST client of tasks against a real HTTP server that answers as Airflow does."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own deprecations while it is imported

ROWS = [
    {"when": f"2026-03-07T06:00:{n % 60:02}Z", "event": "e", "owner": "ann", "task_id": "t", "extra": "{}"}
    for n in range(150)
]


class Airflow(BaseHTTPRequestHandler):
    """Three answers of Airflow: a token, pages of the audit log, and nothing else."""

    asked: list[tuple[str, str]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert body == {"username": "slipway", "password": "s3cret-word"}
        self.reply(201, {"access_token": "t0ken-word"})

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/api/v2/eventLogs":
            start = int(query["offset"])
            rows = ROWS[start : start + int(query["limit"])]
            self.reply(200, {"event_logs": rows, "total_entries": len(ROWS)})
        elif "forbidden" in url.path:
            self.reply(403, {"detail": "Forbidden"})
        else:
            self.reply(404, {"detail": "not found"})

    def reply(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    Airflow.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_address[1]}
        login = {"login": "slipway", "password": "s3cret-word"}
        monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_AIRFLOW", json.dumps(address | login))
        yield Airflow.asked
        server.shutdown()


def test_all_pages_of_the_audit_log_are_read_with_one_token(asked: list[tuple[str, str]]) -> None:
    from slipway.airflow.rest import AirflowApi

    rows = AirflowApi().event_logs("plan", "manual__2026+00:00", ["patch_task_instance", "patch_dag_run"])

    assert len(rows) == 150
    assert (rows[0].owner, rows[0].at) == ("ann", datetime(2026, 3, 7, 6, 0, tzinfo=UTC))
    assert [token for _, token in asked] == ["Bearer t0ken-word"] * 2
    assert "included_events=patch_task_instance&included_events=patch_dag_run" in asked[0][0]
    assert "run_id=manual__2026%2B00%3A00" in asked[0][0]


def test_a_form_that_never_asked_is_none(asked: list[tuple[str, str]]) -> None:
    from slipway.airflow.rest import AirflowApi

    assert AirflowApi().hitl_detail("plan", "run", "gate.go_no_go") is None
    assert AirflowApi().state_store("plan", "run", "gate.decision", "decision") is None


def test_a_refusal_names_the_request_and_the_connection(asked: list[tuple[str, str]]) -> None:
    from slipway.airflow.rest import AirflowApi, ApiRefused

    with pytest.raises(ApiRefused, match="answered 403") as refused:
        AirflowApi().dag_run("forbidden", "run")

    assert refused.value.status == 403
    assert "slipway_airflow" in str(refused.value)


def test_no_secret_is_logged(asked: list[tuple[str, str]], caplog: pytest.LogCaptureFixture) -> None:
    from slipway.airflow.rest import AirflowApi

    with caplog.at_level(logging.DEBUG):
        AirflowApi().event_logs("plan", "run")

    assert "s3cret-word" not in caplog.text
    assert "t0ken-word" not in caplog.text
