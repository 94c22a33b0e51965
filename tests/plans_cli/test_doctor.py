"""The doctor against what really answers."""

import io
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console
from tests.prove.plans import but

from slipway.cli import main
from slipway.environment import ROLES, Environment
from slipway.notices import Email, Slack
from slipway.plan import Moment, Notice
from slipway.plans_cli.doctor import _TRIES, examine


class Service(BaseHTTPRequestHandler):
    """Healthy, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

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
    assert "ok  staging    service    s: GET /health answers 200" in text
    assert f"ok  staging    host       h: folder {tmp_path}" in text
    assert f"ok  staging    repository r: repository {tmp_path / 'source'}" in text
    assert "BAD staging    backups    b: " in text
    assert (
        'BAD slipway    airflow    slipway_airflow: There is no Airflow connection "slipway_airflow"' in text
    )
    assert text.endswith("6 of 12 do not answer\n")


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
    assert "ok  notices    slack      Slack #releases: " in out.getvalue()
    assert "BAD notices    email      " in out.getvalue()
    assert 'There is no Airflow connection "no_mail"' in out.getvalue()


def test_the_doctor_can_try_every_role() -> None:
    assert set(_TRIES) == set(ROLES)


def test_the_launcher_has_the_doctor_of_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "no_such_plan"]) == 1
    assert 'There is no plan "no_such_plan"' in "".join(capsys.readouterr())
