from dataclasses import replace

import pytest
from tests.steps.repositories import Repositories
from tests.steps.world import git

from slipway.run import Evidence
from slipway.steps import TagRelease, git_clone
from slipway.steps.faults import NothingTried
from slipway.steps.faults.branches import BranchMissing, PushRefused, TagTaken
from slipway.testing import LocalRun

STEP = TagRelease(name="tag_release", branch="feature/scores", tried_by="deploy")


@pytest.fixture
def release(release: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return release.at("staging.step")


def tagged(repositories: Repositories) -> str:
    return repositories.at(repositories.origin, "refs/tags/v2")


def test_the_commit_gets_an_annotated_tag(release: LocalRun, repositories: Repositories) -> None:
    evidence = STEP.do(release)
    assert tagged(repositories) == repositories.head("feature/scores")
    assert git(repositories.origin, "cat-file", "-t", "v2") == "tag"
    assert "test_plan, release manual__2026" in git(repositories.origin, "cat-file", "-p", "v2")
    assert evidence.changed
    assert STEP.do(release) == evidence
    STEP.undo(release, evidence)
    assert tagged(repositories) == ""
    assert STEP.undo(release, evidence).changed is False


def test_the_commit_that_staging_tried_is_tagged(release: LocalRun, repositories: Repositories) -> None:
    tried = repositories.head("feature/scores")
    release.evidences["staging.deploy"] = Evidence(proof={"commit": tried})
    repositories.commit("feature/scores", "later.py", "untested\n")
    with pytest.raises(NothingTried, match=r"staging\.deploy left no proof"):
        STEP.do(replace(release, evidences={}).at("production.tag_release"))
    assert tagged(repositories) == ""
    STEP.do(release.at("production.tag_release"))
    assert tagged(repositories) == tried


def test_a_tag_that_was_there_stays(release: LocalRun, repositories: Repositories) -> None:
    git(repositories.work, "tag", "v2", "feature/scores")
    git(repositories.work, "push", "--quiet", "origin", "v2")
    evidence = STEP.do(release)
    assert evidence.changed is False
    STEP.undo(release, evidence)
    assert tagged(repositories) == repositories.head("feature/scores")


def test_a_tag_of_another_commit_is_left_and_said(release: LocalRun, repositories: Repositories) -> None:
    git(repositories.work, "tag", "v2", "main")
    git(repositories.work, "push", "--quiet", "origin", "v2")
    with pytest.raises(TagTaken, match=f"the tag v2 names commit {repositories.head('main')[:12]}"):
        STEP.do(release)
    assert tagged(repositories) == repositories.head("main")


def test_a_crash_after_the_push_is_recognised_and_undone(
    release: LocalRun, repositories: Repositories, monkeypatch: pytest.MonkeyPatch
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
        patch.setattr(git_clone.Clone, "push", None)
        assert STEP.do(release).changed
    STEP.undo(release, Evidence(before=release.memory["before"]))
    assert tagged(repositories) == ""


def test_a_tag_that_somebody_moved_is_not_removed(release: LocalRun, repositories: Repositories) -> None:
    evidence = STEP.do(release)
    git(repositories.work, "push", "--quiet", "--force", "origin", "main:refs/tags/v2")
    with pytest.raises(TagTaken):
        STEP.undo(release, evidence)
    assert tagged(repositories) == repositories.head("main")


def test_a_missing_branch_and_a_refused_push_are_said(release: LocalRun, repositories: Repositories) -> None:
    with pytest.raises(BranchMissing, match='no branch "main2"'):
        TagRelease(name="tag", branch="main2").do(release)
    hook = repositories.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'tags are for the release manager'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRefused, match="tags are for the release manager"):
        STEP.do(release)


def test_an_undo_before_anything_happened_changes_nothing(release: LocalRun) -> None:
    assert STEP.undo(release, Evidence()).changed is False
