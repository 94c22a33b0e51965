"""A server behind SSH that is slow, fails, or does not answer: what is begun there begins once."""

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.steps.ssh_server import deployment_server, git, local_run

from slipway.run import Evidence
from slipway.sandbox.vendors.ssh import SshServer
from slipway.sandbox.vendors.stand_in import serving
from slipway.steps import DeployOverSsh, RunOverSsh, ssh_api
from slipway.steps.faults import CommandFailed
from slipway.steps.faults.ssh import ConnectionCut, ServerUnreachable
from slipway.steps.ssh_api import server as connected
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

STEP = RunOverSsh(
    name="announce", commands=["echo {version} >>done.log"], undo_commands=["echo back >>done.log"]
)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    with deployment_server(tmp_path, monkeypatch) as state:
        yield state


@pytest.fixture
def run() -> LocalRun:
    return local_run(name="staging")


def done(there: SshServer) -> list[str]:
    file = there.home / "done.log"
    return file.read_text().split() if file.exists() else []


def asked(there: SshServer) -> int:
    return sum(call.method == "EXEC" for call in there.stand_in.calls)


def trouble_with(there: SshServer, number: int, **what: object) -> None:
    """Let one command go wrong after so many that go well."""
    there.stand_in.troubles.clear()
    there.stand_in.trouble(match="EXEC", times=number)
    there.stand_in.trouble(match="EXEC", **what)


def test_a_slow_server_is_waited_for(there: SshServer, run: LocalRun) -> None:
    there.stand_in.trouble(match="LOGIN", delay=0.5)
    there.stand_in.trouble(match="EXEC", delay=0.2, times=-1)
    STEP.do(run)
    assert done(there) == ["2.5.0"]


@pytest.mark.parametrize(
    ("what", "why"),
    [({"delay": 9}, "no answer to the login within 1 s"), ({"status": 1}, "it hung up during the login")],
)
def test_a_login_that_is_not_answered_is_no_wrong_password(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch, what: dict[str, int], why: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ssh_api, "LOGIN_WITHIN", 1)
        there.stand_in.trouble(match="LOGIN", **what)
        with pytest.raises(ServerUnreachable, match=f'connection "server": no SSH .* deploy@127.*: {why}'):
            STEP.do(run)
    STEP.do(run)
    assert done(there) == ["2.5.0"]


def test_a_command_without_an_answer_is_joined_by_the_next_try_though_it_began_late(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ssh_api, "ANSWER_WITHIN", 1.5)
        trouble_with(there, 1, delay=2.5)  # the first call forgets the undo, the second begins the job
        with pytest.raises(
            ConnectionCut, match=r"cut off at `begin `echo 2\.5\.0.*no answer within 1\.5 s\. What"
        ):
            STEP.do(run)
    assert done(there) == []
    STEP.do(run)
    time.sleep(1.5)  # by now the server has carried out the late one
    assert done(there) == ["2.5.0"]


def test_an_answer_that_never_ends_is_given_up(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.stand_in.trouble(match="EXEC", delay=60)
    with connected(run) as server:
        monkeypatch.setattr(ssh_api, "ANSWER_WITHIN", 0.5)
        with pytest.raises(ConnectionCut, match=r"cut off at `id`: no answer within 0\.5 s"):
            server.say("id")
        with pytest.raises(ConnectionCut, match="session not active"):
            server.say("id")


FAULTS = [{"status": 255}, {"status": 255, "after": True}, {"half": True}]


@pytest.mark.parametrize("fault", FAULTS, ids=["fails", "answer lost", "cut off"])
def test_whichever_call_of_a_command_goes_wrong_it_runs_once_and_is_undone_once(
    there: SshServer, run: LocalRun, fault: dict[str, object]
) -> None:
    STEP.do(run)
    STEP.undo(run, Evidence(before=run.recall("before")))
    calls = asked(there)
    for number in range(calls):
        (there.home / "done.log").unlink()
        trouble_with(there, number, **fault)
        again(lambda: STEP.do(run))
        again(lambda: STEP.undo(run, Evidence(before=run.recall("before"))))
        assert done(there) == ["2.5.0", "back"], f"call {number}"


def test_a_server_that_does_not_say_whether_it_was_begun_is_no_reason_to_undo_nothing(
    there: SshServer, run: LocalRun
) -> None:
    evidence = STEP.do(run)
    there.stand_in.trouble(match="EXEC", status=255)
    with pytest.raises(CommandFailed, match='connection "server": look for the job: ended with status 255'):
        STEP.undo(run, evidence)
    assert STEP.undo(run, evidence).changed is True
    assert done(there) == ["2.5.0", "back"]


def test_whichever_answer_of_a_deployment_is_lost_it_is_built_once_and_comes_back_once(
    there: SshServer, run: LocalRun, tmp_path: Path
) -> None:
    step, clone = deployment(tmp_path)
    evidence = step.do(run)
    step.undo(run, evidence)
    for number in range(asked(there)):
        (clone / "builds.log").unlink()
        trouble_with(there, number, status=255, after=True)
        evidence = again(lambda: step.do(run))
        again(lambda evidence=evidence: step.undo(run, evidence))
        assert (clone / "builds.log").read_text().split() == ["2", "1"], f"call {number}"


def test_its_window_tells_it_over_http_as_any_stand_in(there: SshServer, run: LocalRun) -> None:
    with serving(there.stand_in) as address:
        told = json.dumps({"match": "EXEC", "status": 255}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{address}/_stand_in/trouble", told, headers)).close()
        with pytest.raises(CommandFailed, match="255"):
            STEP.do(run)
        with urllib.request.urlopen(f"{address}/_stand_in/calls") as answer:
            assert [call["method"] for call in json.load(answer)] == ["LOGIN", "EXEC"]


def again(act: object) -> Evidence:
    """Call it as the task's retries do."""
    for _ in range(3):
        try:
            return act()  # type: ignore[operator, no-any-return]
        except (ConnectionCut, CommandFailed):
            continue
    raise AssertionError("it does not succeed")


def deployment(tmp_path: Path) -> tuple[DeployOverSsh, Path]:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    for version in ("1", "2"):
        (origin / "VERSION").write_text(f"{version}\n")
        (origin / ".gitignore").write_text("builds.log\n")
        git(origin, "add", ".")
        git(origin, "commit", "--quiet", "-m", version)
        git(origin, "tag", f"v{version}")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    git(clone, "checkout", "--quiet", "v1")
    build = ("cat VERSION >>builds.log",)
    timeout = timedelta(seconds=20)
    return DeployOverSsh(
        name="deploy", folder=str(clone), tag="v2", build=build, smoke=(), timeout=timeout
    ), clone
