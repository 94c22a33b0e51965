"""Commands on a real SSH server that is cut off, refuses, and answers."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.steps.ssh_server import connect, deployment_server, local_run
from tests.waiting import until

from slipway.run import Evidence
from slipway.sandbox.vendors.ssh import SshServer
from slipway.steps import RunOverSsh, ssh_job
from slipway.steps.faults import CommandFailed, CommandTimedOut
from slipway.steps.faults.ssh import (
    CommandVanished,
    ConnectionCut,
    HostKeyRefused,
    LoginRefused,
    ServerUnreachable,
)
from slipway.steps.ssh_api import look
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

STEP = RunOverSsh(
    name="announce",
    commands=["echo releasing {version}", "echo {version} >>done.log"],
    undo_commands=["echo back >>done.log"],
    cwd="",
)
SLOW = RunOverSsh(
    name="slow",
    commands=["echo begun >>begun.log", "while ! test -e go; do sleep 0.05; done", "echo over"],
    undo_commands=["echo undone >>begun.log"],
)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    with deployment_server(tmp_path, monkeypatch) as state:
        yield state


@pytest.fixture
def run() -> LocalRun:
    return local_run()


def lines(there: SshServer, name: str) -> list[str]:
    file = there.home / name
    return file.read_text().splitlines() if file.exists() else []


def cut_once_begun(there: SshServer) -> threading.Thread:
    def cut() -> None:
        until(lambda: lines(there, "begun.log") == ["begun"])
        there.cut()

    thread = threading.Thread(target=cut)
    thread.start()
    return thread


def test_commands_run_once_and_their_output_is_logged_line_by_line(
    there: SshServer, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "slipway.test"):
        evidence = STEP.do(run)
    assert "| releasing 2.5.0" in caplog.messages
    assert evidence.proof == {"status": 0, "last_lines": ["releasing 2.5.0"]}
    STEP.do(run)  # a crash before the evidence was kept
    assert lines(there, "done.log") == ["2.5.0"]
    STEP.undo(run, evidence)
    assert STEP.undo(run, evidence).changed is False
    assert lines(there, "done.log") == ["2.5.0", "back"]
    STEP.do(run)  # cleared after its undo: it runs anew
    assert lines(there, "done.log") == ["2.5.0", "back", "2.5.0"]


def test_a_command_goes_on_when_the_connection_is_cut_and_the_next_try_joins_it(
    there: SshServer, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    thread = cut_once_begun(there)
    with pytest.raises(ConnectionCut, match="the next try joins it there and starts nothing twice"):
        SLOW.do(run)
    thread.join()
    (there.home / "go").touch()
    with caplog.at_level(logging.INFO, "slipway.test"):
        evidence = SLOW.do(run)
    assert "was begun there by an earlier try: joining it" in caplog.text
    assert evidence.proof["last_lines"] == ["over"]
    assert lines(there, "begun.log") == ["begun"]


def test_an_undo_first_stops_what_a_cut_off_try_left_running(there: SshServer, run: LocalRun) -> None:
    thread = cut_once_begun(there)
    with pytest.raises(ConnectionCut):
        SLOW.do(run)
    thread.join()
    [pid] = (there.home / ".slipway" / "jobs").glob("production-slow-do-*/pid")
    left = Path(f"/proc/{pid.read_text().strip()}/stat")
    assert left.exists()
    SLOW.undo(run, Evidence(before=run.recall("before")))
    assert not left.exists() or left.read_text().split()[2] == "Z"
    (there.home / "go").touch()
    assert lines(there, "begun.log") == ["begun", "undone"]
    [job] = (there.home / ".slipway" / "jobs").glob("production-slow-undo-*[!n]")
    assert (job / "status").read_text() == "0\n"


def test_a_failing_command_ends_it_and_the_next_try_begins_anew(there: SshServer, run: LocalRun) -> None:
    step = RunOverSsh(
        name="x", commands=["echo tried >>tries.log", "echo no such module >&2; exit 3", "touch never"]
    )
    for _ in range(2):
        with pytest.raises(CommandFailed, match="ended with status 3") as failed:
            step.do(run)
    assert failed.value.tail == ("no such module",)
    assert lines(there, "tries.log") == ["tried", "tried"]
    assert not (there.home / "never").exists()


def test_what_failed_is_undone_all_the_same(there: SshServer, run: LocalRun) -> None:
    step = RunOverSsh(name="x", commands=["exit 1"], undo_commands=["touch undone"])
    with pytest.raises(CommandFailed):
        step.do(run)
    step.undo(run, Evidence(before=run.recall("before")))
    assert (there.home / "undone").exists()


def test_what_was_never_begun_is_not_undone(there: SshServer, run: LocalRun) -> None:
    assert STEP.undo(run, Evidence(before={"begun": True})).changed is False
    assert STEP.undo(run, Evidence()).changed is False
    assert lines(there, "done.log") == []


def test_a_command_that_takes_too_long_is_killed_with_its_children(there: SshServer, run: LocalRun) -> None:
    step = RunOverSsh(
        name="x", commands=["(sleep 1; touch survived) & echo waiting; wait"], timeout=timedelta(seconds=0.3)
    )
    with pytest.raises(CommandTimedOut, match=r"not over after 0\.3 s.*") as timed_out:
        step.do(run)
    assert timed_out.value.tail == ("waiting",)
    with pytest.raises(CommandTimedOut):
        RunOverSsh(name="y", commands=["sleep 9"], timeout=timedelta(seconds=1)).do(run)
    assert not (there.home / "survived").exists()


def test_a_command_that_was_killed_on_the_server_is_said_and_begun_anew(
    there: SshServer, run: LocalRun
) -> None:
    step = RunOverSsh(name="x", commands=["test -e tried || { touch tried; kill -s KILL -- -$PPID; }"])
    with pytest.raises(CommandVanished, match="ended without an exit status"):
        step.do(run)
    step.do(run)


@contextmanager
def left_from_an_earlier_boot(there: SshServer) -> Iterator[subprocess.Popen[bytes]]:
    """Make of the job that is over one that the server's restart cut off; its id is another process's now."""
    [job] = (there.home / ".slipway" / "jobs").glob("production-announce-do-*[!n]")
    assert (job / "boot").read_text() == Path("/proc/sys/kernel/random/boot_id").read_text()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as foreign:
        (job / "status").unlink()
        (job / "pid").write_text(f"{foreign.pid}\n")
        (job / "boot").write_text("11111111-2222-3333-4444-555555555555\n")
        try:
            yield foreign
        finally:
            foreign.kill()


def test_a_process_id_from_before_the_server_restarted_is_not_taken_for_the_command(
    there: SshServer, run: LocalRun
) -> None:
    STEP.do(run)
    step = replace(STEP, timeout=timedelta(seconds=3))
    with left_from_an_earlier_boot(there) as foreign:
        with pytest.raises(CommandVanished, match="ended without an exit status"):
            step.do(run)
        assert foreign.poll() is None
        step.do(run)
    assert lines(there, "done.log") == ["2.5.0", "2.5.0"]


def test_an_undo_kills_no_process_whose_id_is_from_before_the_server_restarted(
    there: SshServer, run: LocalRun
) -> None:
    evidence = STEP.do(run)
    with left_from_an_earlier_boot(there) as foreign:
        assert STEP.undo(run, evidence).changed is True
        assert foreign.poll() is None
    assert lines(there, "done.log") == ["2.5.0", "back"]


def test_a_process_that_is_only_just_beginning_is_waited_for(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `pid` is there, and nothing is written into it yet."""
    hesitant = ssh_job._RUNNER.replace("echo $$", ": >pid; sleep 1; echo $$")
    monkeypatch.setattr(ssh_job, "_RUNNER", hesitant)
    STEP.do(run)
    assert lines(there, "done.log") == ["2.5.0"]


def test_a_process_that_begins_too_late_does_nothing_and_another_one_runs_once(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "if mkdir ../late; then : >pid; sleep 2; fi; echo $$"
    monkeypatch.setattr(ssh_job, "_RUNNER", ssh_job._RUNNER.replace("echo $$", late))
    monkeypatch.setattr(ssh_job, "BEGINS_WITHIN", 0.5)
    RunOverSsh(name="x", commands=["echo begun >>begun.log", "sleep 3"]).do(run)
    assert lines(there, "begun.log") == ["begun"]


def test_a_server_on_which_nothing_can_be_written_runs_nothing(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = ssh_job._RUNNER.replace("echo $$ >pid", ": >pid; echo $$ >/dev/full")
    monkeypatch.setattr(ssh_job, "_RUNNER", full)
    monkeypatch.setattr(ssh_job, "BEGINS_WITHIN", 0.5)
    with pytest.raises(CommandTimedOut):
        RunOverSsh(name="x", commands=["touch ran"], timeout=timedelta(seconds=3)).do(run)
    assert not (there.home / "ran").exists()


def test_output_that_does_not_end_a_line_or_is_no_text_is_shown(there: SshServer, run: LocalRun) -> None:
    step = RunOverSsh(name="x", commands=[r"printf 'gr\303\274n \377 end'"])
    assert step.do(run).proof["last_lines"] == ["grün \ufffd end"]


def test_an_unknown_host_key_is_refused(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, there, extra={})
    with pytest.raises(HostKeyRefused, match='into the connection\'s extra as "host_key"'):
        STEP.do(run)
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    connect(monkeypatch, there, extra={"host_key": other})
    with pytest.raises(HostKeyRefused, match="shows another key than the known one"):
        STEP.do(run)
    assert there.stand_in.calls == []
    connect(monkeypatch, there, extra={"no_host_key_check": True})
    STEP.do(run)


def test_a_wrong_password_is_refused_and_not_shown(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, there, password="pa55word")
    with pytest.raises(LoginRefused, match=r"deploy@127\.0\.0\.1") as refused:
        STEP.do(run)
    assert "pa55word" not in str(refused.value)


def test_a_key_lets_in_as_well(there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    there.authorized_key = key.export_public_key().decode()
    private = key.export_private_key().decode()
    connect(monkeypatch, there, password="", extra={"host_key": there.host_key, "private_key": private})
    assert look(run).startswith("logged in as ")


def test_a_server_that_is_down_is_said(
    there: SshServer, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, there, port=9)
    with pytest.raises(ServerUnreachable, match='connection "server": no SSH connection to deploy@127'):
        STEP.do(run)


def test_a_later_rollback_runs_the_undo_commands_once(there: SshServer, run: LocalRun) -> None:
    evidence = STEP.do(run)
    assert STEP.undo(run.later(), evidence).changed is True
    assert STEP.undo(run.later(), evidence).changed is False
    assert lines(there, "done.log") == ["2.5.0", "back"]


def test_what_was_begun_is_known_after_months(there: SshServer, run: LocalRun) -> None:
    evidence = STEP.do(run)
    months_ago = time.time() - 90 * 86_400
    jobs = there.home / ".slipway" / "jobs"
    for each in jobs.iterdir():
        os.utime(each, (months_ago, months_ago))
    replace(STEP, name="another").do(run)  # each job removes the folders of old ones
    (left,) = [each.name for each in jobs.iterdir() if each.is_dir()]
    assert "another" in left
    assert STEP.undo(run.later(), evidence).changed is True
