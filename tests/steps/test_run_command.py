import logging
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from tests.steps.world import World, killed_after, lines

from slipway.run import Evidence
from slipway.steps import FromConnection, Place, RunCommand, processes, run_command
from slipway.steps.faults import CommandFailed, CommandNotFound, CommandTimedOut, ReleaseNotThere
from slipway.steps.processes import end_all, run_program
from slipway.testing import LocalRun


@pytest.fixture(autouse=True)
def _release(world: World) -> None:
    world.release("v2")


def waits_for(condition, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_output_streams_into_the_log_line_by_line(
    run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    step = RunCommand(name="greet", argv=["sh", "-c", "echo one; echo two >&2; printf three"])
    with caplog.at_level(logging.INFO):
        evidence = step.do(run)
    said = lines(caplog.records)
    assert "| one" in said
    assert "| two" in said
    assert "| three" in said
    assert evidence.proof["status"] == 0
    assert evidence.before == {"begun": True, "deploys": "v2"}


def test_a_line_is_logged_before_the_command_ends(run: LocalRun, world: World) -> None:
    class Watcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "| ready" in record.getMessage():
                (world.root / "go").touch()

    watcher = Watcher()
    run.log.addHandler(watcher)
    run.log.setLevel(logging.INFO)
    go = world.root / "go"
    step = RunCommand(name="wait", argv=[f"echo ready; until test -f {go}; do sleep 0.02; done"], shell=True)
    try:
        assert step.do(run).summary.startswith("status 0")
    finally:
        run.log.removeHandler(watcher)


def test_the_command_sees_the_release_but_neither_airflow_nor_this_library(
    run: LocalRun, world: World
) -> None:
    step = RunCommand(name="show", argv=["env; pwd"], shell=True, env={"COLOUR": "blue"})
    os.environ["AIRFLOW_CONN_SECRET"] = "http://:very-secret@example"
    try:
        seen = run_lines(step, run)
    finally:
        del os.environ["AIRFLOW_CONN_SECRET"]
    assert "COLOUR=blue" in seen
    assert "SLIPWAY_VERSION=v2" in seen
    assert f"SLIPWAY_HOME={world.home}" in seen
    assert seen[-1] == str(world.home / "releases" / "v2")
    assert not [line for line in seen if line.startswith(("AIRFLOW", "PYTHONPATH"))]


def run_lines(step: RunCommand, run: LocalRun) -> list[str]:
    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    found: list[str] = []
    kept = Kept()
    run.log.addHandler(kept)
    run.log.setLevel(logging.INFO)
    step.do(run)
    run.log.removeHandler(kept)
    return [line.removeprefix("| ") for line in found if line.startswith("| ")]


def test_a_connection_is_handed_over_and_masked_everywhere(run: LocalRun, db: str, server) -> None:
    argv = ['test -n "$DATABASE_URL" && echo $DATABASE_URL && echo $DATABASE_URL >&2 && exit 4']
    step = RunCommand(name="leak", argv=argv, shell=True, secrets=[FromConnection.DATABASE_URL])
    with pytest.raises(CommandFailed) as failed:
        step.do(run)
    assert "***" in str(failed.value)
    assert server.password not in str(failed.value)
    assert step.connections(run.environment) == ("host", "db")


def test_an_unexpected_status_fails_with_the_last_twenty_lines(run: LocalRun) -> None:
    step = RunCommand(name="fail", argv=["for i in $(seq 30); do echo line $i; done; exit 3"], shell=True)
    with pytest.raises(CommandFailed) as failed:
        step.do(run)
    assert failed.value.status == 3
    assert failed.value.tail[0] == "line 11"
    assert failed.value.tail[-1] == "line 30"
    assert "ended with status 3" in str(failed.value)


@pytest.mark.parametrize(
    ("script", "saw"),
    [
        ("echo 'FAULT: 3 rows'; exit 3", True),
        ("echo ': ended with status 3.'\nexit 1", False),
        ("echo looking\nexit 3", True),
        ("kill -9 $$", False),
    ],
)
def test_only_a_status_that_means_so_says_that_damage_was_seen(run: LocalRun, script: str, saw: bool) -> None:
    step = RunCommand(name="verify", argv=["sh", "-c", script], fault_statuses=[3])
    with pytest.raises(CommandFailed) as failed:
        step.do(run)
    assert failed.value.saw_damage is saw
    with pytest.raises(CommandFailed) as failed:
        RunCommand(name="plain", argv=["sh", "-c", script]).do(run)
    assert not failed.value.saw_damage


def test_a_status_that_the_plan_expects_is_a_success(run: LocalRun) -> None:
    assert RunCommand(name="grep", argv=["sh", "-c", "exit 3"], statuses=[0, 3]).do(run).proof["status"] == 3


def test_a_timeout_kills_the_command_with_its_children(run: LocalRun, world: World) -> None:
    argv = ["sleep 60 & echo $! > child; echo begun; wait"]
    step = RunCommand(name="hang", argv=argv, shell=True, timeout=timedelta(seconds=0.5))
    with pytest.raises(CommandTimedOut, match=r"not over after 0.5 s(.|\n)*begun"):
        step.do(run)
    child = int((world.home / "releases/v2/child").read_text())
    assert waits_for(lambda: gone(child))


def test_ending_all_kills_what_runs_now_with_its_children(run: LocalRun, world: World) -> None:
    child = world.home / "releases/v2/child"

    def end_when_begun() -> None:
        # The program may print before this process knows that it has begun.
        assert waits_for(lambda: processes._running and child.exists() and child.read_text().strip())
        end_all()

    threading.Thread(target=end_when_begun).start()
    step = RunCommand(name="hang", argv=["sleep 60 & echo $! > child; wait"], shell=True)
    with pytest.raises(CommandFailed, match="was ended by signal 9"):
        step.do(run)
    assert waits_for(lambda: gone(int(child.read_text())))


def test_a_killed_task_takes_its_command_along(tmp_path: Path) -> None:
    code = (
        "import logging; from datetime import timedelta; from pathlib import Path\n"
        "from slipway.steps.processes import run_program\n"
        "run_program(['sh', '-c', 'echo $$ > pid; exec sleep 60'], log=None, cwd=Path('.'), env={}, "
        "timeout=timedelta(minutes=1))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as task:
        assert waits_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        task.kill()
    assert waits_for(lambda: gone(int((tmp_path / "pid").read_text())))


def test_a_child_left_in_the_background_is_neither_waited_for_nor_killed(run: LocalRun, world: World) -> None:
    began = time.monotonic()
    RunCommand(name="start", argv=["sleep 30 & echo $! > child"], shell=True).do(run)
    child = psutil.Process(int((world.home / "releases/v2/child").read_text()))
    assert time.monotonic() - began < 5
    assert child.is_running()
    child.kill()


def test_a_program_that_is_not_there_is_named(run: LocalRun) -> None:
    with pytest.raises(CommandNotFound, match=r"no-such-program: No such file or directory"):
        RunCommand(name="run", argv=["no-such-program"]).do(run)


def test_a_release_that_is_not_there_is_named(run: LocalRun) -> None:
    run.version = "v9"
    with pytest.raises(ReleaseNotThere, match=r"releases/v9: no such release"):
        RunCommand(name="run", argv=["true"]).do(run)


def test_a_command_may_run_in_the_home(run: LocalRun, world: World) -> None:
    step = RunCommand(name="show", argv=["pwd"], inside=Place.HOME, cwd="bin")
    assert run_lines(step, run) == [str(world.home / "bin")]


def test_the_undo_command_runs_only_if_the_command_was_begun(run: LocalRun, world: World) -> None:
    step = RunCommand(name="touch", argv=["touch", "made"], undo_argv=["rm", "-f", "made"])
    made = world.home / "releases/v2/made"
    step.do(run)
    assert made.exists()
    undo = run.at("rollback.undo_touch")
    assert step.undo(undo, Evidence()).changed is False
    assert made.exists()
    step.undo(undo, Evidence(before=run.memory["before"]))
    step.undo(undo, Evidence(before=run.memory["before"]))
    assert not made.exists()


def test_a_command_whose_record_was_lost_runs_again_and_is_undone_all_the_same(
    run: LocalRun, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = RunCommand(name="note", argv=["echo 1 >>made"], shell=True, undo_argv=["rm -f made"])
    made, undoing = world.home / "releases/v2/made", run.at("rollback.undo_note")
    with killed_after(monkeypatch, run_command, "run_program"):
        step.do(run)
    before = dict(run.memory["before"])
    assert step.do(run).before == before
    assert made.read_text() == "1\n1\n"
    with killed_after(monkeypatch, run_command, "run_program"):
        step.undo(undoing, Evidence(before=before))
    step.undo(undoing, Evidence(before=before))
    assert not made.exists()


def test_a_later_rollback_undoes_in_the_release_that_was_deployed_then(run: LocalRun, world: World) -> None:
    step = RunCommand(name="touch", argv=["touch", "made"], undo_argv=["rm", "made"])
    evidence = step.do(run)
    later = run.at("rollback.undo_touch")
    later.version = "v1"
    step.undo(later, evidence)
    assert not (world.home / "releases/v2/made").exists()


def test_a_command_without_an_undo_says_so() -> None:
    assert RunCommand(name="x", argv=["true"]).undoing().undo == "no undo"
    assert RunCommand(name="x", argv=["a"], undo_argv=["b", "c"]).undoing().how == "runs `b c`"


def test_a_silent_program_is_run_without_a_log(tmp_path: Path) -> None:
    done = run_program(["printf", "a\\nb"], log=None, cwd=tmp_path, env={}, timeout=timedelta(seconds=5))
    assert list(done.out) == ["a", "b"]
