"""Three instances, each a real HTTP server whose answers lie in a folder."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.steps.ssh_server import deployment_server, local_run
from tests.steps.world import killed_after

from slipway.run import Evidence
from slipway.sandbox.vendors.ssh import SshServer
from slipway.steps import RollingRestart, rolling_restart
from slipway.steps.faults.ssh import InstanceUnwell, VersionBeforeUnknown
from slipway.steps.ssh_api import Server
from slipway.steps.ssh_job import Job
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

NAMES = ("api-1", "api-2", "api-3")
RESTART = """#!/bin/sh
echo "$1 $2" >>restarts.log
if test -e "broken-$1" && test "$2" = 2.5.0; then rm -f "www/$1/health"; else touch "www/$1/health"; fi
echo "{\\"version\\": \\"v$2\\"}" >"www/$1/version"
"""


@dataclass
class World:
    server: SshServer
    step: RollingRestart

    def restarts(self) -> list[str]:
        log = self.server.home / "restarts.log"
        return log.read_text().splitlines() if log.exists() else []

    def versions(self) -> list[str]:
        return [(self.server.home / "www" / name / "version").read_text().strip() for name in NAMES]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what: object) -> None:
        """Say nothing."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with deployment_server(tmp_path, monkeypatch) as server:
        www = server.home / "www"
        for name in NAMES:
            (www / name).mkdir(parents=True)
            (www / name / "health").touch()
            (www / name / "version").write_text('{"version": "v2.4.0"}')
        script = server.home / "rolling-restart.sh"
        script.write_text(RESTART)
        script.chmod(0o755)
        serving = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(www)))
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        step = RollingRestart(
            name="restart",
            instances=NAMES,
            restart="./rolling-restart.sh {instance} {version}",
            address=f"http://127.0.0.1:{serving.server_port}/{{instance}}",
            settle=timedelta(seconds=0.02),
            confirm_within=timedelta(seconds=0.3),
        )
        yield World(server, step)
        serving.shutdown()
        serving.server_close()
        thread.join()


@pytest.fixture
def run() -> LocalRun:
    return local_run()


OLD, NEW = '{"version": "v2.4.0"}', '{"version": "v2.5.0"}'


def test_instances_are_restarted_one_after_the_other_and_rolled_back_in_reverse(
    world: World, run: LocalRun
) -> None:
    evidence = world.step.do(run)
    assert world.restarts() == ["api-1 2.5.0", "api-2 2.5.0", "api-3 2.5.0"]
    assert evidence.before == {"versions": dict.fromkeys(NAMES, "v2.4.0")}
    assert evidence.summary == "3 of 3 instances restarted with 2.5.0"
    world.step.do(run)
    assert len(world.restarts()) == 3
    world.step.undo(run, evidence)
    assert world.restarts()[3:] == ["api-3 2.4.0", "api-2 2.4.0", "api-1 2.4.0"]
    assert world.step.undo(run, evidence).summary == "no instance was touched"
    assert len(world.restarts()) == 6


def test_it_stops_at_the_first_unwell_instance_and_only_the_touched_ones_are_rolled_back(
    world: World, run: LocalRun
) -> None:
    (world.server.home / "broken-api-2").touch()
    with pytest.raises(InstanceUnwell, match=r"api-2: 0\.3 s after.*Not touched: api-3\."):
        world.step.do(run)
    assert world.versions() == [NEW, NEW, OLD]
    world.step.undo(run, Evidence(before=run.recall("before")))
    assert [line.split()[0] for line in world.restarts()] == ["api-1", "api-2", "api-2", "api-1"]
    assert (world.server.home / "www" / "api-2" / "health").exists()


def test_a_retry_restarts_the_unwell_instance_once_more_and_goes_on_from_there(
    world: World, run: LocalRun
) -> None:
    broken = world.server.home / "broken-api-2"
    broken.touch()
    for _ in range(2):
        with pytest.raises(InstanceUnwell, match="The next try, also after you clear this task, restarts it"):
            world.step.do(run)
    broken.unlink()
    evidence = world.step.do(run)
    assert evidence.before == {"versions": dict.fromkeys(NAMES, "v2.4.0")}
    assert world.restarts() == ["api-1 2.5.0", *["api-2 2.5.0"] * 3, "api-3 2.5.0"]
    world.step.undo(run, evidence)
    assert world.versions() == [OLD, OLD, OLD]


def test_a_retry_leaves_an_instance_alone_that_is_well_by_then(world: World, run: LocalRun) -> None:
    (world.server.home / "broken-api-2").touch()
    with pytest.raises(InstanceUnwell):
        world.step.do(run)
    (world.server.home / "www" / "api-2" / "health").touch()
    assert world.step.do(run).before == {"versions": dict.fromkeys(NAMES, "v2.4.0")}
    assert world.restarts() == ["api-1 2.5.0", "api-2 2.5.0", "api-3 2.5.0"]


def restarts(instance: str) -> Callable[..., bool]:
    """Tell the call that restarts this instance."""

    def this(there: Server, job: Job, **_: object) -> bool:
        return f" {instance} " in job.title

    return this


def test_a_crash_after_a_restart_restarts_nothing_twice(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, rolling_restart, "run_job", when=restarts("api-2")):
        world.step.do(run)
    assert world.versions() == [NEW, NEW, OLD]
    evidence = world.step.do(run)
    assert evidence.before == {"versions": dict.fromkeys(NAMES, "v2.4.0")}
    assert world.restarts() == ["api-1 2.5.0", "api-2 2.5.0", "api-3 2.5.0"]


def test_an_instance_that_is_not_well_yet_after_a_crash_is_waited_for(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.server.home / "broken-api-1").touch()
    with killed_after(monkeypatch, rolling_restart, "run_job"):
        world.step.do(run)
    health = world.server.home / "www" / "api-1" / "health"
    timer = threading.Timer(0.1, health.touch)
    timer.start()
    world.step.do(run)
    timer.join()
    assert world.restarts() == ["api-1 2.5.0", "api-2 2.5.0", "api-3 2.5.0"]


def test_a_crash_after_a_restart_is_undone_and_a_crash_of_the_undo_restarts_nothing_twice(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, rolling_restart, "run_job", when=restarts("api-2")):
        world.step.do(run)
    evidence, undoing = Evidence(before=run.memory["before"]), run.at("rollback.undo_restart")
    with killed_after(monkeypatch, rolling_restart, "run_job", when=restarts("api-2")):
        world.step.undo(undoing, evidence)
    world.step.undo(undoing, evidence)
    assert world.versions() == [OLD, OLD, OLD]
    assert world.restarts()[2:] == ["api-2 2.4.0", "api-1 2.4.0"]
    assert world.step.undo(undoing, evidence).summary == "no instance was touched"


def test_an_instance_without_a_version_is_refused_before_any_is_touched(world: World, run: LocalRun) -> None:
    version = world.server.home / "www" / "api-2" / "version"
    version.unlink()
    with pytest.raises(VersionBeforeUnknown, match=r"api-2: reported no version.*Nothing was touched"):
        world.step.do(run)
    assert world.restarts() == []
    version.write_text(OLD)
    assert world.step.do(run).before == {"versions": dict.fromkeys(NAMES, "v2.4.0")}


def test_an_undo_without_a_version_to_go_back_to_rolls_back_the_others_and_fails(
    world: World, run: LocalRun
) -> None:
    world.step.do(run)
    evidence = Evidence(before={"versions": {"api-1": "v2.4.0", "api-2": "", "api-3": "v2.4.0"}})
    for _ in range(2):
        with pytest.raises(
            InstanceUnwell, match=r"api-2: .*restarted by this release and report v2\.5\.0 now"
        ):
            world.step.undo(run, evidence)
        assert world.versions() == [OLD, NEW, OLD]
    assert len(world.restarts()) == 5


def test_instances_that_are_well_with_the_version_are_left_alone(world: World) -> None:
    evidence = world.step.do(local_run("2.4.0"))
    assert evidence.changed is False
    assert world.restarts() == []
    assert world.step.undo(local_run("2.4.0"), evidence).changed is False


def test_a_later_rollback_restarts_each_instance_once(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    assert world.step.undo(run.later(), evidence).changed is True
    assert world.versions() == ['{"version": "v2.4.0"}'] * 3
    assert world.step.undo(run.later(), evidence).summary == "no instance was touched"
    assert len(world.restarts()) == 6


def test_a_server_that_forgot_its_jobs_is_restarted_all_the_same(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    shutil.rmtree(world.server.home / ".slipway")
    assert world.step.undo(run, evidence).changed is True
    assert world.versions() == ['{"version": "v2.4.0"}'] * 3


def test_a_look_tells_what_each_instance_reports_and_restarts_none(world: World, run: LocalRun) -> None:
    assert world.step.look(run) == "api-1 reports v2.4.0, api-2 reports v2.4.0, api-3 reports v2.4.0"
    (world.server.home / "www" / "api-2" / "version").unlink()
    with pytest.raises(VersionBeforeUnknown, match="api-2: reported no version"):
        world.step.look(run)
    assert world.restarts() == []
