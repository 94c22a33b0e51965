import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.steps.ssh_server import deployment_server, git, local_run
from tests.steps.world import killed_after
from tests.waiting import until

from slipway.run import Evidence
from slipway.sandbox.vendors.ssh import SshServer
from slipway.steps import DeployOverSsh, deploy_over_ssh, ssh_api, ssh_job
from slipway.steps.faults import (
    CommandFailed,
    CommandTimedOut,
    NothingTried,
    NotTheApprovedCommit,
    UnknownVersion,
)
from slipway.steps.faults.ssh import CheckedOutSince, WrongCommit
from slipway.steps.ssh_api import Server
from slipway.steps.ssh_job import Job
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow


@dataclass
class World:
    server: SshServer
    origin: Path
    clone: Path
    step: DeployOverSsh

    def built(self) -> str:
        return (self.clone / "dist").read_text().strip()

    def builds(self) -> list[str]:
        return (self.clone / "builds.log").read_text().split()

    def head(self) -> str:
        return git(self.clone, "describe", "--tags")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    for version in ("2.4.0", "2.5.0-maintenance"):
        (origin / "VERSION").write_text(version)
        (origin / ".gitignore").write_text("dist\nbuilds.log\n")
        git(origin, "add", ".")
        git(origin, "commit", "--quiet", "-m", version)
        git(origin, "tag", f"v{version}")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    git(clone, "checkout", "--quiet", "v2.4.0")
    (clone / "dist").write_text("2.4.0")
    step = DeployOverSsh(
        name="deploy",
        folder=str(clone),
        tag="v{version}-maintenance",
        build=("cat VERSION >dist", "cat VERSION >>builds.log; echo >>builds.log"),
        smoke=("test -s dist",),
    )
    with deployment_server(tmp_path, monkeypatch) as server:
        yield World(server, origin, clone, step)


@pytest.fixture
def run() -> LocalRun:
    return local_run(name="staging")


def checks_out(there: Server, job: Job, **_: object) -> bool:
    """Tell the call that checks out and builds."""
    return job.title.startswith("git checkout")


def moved_once(tag: str) -> str:
    """Return a command that checks this tag out behind the step's back, the first time."""
    return f"test -e ../moved || {{ touch ../moved; git checkout --quiet {tag}; }}"


def slow_fetch(world: World, seconds: float) -> None:
    git(world.clone, "config", "remote.origin.uploadpack", f"sleep {seconds}; git-upload-pack")


def test_a_tag_is_checked_out_and_built_and_the_one_before_comes_back(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    assert (world.head(), world.built()) == ("v2.5.0-maintenance", "2.5.0-maintenance")
    assert evidence.before["name"] == "v2.4.0"
    assert evidence.proof["tag"] == "v2.5.0-maintenance"
    world.step.do(run)
    assert world.builds() == ["2.5.0-maintenance"]
    assert world.step.undo(run, evidence).summary == "v2.5.0-maintenance -> v2.4.0"
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")
    assert world.step.undo(run, evidence).changed is False


def test_a_branch_that_is_called_as_the_tag_is_not_mistaken_for_it(world: World, run: LocalRun) -> None:
    git(world.clone, "branch", "v2.5.0-maintenance", "v2.4.0")
    world.step.do(run)
    assert world.built() == "2.5.0-maintenance"


def test_what_somebody_else_checked_out_since_is_left_alone(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    git(world.clone, "checkout", "--quiet", "-b", "hotfix")
    git(world.clone, "commit", "--quiet", "--allow-empty", "-m", "hotfix")
    with pytest.raises(
        CheckedOutSince, match=r"clone is at hotfix, and this release left it at commit .*since"
    ):
        world.step.undo(run, evidence)
    assert git(world.clone, "symbolic-ref", "--short", "HEAD") == "hotfix"
    git(world.clone, "checkout", "--quiet", evidence.after["commit"])
    world.step.undo(run, evidence)
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")


def test_a_failing_smoke_test_fails_the_step_and_is_undone(world: World, run: LocalRun) -> None:
    step = DeployOverSsh(
        name="deploy",
        folder=str(world.clone),
        tag=world.step.tag,
        build=world.step.build,
        smoke=("echo 3 of 4 passed; exit 1",),
    )
    with pytest.raises(CommandFailed, match="3 of 4 passed"):
        step.do(run)
    step.undo(run, Evidence(before=run.recall("before")))
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")


def test_a_folder_that_is_at_another_commit_is_checked_out_once_more_by_the_next_try(
    world: World, run: LocalRun
) -> None:
    step = replace(world.step, smoke=(moved_once("v2.4.0"),))
    with pytest.raises(WrongCommit, match="the next try, also after you clear this task, checks out"):
        step.do(run)
    evidence = step.do(run)
    assert (evidence.before["name"], world.head()) == ("v2.4.0", "v2.5.0-maintenance")
    step.do(run)
    assert world.builds() == ["2.5.0-maintenance"] * 2
    assert step.undo(run, evidence).summary == "v2.5.0-maintenance -> v2.4.0"


def test_what_ended_at_another_commit_is_undone_all_the_same(world: World, run: LocalRun) -> None:
    step = replace(world.step, smoke=(moved_once("v2.4.0"),))
    with pytest.raises(WrongCommit):
        step.do(run)
    step.undo(run, Evidence(before=run.recall("before")))
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")


def test_an_undo_that_ends_at_another_commit_is_tried_once_more(world: World, run: LocalRun) -> None:
    back = f"grep -q 2.5.0 VERSION || {{ {moved_once('v2.5.0-maintenance')}; }}"
    step = replace(world.step, build=(*world.step.build, back))
    evidence = step.do(run)
    with pytest.raises(WrongCommit, match=f"check out {evidence.before['commit'][:12]} there, or what this"):
        step.undo(run, evidence)
    step.undo(run, evidence)
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")
    assert step.undo(run, evidence).changed is False


def test_a_fetch_may_last_longer_than_an_answer(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_fetch(world, 3)
    monkeypatch.setattr(ssh_api, "ANSWER_WITHIN", 1.5)
    assert world.step.do(run).proof["tag"] == "v2.5.0-maintenance"


def test_a_fetch_lasts_no_longer_than_the_step_may(world: World, run: LocalRun) -> None:
    slow_fetch(world, 60)
    with pytest.raises(CommandTimedOut, match="git fetch --quiet --tags origin"):
        replace(world.step, timeout=timedelta(seconds=1)).do(run)
    assert world.step.undo(run, Evidence(before=run.recall("before"))).changed is False
    assert world.head() == "v2.4.0"


def test_each_try_fetches_the_tags_that_are_there_by_then(world: World) -> None:
    run = local_run("2.6.0", name="staging")
    with pytest.raises(UnknownVersion):
        world.step.do(run)
    git(world.origin, "tag", "v2.6.0-maintenance")
    assert world.step.do(run).proof["tag"] == "v2.6.0-maintenance"


def test_a_crash_before_the_checkout_leaves_nothing_to_undo(world: World, run: LocalRun) -> None:
    before = {"commit": git(world.clone, "rev-parse", "HEAD"), "name": "v2.4.0"}
    assert world.step.undo(run, Evidence(before=before)).changed is False
    assert world.step.undo(run, Evidence()).changed is False


def test_a_crash_after_the_build_builds_nothing_twice(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, deploy_over_ssh, "run_job", when=checks_out):
        world.step.do(run)
    evidence = world.step.do(run)
    assert (evidence.before["name"], evidence.proof["tag"]) == ("v2.4.0", "v2.5.0-maintenance")
    assert world.builds() == ["2.5.0-maintenance"]


def test_a_crash_after_the_build_is_undone_and_a_crash_of_the_undo_builds_nothing_twice(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, deploy_over_ssh, "run_job", when=checks_out):
        world.step.do(run)
    evidence, undoing = Evidence(before=run.memory["before"]), run.at("rollback.undo_deploy")
    with killed_after(monkeypatch, deploy_over_ssh, "run_job", when=checks_out):
        world.step.undo(undoing, evidence)
    world.step.undo(undoing, evidence)
    assert (world.head(), world.builds()) == ("v2.4.0", ["2.5.0-maintenance", "2.4.0"])
    assert world.step.undo(undoing, evidence).changed is False


def test_a_build_that_a_killed_try_left_running_is_joined(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(world.step, build=("sleep 0.5", *world.step.build))
    with killed_after(monkeypatch, ssh_job, "_begin", when=checks_out):
        slow.do(run)
    assert slow.do(run).before["name"] == "v2.4.0"
    assert world.builds() == ["2.5.0-maintenance"]


def test_a_build_that_a_killed_try_left_running_is_stopped_before_the_undo(
    world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(world.step, build=("test $(cat VERSION) = 2.4.0 || sleep 60", *world.step.build))
    with killed_after(monkeypatch, ssh_job, "_begin", when=checks_out):
        slow.do(run)
    until(lambda: world.head() == "v2.5.0-maintenance")
    slow.undo(run.at("rollback.undo_deploy"), Evidence(before=run.memory["before"]))
    assert (world.head(), world.builds()) == ("v2.4.0", ["2.4.0"])


def test_a_tag_that_is_not_there_is_refused_with_those_that_are(world: World) -> None:
    with pytest.raises(UnknownVersion, match=r'"v9\.9-maintenance". The nearest tags are v2\.'):
        world.step.do(local_run("9.9", name="staging"))
    assert world.head() == "v2.4.0"


def test_production_gets_the_commit_that_staging_had(world: World, run: LocalRun) -> None:
    production = local_run()
    with pytest.raises(NothingTried):
        world.step.do(production)
    production.evidences["staging.deploy_it"] = world.step.do(run)
    named = replace(world.step, tried_by="deploy_it")
    assert named.do(production).proof == production.evidences["staging.deploy_it"].proof
    production.evidences["staging.deploy"] = production.evidences["staging.deploy_it"]
    git(world.origin, "commit", "--quiet", "--allow-empty", "-m", "another")
    git(world.origin, "tag", "--force", "v2.5.0-maintenance")
    git(world.clone, "tag", "--delete", "v2.5.0-maintenance")
    with pytest.raises(NotTheApprovedCommit, match="staging tried commit"):
        world.step.do(production)


def test_local_changes_in_the_folder_stop_it(world: World, run: LocalRun) -> None:
    (world.clone / "VERSION").write_text("edited by hand")
    with pytest.raises(CommandFailed, match="Your local changes"):
        world.step.do(run)
    assert (world.clone / "VERSION").read_text() == "edited by hand"


def test_a_later_rollback_checks_out_the_one_before_once(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    assert world.step.undo(run.later(), evidence).changed is True
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")
    assert world.step.undo(run.later(), evidence).changed is False


def test_a_server_that_forgot_its_jobs_is_brought_back_all_the_same(world: World, run: LocalRun) -> None:
    evidence = world.step.do(run)
    shutil.rmtree(world.server.home / ".slipway")
    assert world.step.undo(run, evidence).changed is True
    assert (world.head(), world.built()) == ("v2.4.0", "2.4.0")


def test_the_doctor_is_told_what_is_checked_out(world: World, run: LocalRun) -> None:
    assert world.step.look(run).endswith(" is at v2.4.0")
    with pytest.raises(CommandFailed):
        replace(world.step, folder="nowhere").look(run)
