import json
import os
import time

import pytest
from tests.steps.repositories import Repositories
from tests.steps.world import git, killed_after, lines

from slipway.run import Evidence
from slipway.steps import MakeBranch, git_clone
from slipway.steps.faults import RepositoryUnreachable
from slipway.steps.faults.branches import (
    BranchMissing,
    BranchMoved,
    MergeConflict,
    PushRefused,
    VersionNotOnBranch,
)
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

DEPLOY = "deploy/scores"
STEP = MakeBranch(name="make_branch", branch=DEPLOY, merge=["feature/scores"])


def test_the_branch_is_made_and_holds_the_feature(release: LocalRun, repositories: Repositories) -> None:
    evidence = STEP.do(release)
    feature = repositories.head("feature/scores")
    assert repositories.head(DEPLOY) == feature  # a fast-forward, as `git merge` does it
    assert evidence.before["commit"] == ""
    assert evidence.proof == {"commit": feature}
    assert evidence.summary == f"deploy/scores is {feature[:12]}, with feature/scores"
    assert list(repositories.workspace.iterdir()) == []


def test_two_lines_of_work_become_a_merge(
    release: LocalRun, repositories: Repositories, caplog: pytest.LogCaptureFixture
) -> None:
    main = repositories.commit("main", "main.py", "later\n")
    with caplog.at_level("INFO"):
        made = STEP.do(release).proof["commit"]
    assert git(repositories.origin, "show", "-s", "--format=%P", made).split() == [
        main,
        repositories.head("feature/scores"),
    ]
    assert git(repositories.origin, "ls-tree", "--name-only", made).split() == [
        "app.py",
        "main.py",
        "scores.py",
    ]
    assert "Merged feature/scores (" in lines(caplog.records)


AT_VERSION = MakeBranch(name="make_branch", branch=DEPLOY, merge=["feature/scores"], at_version=True)


def test_a_branch_is_merged_as_of_the_tag_of_the_version(
    release: LocalRun, repositories: Repositories, caplog: pytest.LogCaptureFixture
) -> None:
    tagged = repositories.head("feature/scores")
    git(repositories.work, "tag", "-a", "v2", "-m", "v2", tagged)
    git(repositories.work, "push", "--quiet", "origin", "v2")
    later = repositories.commit("feature/scores", "later.py", "later\n")
    with caplog.at_level("INFO"):
        assert AT_VERSION.do(release).proof == {"commit": tagged}
    assert f"The tag v2 on feature/scores is {tagged[:12]}; feature/scores is at {later[:12]}" in lines(
        caplog.records
    )


def test_without_the_tag_of_the_version_nothing_is_merged(
    release: LocalRun, repositories: Repositories
) -> None:
    with pytest.raises(VersionNotOnBranch, match=r'there is no tag "v2", so nothing says which commit'):
        AT_VERSION.do(release)
    main = repositories.commit("main", "main.py", "later\n")
    git(repositories.work, "tag", "v2", main)
    git(repositories.work, "push", "--quiet", "origin", "v2")
    with pytest.raises(VersionNotOnBranch, match=r'the tag "v2" is not on feature/scores'):
        AT_VERSION.do(release)
    assert repositories.head(DEPLOY) == ""


def test_doing_and_undoing_twice_is_harmless(release: LocalRun, repositories: Repositories) -> None:
    evidence = STEP.do(release)
    assert STEP.do(release) == evidence
    undone = STEP.undo(release.at("rollback.undo"), evidence)
    assert undone.summary == "deploy/scores is removed"
    assert repositories.head(DEPLOY) == ""
    assert STEP.undo(release.at("rollback.undo"), evidence).changed is False
    assert repositories.head("main") != ""


def test_a_branch_that_was_there_is_set_back(release: LocalRun, repositories: Repositories) -> None:
    git(repositories.work, "push", "--quiet", "origin", f"main:{DEPLOY}")
    before = repositories.head(DEPLOY)
    evidence = STEP.do(release)
    assert evidence.before["commit"] == before
    assert repositories.head(DEPLOY) == repositories.head("feature/scores")
    STEP.undo(release, evidence)
    assert repositories.head(DEPLOY) == before


def test_nothing_happens_when_it_holds_everything_already(
    release: LocalRun, repositories: Repositories
) -> None:
    git(repositories.work, "push", "--quiet", "origin", f"feature/scores:{DEPLOY}")
    evidence = STEP.do(release)
    assert evidence.changed is False
    assert STEP.undo(release, evidence).changed is False


def test_a_conflict_names_the_files_and_leaves_nothing(release: LocalRun, repositories: Repositories) -> None:
    repositories.commit("main", "app.py", "two\n")
    repositories.commit("feature/scores", "app.py", "three\n")
    with pytest.raises(MergeConflict, match=r"be merged into deploy/scores: both change app\.py"):
        STEP.do(release)
    assert repositories.head(DEPLOY) == ""
    assert list(repositories.workspace.iterdir()) == []
    assert release.memory == {}


def test_a_crash_after_the_push_is_recognised(
    release: LocalRun, repositories: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories.commit("main", "main.py", "later\n")
    push = git_clone.Clone.push

    def killed(*arguments: object, **options: object) -> None:
        push(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(git_clone.Clone, "push", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    pushed = repositories.head(DEPLOY)
    assert STEP.do(release).proof == {"commit": pushed}
    STEP.undo(release, Evidence(before=release.memory["before"]))
    assert repositories.head(DEPLOY) == ""


@pytest.mark.parametrize("there", [True, False])
def test_an_undo_that_is_killed_after_its_push_is_recognised(
    release: LocalRun, repositories: Repositories, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        git(repositories.work, "push", "--quiet", "origin", f"main:{DEPLOY}")
    before, evidence = repositories.head(DEPLOY), STEP.do(release)
    undo = release.at("rollback.undo")
    with killed_after(monkeypatch, git_clone.Clone, "push"):
        STEP.undo(undo, evidence)
    assert repositories.head(DEPLOY) == before
    summary = STEP.undo(undo, evidence).summary
    assert summary == f"deploy/scores is {f'at {before[:12]}' if there else 'not there'} already"
    assert repositories.head(DEPLOY) == before
    assert list(repositories.workspace.iterdir()) == []


def test_a_crash_before_the_push_makes_the_same_merge_again(
    release: LocalRun, repositories: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories.commit("main", "main.py", "later\n")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(git_clone.Clone, "push", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    assert STEP.undo(release, Evidence(before=release.memory["before"])).changed is False
    repositories.commit("feature/scores", "scores.py", "later too\n")  # not what was looked at first
    assert STEP.do(release).proof["commit"] == release.memory["before"]["made"] == repositories.head(DEPLOY)
    assert git(repositories.origin, "show", f"{DEPLOY}:scores.py") == "scores"


def test_somebody_elses_commit_is_never_thrown_away(release: LocalRun, repositories: Repositories) -> None:
    evidence = STEP.do(release)
    repositories.take(DEPLOY)
    hotfix = repositories.commit(DEPLOY, "hotfix.py", "hot\n")
    with pytest.raises(BranchMoved, match="somebody else moved it"):
        STEP.undo(release, evidence)
    with pytest.raises(BranchMoved, match=hotfix[:12]):
        STEP.do(release)
    assert repositories.head(DEPLOY) == hotfix


def test_a_missing_branch_is_named_with_the_nearest(release: LocalRun) -> None:
    step = MakeBranch(name="make", branch=DEPLOY, merge=["feature/score"])
    with pytest.raises(BranchMissing, match=r'no branch "feature/score"\. The nearest are feature/scores'):
        step.do(release)


def test_a_repository_that_is_away_is_said(release: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_REPO", json.dumps({"conn_type": "git", "host": "/nowhere.git"}))
    with pytest.raises(RepositoryUnreachable, match=r"cannot read /nowhere\.git: fatal: "):
        STEP.do(release)


def test_a_push_that_is_refused_says_in_the_far_sides_words(
    release: LocalRun, repositories: Repositories
) -> None:
    hook = repositories.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GL-403: deploy/* is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRefused, match=r"GL-403: deploy/\* is protected"):
        STEP.do(release)


def test_what_a_killed_task_left_is_cleared_away_a_day_later(
    release: LocalRun, repositories: Repositories
) -> None:
    for name, age in (("clone-old", 100_000), ("clone-young", 100)):
        (repositories.workspace / name).mkdir()
        os.utime(repositories.workspace / name, times=(time.time() - age,) * 2)
    STEP.do(release)
    assert [left.name for left in repositories.workspace.iterdir()] == ["clone-young"]


def test_an_undo_before_anything_happened_changes_nothing(release: LocalRun) -> None:
    assert STEP.undo(release, Evidence()).changed is False
    assert STEP.undo_in_words().startswith("removes deploy/scores if this release made it")
