from dataclasses import replace

import pytest
from tests.steps.world import World, git

from slipway.run import Evidence
from slipway.steps import FetchRelease
from slipway.steps.faults import (
    BadVersion,
    NothingTried,
    NotTheApprovedCommit,
    ReleaseInTheWay,
    RepositoryUnreachable,
    UnknownVersion,
)
from slipway.testing import LocalRun

STEP = FetchRelease(name="fetch_release")


@pytest.fixture
def run(run: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return run.at("staging.step")


def test_the_tag_appears_whole_with_its_revision(run: LocalRun, world: World) -> None:
    evidence = STEP.do(run)
    commit = git(world.source, "rev-parse", "v2^{commit}")
    release = world.home / "releases" / "v2"
    assert evidence.proof == {"commit": commit, "tree": git(world.source, "rev-parse", "v2^{tree}")}
    assert (release / "VERSION").read_text() == "v2\n"
    assert (release / "REVISION").read_text() == f"{commit}\n"
    assert (release / "run.sh").stat().st_mode & 0o111
    assert world.releases == ["v2"]


def test_a_second_try_reuses_the_folder_and_its_undo_still_removes_it(run: LocalRun, world: World) -> None:
    STEP.do(run)
    (world.home / "releases/v2/mark").touch()
    evidence = STEP.do(run)
    assert (world.home / "releases/v2/mark").exists()
    assert evidence.changed
    STEP.undo(run, evidence)
    assert world.releases == []
    assert STEP.undo(run, evidence).changed is False


def test_a_folder_that_was_there_before_survives_the_undo(run: LocalRun, world: World) -> None:
    STEP.do(run.at("staging.earlier"))
    evidence = STEP.do(run)
    assert evidence.changed is False
    STEP.undo(run, evidence)
    assert world.releases == ["v2"]


def test_the_deployed_release_is_never_removed(run: LocalRun, world: World) -> None:
    evidence = STEP.do(run)
    (world.home / "current").symlink_to("releases/v2")
    assert "stays: `current` points at it" in STEP.undo(run, evidence).summary
    assert world.releases == ["v2"]


def test_what_a_killed_try_left_is_cleared_away(run: LocalRun, world: World) -> None:
    draft = world.home / "releases" / ".fetching-v2"
    draft.mkdir()
    (draft / "half").touch()
    STEP.do(run)
    assert not (world.home / "releases/v2/half").exists()
    assert world.releases == ["v2"]


def test_an_undo_before_anything_happened_changes_nothing(run: LocalRun, world: World) -> None:
    world.release("v2")
    assert STEP.undo(run, Evidence()).changed is False
    assert STEP.undo(run, Evidence(before={"there": True, "deploys": "v2"})).changed is False
    assert world.releases == ["v2"]


def test_a_folder_with_another_commit_is_refused(run: LocalRun, world: World) -> None:
    world.release("v2")
    with pytest.raises(ReleaseInTheWay, match="already there with commit 000000000000"):
        STEP.do(run)


def test_an_unknown_tag_is_refused_with_the_nearest(run: LocalRun) -> None:
    run.version = "v22"
    with pytest.raises(UnknownVersion, match=r'no tag or commit "v22"\. The nearest tags are v2, v1'):
        STEP.do(run)


def test_a_full_commit_id_stands_for_itself(run: LocalRun, world: World) -> None:
    run.version = git(world.source, "rev-parse", "v1^{commit}")
    STEP.do(run)
    assert (world.home / "releases" / run.version / "VERSION").read_text() == "v1\n"


def test_production_takes_only_the_commit_that_staging_tried(run: LocalRun, world: World) -> None:
    tried = git(world.source, "rev-parse", "v2^{commit}")
    run.evidences["staging.fetch_release"] = Evidence(proof={"commit": tried})
    production = run.at("production.fetch_release")
    moved = world.commit("v2-moved")
    git(world.source, "tag", "--force", "v2", "v2-moved")
    with pytest.raises(
        NotTheApprovedCommit, match=f"staging tried commit {tried[:12]}, and the tag is {moved[:12]}"
    ):
        STEP.do(production)
    git(world.source, "tag", "--force", "v2", tried)
    assert STEP.do(production).proof["commit"] == tried
    run.evidences["staging.fetch_it"] = run.evidences.pop("staging.fetch_release")
    again = replace(STEP, tried_by="fetch_it").do(run.at("production.again"))
    assert again.proof["commit"] == tried


def test_without_a_proof_of_staging_nothing_is_fetched_for_production(run: LocalRun, world: World) -> None:
    with pytest.raises(NothingTried, match=r"staging\.fetch_release left no proof .* marked by hand"):
        STEP.do(run.at("production.fetch_release"))
    assert world.releases == []


@pytest.mark.parametrize("version", ["../v2", ".hidden", "a/b", "--upload-pack=x", ""])
def test_a_version_that_names_no_folder_is_refused(run: LocalRun, version: str) -> None:
    run.version = version
    with pytest.raises(BadVersion, match="it names a folder"):
        STEP.do(run)


def test_a_repository_that_is_not_there_is_named(run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_REPO", '{"conn_type": "git", "host": "/no/such/repository"}')
    with pytest.raises(
        RepositoryUnreachable, match=r'connection "repo": git cannot read /no/such/repository: fatal'
    ):
        STEP.do(run)


def test_the_password_of_the_repository_is_in_no_error(
    run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = (
        '{"conn_type": "git", "host": "http://127.0.0.1:9/x.git", "login": "bot", "password": "hidden-token"}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_REPO", value)
    with pytest.raises(RepositoryUnreachable) as failed:
        STEP.do(run)
    assert "hidden-token" not in str(failed.value)
