"""The sandbox's stand-ins that speak no HTTP are told what goes wrong as docs/sandbox.md says."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import airflow.providers.ssh.hooks.ssh  # noqa: F401  (its first import sets up logging anew)
import pytest
from tests.notices.conftest import KEY, a_letter

from slipway.environment import Environment
from slipway.notices import Email
from slipway.notices.faults import MailPutOff
from slipway.sandbox import Sandbox
from slipway.steps import RunOnHeroku, RunOverSsh, heroku_api
from slipway.steps.faults import CommandFailed, RepositoryUnreachable
from slipway.steps.faults.heroku import DynoUnattached
from slipway.testing import LocalRun

Tell = Callable[..., None]


@pytest.fixture
def tell(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tell]:
    """Tell the stand-in at a port of ports.json; afterwards all is well again."""
    for conn_id, value in sandbox.connections().items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
    ports = json.loads((sandbox.root / "sandbox" / "ports.json").read_text())
    told: set[str] = set()

    def ask(name: str, method: str, body: bytes | None = None) -> None:
        address = f"http://127.0.0.1:{ports[name]}/_stand_in/trouble"
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(address, body, headers, method=method)) as answer:
            assert json.load(answer) == {"ok": True}

    def one(name: str, **what: object) -> None:
        told.add(name)
        ask(name, "POST", json.dumps(what).encode())

    yield one
    for name in told:
        ask(name, "DELETE")


def run(**roles: str) -> LocalRun:
    return LocalRun(environment=Environment(system="any", name="staging", **roles))


def test_the_mail_server(tell: Tell) -> None:
    mail = Email(connection="scores_mail", recipients=["ann@shop.test"])
    tell("post_mail_window", match="DATA", status=451)
    with pytest.raises(MailPutOff, match="the mail itself: 451"):
        mail.send(a_letter(), KEY)
    assert mail.send(a_letter(), KEY)["refused"] == []


def test_the_ssh_server(tell: Tell) -> None:
    step = RunOverSsh(name="look", commands=["true"], leaves_nothing="it only looks")
    here = run(server="communityshare_staging_server")
    tell("communityshare_staging_ssh_window", match="EXEC", status=255)
    with pytest.raises(CommandFailed, match=r"communityshare_staging_server.* status 255"):
        step.do(here)
    assert step.do(here).proof["status"] == 0


def test_heroku_s_git(tell: Tell) -> None:
    here = run(heroku="scores_heroku")
    tell("scores_heroku_git", match="GET /the5hc-staging.git", status=503)
    with pytest.raises(RepositoryUnreachable, match="error: 503"):
        heroku_api.git_of(here, "the5hc-staging").heads()
    assert "main" in heroku_api.git_of(here, "the5hc-staging").heads()


def test_the_output_of_a_one_off_dyno(tell: Tell) -> None:
    step = RunOnHeroku(
        name="look", app="the5hc-staging", command="echo up", repeatable=True, leaves_nothing="it only looks"
    )
    here = replace(run(heroku="scores_heroku"), task_id="staging.look")
    tell("scores_heroku", match="ATTACH /the5hc-staging", half=True)
    with pytest.raises(DynoUnattached):
        replace(step, timeout=timedelta(seconds=20)).do(here)
    assert step.do(here).proof["lines"] == ["up"]
