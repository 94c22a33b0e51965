"""The doctor against what really answers."""

import io
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console
from tests.prove.plans import but

from slipway.cli import main
from slipway.environment import ROLES, Environment
from slipway.kinds import Scrape
from slipway.metrics.sources import Readings
from slipway.notices import Email, Slack
from slipway.plan import Moment, Notice
from slipway.plans_cli.doctor import _TRIES, examine


class Service(BaseHTTPRequestHandler):
    """Healthy, and nothing else; a slot that serves nothing under /empty."""

    page = b""  # of metrics; none if empty

    def do_GET(self) -> None:
        known = {
            "/health": 200,
            "/versioned/version": 200,
            "/guarded/version": 401,
            "/guarded/": 200,
            "/closed/version": 401,
            "/guarded/metrics": 401,
            "/inside/health": 401,
            "/inside/version": 200,
            "/sick/health": 500,
            "/sick/version": 401,
            "/sick/": 200,
            "/empty/health": 503,
            "/metrics": 200 if self.page else 404,
        }
        self.send_response(known.get(self.path, 404))
        self.end_headers()
        if self.path == "/metrics":
            self.wfile.write(self.page)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str, **values: object) -> str:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(values))
    return conn_id


def test_connections_that_answer_are_told_with_what_they_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: int
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "source")], check=True)
    where = Environment(
        system="shop",
        name="staging",
        service=connect(monkeypatch, "s", conn_type="http", schema="http", host="127.0.0.1", port=address),
        host=connect(monkeypatch, "h", conn_type="fs", extra={"path": str(tmp_path)}),
        repository=connect(monkeypatch, "r", conn_type="git", host=str(tmp_path / "source")),
        backups=connect(monkeypatch, "b", conn_type="fs", extra={"path": str(tmp_path / "nowhere")}),
    )
    out = io.StringIO()
    status = examine(but(staging=where, production=where), Console(file=out, width=300))
    text = out.getvalue()
    assert status == 1
    assert "ok   staging    service    s: GET /health answers 200" in text
    assert f"ok   staging    host       h: folder {tmp_path}" in text
    assert f"ok   staging    repository r: repository {tmp_path / 'source'}" in text
    assert "BAD  staging    backups    b: " in text
    assert (
        'BAD  slipway    airflow    slipway_airflow: There is no Airflow connection "slipway_airflow"' in text
    )
    assert "BAD  metrics    service    s: " in text
    assert text.endswith("7 of 13 do not answer\n")


def test_the_metrics_of_the_watch_are_read_once(monkeypatch: pytest.MonkeyPatch, address: int) -> None:
    where = Environment(
        system="shop",
        name="production",
        service=connect(monkeypatch, "s", conn_type="http", schema="http", host="127.0.0.1", port=address),
        backups="",
    )
    monkeypatch.setattr(Service, "page", b'up 1\nrequests_total{status="200"} 7\n')
    out = io.StringIO()
    examine(but(staging=where, production=where), Console(file=out, width=300))
    assert "ok   metrics    service    s: 1 readings, 2 series" in out.getvalue()


def test_a_metric_of_which_nothing_comes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Readings, "read", lambda *_: Scrape(at=0.0, samples={}))
    out = io.StringIO()
    examine(but(), Console(file=out, width=300))
    [said] = [line for line in out.getvalue().splitlines() if line.startswith("NOTE metrics")]
    assert "1 readings, 0 series; nothing came for error_rate, latency." in said


def said_of_green(monkeypatch: pytest.MonkeyPatch, host: str) -> list[str]:
    """Return what the doctor says of a plan with a green slot and nothing else but what every plan needs."""
    connect(monkeypatch, "g", conn_type="http", host=host)
    staging = Environment(system="shop", name="staging", backups="")
    out = io.StringIO()
    examine(
        but(staging=staging, production=replace(staging, name="production", green="g"), notices=()),
        Console(file=out, width=300),
    )
    return out.getvalue().splitlines()


def test_an_empty_green_slot_is_a_note_and_no_fault(monkeypatch: pytest.MonkeyPatch, address: int) -> None:
    said = said_of_green(monkeypatch, f"http://127.0.0.1:{address}/empty")
    assert said[0] == (
        "NOTE production green      g: GET /health answers 503: empty, as before the first "
        "blue-green release; after one, see why it is not well"
    )
    assert said[-1] == "4 of 5 do not answer"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("versioned", "ok   production green      g: GET /version answers 200"),
        ("guarded", "ok   production green      g: GET / answers 200"),
        ("inside", "ok   production green      g: GET /version answers 200"),
        ("closed", "BAD  production green      g: GET /version answers 401."),
        ("sick", "BAD  production green      g: GET /health answers 500."),
    ],
)
def test_a_service_is_told_by_the_first_path_that_is_open_or_by_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, address: int, path: str, answer: str
) -> None:
    said = said_of_green(monkeypatch, f"http://127.0.0.1:{address}/{path}")
    assert said[0] == answer or (answer.startswith("BAD") and said[0].startswith(answer))


def test_a_metrics_page_that_is_guarded_is_a_fault_whatever_else_is_open(
    monkeypatch: pytest.MonkeyPatch, address: int
) -> None:
    connect(monkeypatch, "p", conn_type="http", host=f"http://127.0.0.1:{address}/guarded")
    staging = Environment(system="shop", name="staging", backups="", probe="p")
    out = io.StringIO()
    examine(
        but(staging=staging, production=replace(staging, name="production"), notices=()),
        Console(file=out, width=300),
    )
    [said] = [line for line in out.getvalue().splitlines() if " probe " in line and "staging" in line]
    assert said.startswith("BAD  staging    probe      p: GET /metrics answers 401.")


def test_a_green_slot_that_nobody_can_reach_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    said = said_of_green(monkeypatch, "http://127.0.0.1:9")
    assert said[0].startswith("BAD  production green      g: GET /health: connection refused")
    assert said[-1] == "5 of 5 do not answer"


def test_a_green_slot_at_the_wrong_address_is_a_fault(monkeypatch: pytest.MonkeyPatch, address: int) -> None:
    said = said_of_green(monkeypatch, f"http://127.0.0.1:{address}/elsewhere")
    assert said[0].startswith("BAD  production green      g: GET / answers 404. Is it the right address")
    assert said[-1] == "5 of 5 do not answer"


def test_the_channels_of_notices_are_looked_at_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "chat", conn_type="slackwebhook", host="http://127.0.0.1:9", password="T0/B0/x")
    channels = [
        Slack(connection="chat", channel="#releases"),
        Email(connection="no_mail", recipients=["a@b.example"]),
    ]
    notice = Notice(
        name="done", moment=Moment.RELEASED, audience="all", channels=channels, subject="s", text="t"
    )
    out = io.StringIO()
    examine(but(notices=[notice]), Console(file=out, width=300))
    assert "ok   notices    slack      Slack #releases: " in out.getvalue()
    assert "BAD  notices    email      " in out.getvalue()
    assert 'There is no Airflow connection "no_mail"' in out.getvalue()


def test_the_doctor_can_try_every_role() -> None:
    assert set(_TRIES) == set(ROLES)


def test_the_launcher_has_the_doctor_of_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "no_such_plan"]) == 1
    assert 'There is no plan "no_such_plan"' in "".join(capsys.readouterr())
