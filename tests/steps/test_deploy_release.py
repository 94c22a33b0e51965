from datetime import timedelta

import pytest
from tests.steps.world import World

from slipway.run import Evidence
from slipway.steps import DeployRelease
from slipway.steps.faults import (
    CommandFailed,
    LinkInTheWay,
    ReleaseNotThere,
    SwitchedSince,
    WrongVersionServed,
)
from slipway.testing import LocalRun

STEP = DeployRelease(name="deploy", confirm_within=timedelta(seconds=10))


@pytest.fixture
def on_v1(service: World, run: LocalRun) -> World:
    """v1 is served, v2 is fetched."""
    service.release("v1")
    service.release("v2")
    first = run.at("production.first")
    first.version = "v1"
    STEP.do(first)
    return service


def link(world: World) -> str:
    return str((world.home / "current").readlink())


def test_a_deployment_serves_the_new_version_and_its_undo_the_old(on_v1: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    assert evidence.before == {"release": "v1", "version": "v1"}
    assert evidence.after == {"release": "v2", "version": "v2"}
    assert link(on_v1) == "releases/v2"
    pid = (on_v1.home / "pid").read_text()
    assert STEP.do(run).before == {"release": "v1", "version": "v1"}
    assert (on_v1.home / "pid").read_text() == pid  # nothing was restarted
    undone = STEP.undo(run.at("rollback.undo_deploy"), evidence)
    assert (undone.after, link(on_v1)) == ({"release": "v1", "version": "v1"}, "releases/v1")
    assert STEP.undo(run.at("rollback.undo_deploy"), evidence).changed is False


def test_what_somebody_deployed_since_is_left_alone(on_v1: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    on_v1.release("v2-hotfix")
    hotfix = run.at("production.hotfix")
    hotfix.version = "v2-hotfix"
    STEP.do(hotfix)
    with pytest.raises(
        SwitchedSince,
        match=r"points at v2-hotfix; this release left it at v2, and before it was v1: somebody",
    ):
        STEP.undo(run.at("rollback.undo_deploy"), evidence)
    assert link(on_v1) == "releases/v2-hotfix"


def test_a_link_that_somebody_removed_since_comes_back_in_the_undo(on_v1: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    (on_v1.home / "current").unlink()
    STEP.undo(run.at("rollback.undo_deploy"), evidence)
    assert link(on_v1) == "releases/v1"


def test_an_undo_that_was_killed_after_the_switch_is_finished_by_the_next(
    on_v1: World, run: LocalRun
) -> None:
    evidence = STEP.do(run)
    (on_v1.home / "current").unlink()
    (on_v1.home / "current").symlink_to("releases/v1")  # and v2 still runs
    undone = STEP.undo(run.at("rollback.undo_deploy"), evidence)
    assert (undone.changed, link(on_v1)) == (True, "releases/v1")


def test_a_try_that_was_killed_after_the_switch_is_finished_by_the_next(on_v1: World, run: LocalRun) -> None:
    run.memory["before"] = {"release": "v1", "version": "v1"}
    (on_v1.home / "current").unlink()
    (on_v1.home / "current").symlink_to("releases/v2")
    assert STEP.do(run).before == {"release": "v1", "version": "v1"}
    evidence = Evidence(before=run.memory["before"])
    assert STEP.undo(run, evidence).after == {"release": "v1", "version": "v1"}


def test_a_try_that_was_killed_before_the_switch_needs_no_undo(on_v1: World, run: LocalRun) -> None:
    pid = (on_v1.home / "pid").read_text()
    assert STEP.undo(run, Evidence(before={"release": "v1", "version": "v1"})).changed is False
    assert STEP.undo(run, Evidence()).changed is False
    assert (on_v1.home / "pid").read_text() == pid


def test_a_release_that_does_not_start_fails_and_the_undo_serves_the_old_one(
    on_v1: World, run: LocalRun
) -> None:
    on_v1.write("broken", "")
    with pytest.raises(CommandFailed, match="no module named planner"):
        STEP.do(run)
    undone = STEP.undo(run, Evidence(before=run.memory["before"]))
    assert undone.after == {"release": "v1", "version": "v1"}


def test_another_version_than_the_deployed_one_fails(on_v1: World, run: LocalRun) -> None:
    on_v1.write("VERSION", "v2-beta")
    step = DeployRelease(name="deploy", confirm_within=timedelta(seconds=1))
    with pytest.raises(
        WrongVersionServed, match=r"v2 is deployed, but after 1 s the service reports v2-beta"
    ):
        step.do(run)


def test_old_releases_go_but_never_the_one_before(on_v1: World, run: LocalRun) -> None:
    for version in ("v3", "v4", "v5"):
        on_v1.release(version)
    DeployRelease(name="deploy", keep=2).do(run)
    assert on_v1.releases == ["v1", "v2", "v4", "v5"]


def test_a_first_deployment_is_undone_to_nothing(service: World, run: LocalRun) -> None:
    service.release("v2")
    evidence = STEP.do(run)
    assert evidence.before == {"release": "", "version": ""}
    STEP.undo(run, evidence)
    assert not (service.home / "current").exists()


def test_a_release_that_was_not_fetched_is_named(on_v1: World, run: LocalRun) -> None:
    run.version = "v9"
    with pytest.raises(ReleaseNotThere, match=r"releases/v9: no such release. Put a FetchRelease step"):
        STEP.do(run)


def test_a_folder_in_the_place_of_the_link_is_left_alone(service: World, run: LocalRun) -> None:
    service.release("v2")
    (service.home / "current").mkdir()
    with pytest.raises(LinkInTheWay, match="is a folder or file, not a link"):
        STEP.do(run)
