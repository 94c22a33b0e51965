import pytest
from tests.steps.repositories import Repositories
from tests.steps.world import git

from slipway.run import Evidence
from slipway.steps import PushBranch, git_clone
from slipway.steps.faults import NothingTried
from slipway.steps.faults.branches import BranchMoved, PushRefused, TestedCommitGone
from slipway.testing import LocalRun

STEP = PushBranch(name="push", branch="feature/scores")


@pytest.fixture
def release(release: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return release.at("staging.step")


@pytest.fixture
def running(repositories: Repositories) -> str:
    """Main of the remote runs main of origin; its commit."""
    git(repositories.work, "push", "--quiet", str(repositories.remote), "main:main")
    return repositories.deployed()


def test_a_branch_is_pushed_and_set_back(release: LocalRun, repositories: Repositories, running: str) -> None:
    feature = repositories.head("feature/scores")
    evidence = STEP.do(release)
    assert repositories.deployed() == feature
    assert evidence.before == {"commit": running, "pushes": feature}
    assert evidence.summary == f"main of the remote: {running[:12]} -> {feature[:12]}"
    assert STEP.do(release) == evidence
    STEP.undo(release, evidence)
    assert repositories.deployed() == running
    assert STEP.undo(release, evidence).changed is False


def test_a_crash_after_the_push_is_recognised_and_undone(
    release: LocalRun, repositories: Repositories, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = git_clone.Clone.push

    def killed(*arguments: object, **options: object) -> None:
        push(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(git_clone.Clone, "push", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    with monkeypatch.context() as patch:
        patch.setattr(git_clone.Clone, "push", None)  # it is not pushed a second time
        STEP.do(release)
    STEP.undo(release, Evidence(before=release.memory["before"]))
    assert repositories.deployed() == running


def test_production_gets_the_very_commit_that_staging_tried(
    release: LocalRun, repositories: Repositories
) -> None:
    tried = STEP.do(release.at("staging.push"))
    git(repositories.remote, "update-ref", "-d", "refs/heads/main")
    release.evidences["staging.push"] = tried
    later = repositories.commit("feature/scores", "later.py", "untested\n")
    assert STEP.do(release.at("production.push")).proof == tried.proof
    assert repositories.deployed() == tried.proof["commit"] != later


def test_without_a_proof_of_staging_nothing_is_pushed_to_production(
    release: LocalRun, repositories: Repositories, running: str
) -> None:
    with pytest.raises(NothingTried, match=r"staging\.push left no proof"):
        STEP.do(release.at("production.push"))
    assert repositories.deployed() == running


def test_a_branch_that_lost_the_tested_commit_is_not_deployed(
    release: LocalRun, repositories: Repositories
) -> None:
    release.evidences["staging.push"] = STEP.do(release.at("staging.push"))
    git(repositories.remote, "update-ref", "-d", "refs/heads/main")
    git(repositories.work, "checkout", "--quiet", "-B", "feature/scores", "main")
    repositories.commit("feature/scores", "scores.py", "rewritten\n")
    with pytest.raises(TestedCommitGone, match="what was approved is what is deployed"):
        STEP.do(release.at("production.push"))
    assert repositories.deployed() == ""


def test_a_commit_that_the_branch_lacks_is_not_overwritten(
    release: LocalRun, repositories: Repositories
) -> None:
    hotfix = repositories.commit("main", "hotfix.py", "hot\n")
    git(repositories.work, "push", "--quiet", str(repositories.remote), "main:main")
    with pytest.raises(BranchMoved, match="somebody else moved it"):
        STEP.do(release)
    assert repositories.deployed() == hotfix


def test_an_undo_leaves_what_somebody_else_pushed(
    release: LocalRun, repositories: Repositories, running: str
) -> None:
    evidence = STEP.do(release)
    repositories.commit("feature/scores", "hotfix.py", "hot\n")
    git(repositories.work, "push", "--quiet", str(repositories.remote), "feature/scores:main")
    with pytest.raises(BranchMoved):
        STEP.undo(release, evidence)
    assert repositories.deployed() == repositories.head("feature/scores")


def test_a_hook_that_refuses_is_quoted(release: LocalRun, repositories: Repositories) -> None:
    hook = repositories.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'the disk is full'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRefused, match="remote: the disk is full"):
        STEP.do(release)


def test_an_undo_before_anything_happened_changes_nothing(release: LocalRun) -> None:
    assert STEP.undo(release, Evidence()).changed is False
