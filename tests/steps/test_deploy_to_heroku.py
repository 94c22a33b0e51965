from dataclasses import replace
from datetime import timedelta

import pytest
from tests.steps.heroku_world import HerokuWorld, through
from tests.steps.repositories import Repositories
from tests.steps.world import git, lines

from slipway.run import Evidence
from slipway.sandbox.vendors.heroku_state import build_of
from slipway.steps import DeployToHeroku, deploy_to_heroku, git_clone
from slipway.steps.faults import NothingTried
from slipway.steps.faults.branches import TestedCommitGone
from slipway.steps.faults.heroku import (
    BuildFailed,
    DeployedBySomebodyElse,
    HerokuReleaseFailed,
    HerokuReleaseMissing,
    HotfixInTheWay,
    NothingDeployedBefore,
)
from slipway.steps.git_remote import Remote
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, VendorBroken

pytestmark = pytest.mark.slow

STEP = DeployToHeroku(name="deploy", app="the5hc", branch="feature/scores")


@pytest.fixture
def release(release: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return release.at("staging.step")


@pytest.fixture
def before(heroku: HerokuWorld, repositories: Repositories) -> str:
    """The app runs main; its commit."""
    heroku.deploy("main")
    return repositories.head("main")


def pushes(heroku: HerokuWorld) -> int:
    return len(heroku.app.builds)


def test_a_branch_is_deployed_and_rolled_back(
    release: LocalRun,
    heroku: HerokuWorld,
    repositories: Repositories,
    before: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    feature = repositories.head("feature/scores")
    with caplog.at_level("INFO"):
        evidence = through(STEP.do, release)
    assert heroku.app.running == feature
    assert "| remote: -----> Building on the Heroku-24 stack" in lines(caplog.records)
    assert evidence.proof == {"commit": feature, "version": 3}
    assert evidence.summary == f"the5hc: v2 -> v3 (commit {feature[:12]})"
    assert through(STEP.do, release) == evidence
    undoing = release.at("rollback.undo_deploy")
    assert through(STEP.undo, undoing, evidence).changed
    assert heroku.app.running == before
    assert heroku.app.releases[-1]["description"] == "Rollback to v2"
    through(STEP.undo, release.at("rollback.again"), evidence)
    assert len(heroku.app.releases) == 4


def test_it_waits_while_the_release_is_under_way(release: LocalRun, heroku: HerokuWorld, before: str) -> None:
    heroku.state.takes = 60
    with pytest.raises(StillGoing, match=r"Heroku releases v3 \(commit"):
        STEP.do(release)
    with pytest.raises(StillGoing):
        STEP.undo(release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    assert pushes(heroku) == 2


def test_a_build_of_a_killed_try_is_waited_for_and_not_pushed_again(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    building = build_of(heroku.app, repositories.head("feature/scores"), None, "pending")
    heroku.app.builds.append(building)
    with pytest.raises(StillGoing, match=r"Heroku builds \w{12} for the5hc"):
        STEP.do(release)
    with pytest.raises(StillGoing):
        STEP.undo(release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    heroku.app.builds.remove(building)
    assert through(STEP.do, release).changed


def test_a_crash_after_the_push_is_recognised_and_undone(
    release: LocalRun, heroku: HerokuWorld, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = git_clone.Clone.push

    def killed(*arguments: object, **options: object) -> None:
        push(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(git_clone.Clone, "push", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    monkeypatch.setattr(git_clone.Clone, "push", None)  # no second push
    through(STEP.do, release)
    assert pushes(heroku) == 2
    through(STEP.undo, release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    assert heroku.app.running == before


def test_a_rollback_whose_answer_was_lost_is_not_sent_twice(
    release: LocalRun, heroku: HerokuWorld, before: str
) -> None:
    evidence = through(STEP.do, release)
    heroku.stand_in.trouble(match="POST /apps/the5hc/releases", status=503, after=True)
    undoing = release.at("rollback.undo")
    with pytest.raises(VendorBroken):
        STEP.undo(undoing, evidence)
    through(STEP.undo, undoing, evidence)
    assert heroku.app.running == before
    assert heroku.posts("/apps/the5hc/releases") == 1


def test_a_commit_that_was_rolled_back_is_released_from_its_build(
    release: LocalRun, heroku: HerokuWorld, before: str
) -> None:
    evidence = through(STEP.do, release)
    through(STEP.undo, release.at("rollback.undo"), evidence)
    again = release.at("staging.again")  # another release of the same commit
    assert through(STEP.do, again).proof["version"] == 5
    assert heroku.app.running == evidence.proof["commit"]
    assert pushes(heroku) == 2


def test_what_a_rollback_left_in_the_apps_repository_is_replaced(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    evidence = through(STEP.do, release)
    through(STEP.undo, release.at("rollback.undo"), evidence)
    git(repositories.work, "checkout", "--quiet", "-B", "feature/scores", "main")
    mended = repositories.commit("feature/scores", "scores.py", "mended\n")
    through(STEP.do, release.at("staging.again"))
    assert heroku.app.running == mended


def test_production_gets_the_very_commit_that_staging_tried(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    staging = DeployToHeroku(name="deploy", app="the5hc-staging", branch="feature/scores")
    tried = through(staging.do, release.at("staging.deploy"))
    release.evidences["staging.deploy"] = tried
    repositories.commit("feature/scores", "later.py", "untested\n")
    with pytest.raises(NothingTried, match=r"staging\.deploy left no proof"):
        STEP.do(replace(release, evidences={}).at("production.deploy"))
    assert heroku.app.running == before
    through(STEP.do, release.at("production.deploy"))
    assert heroku.app.running == tried.proof["commit"]
    git(repositories.work, "checkout", "--quiet", "-B", "feature/scores", "main")
    repositories.commit("feature/scores", "scores.py", "rewritten\n")
    with pytest.raises(TestedCommitGone):
        STEP.do(release.at("production.deploy"))


def test_a_hotfix_on_the_app_is_not_taken_back(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories
) -> None:
    hotfix = repositories.commit("main", "hotfix.py", "hot\n")
    heroku.deploy("main")
    with pytest.raises(HotfixInTheWay, match=f"runs commit {hotfix[:12]}, which feature/scores does not"):
        STEP.do(release)
    assert heroku.app.running == hotfix


def test_a_build_that_fails_shows_why_and_leaves_the_app(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    repositories.commit("feature/scores", "BROKEN_BUILD", "x")
    with pytest.raises(BuildFailed, match="Couldn't install the packages"):
        STEP.do(release)
    assert heroku.app.running == before
    assert STEP.undo(release.at("undo"), Evidence(before=release.memory["before"])).changed is False


def test_a_release_phase_that_fails_is_said_once_and_tried_from_the_same_build(
    release: LocalRun, heroku: HerokuWorld, before: str
) -> None:
    heroku.app.release_fails = True
    with pytest.raises(HerokuReleaseFailed, match="heroku releases:output v3 --app the5hc"):
        through(STEP.do, release)
    assert heroku.app.running == before
    heroku.app.release_fails = False
    assert through(STEP.do, release).proof["version"] == 4
    assert pushes(heroku) == 2


def test_a_rollback_that_fails_is_said(release: LocalRun, heroku: HerokuWorld, before: str) -> None:
    evidence = through(STEP.do, release)
    heroku.app.release_fails = True
    heroku.state.takes = 0
    with pytest.raises(HerokuReleaseFailed, match="release v4"):
        STEP.undo(release.at("rollback.undo"), evidence)


def test_a_release_that_never_shows_up_is_said(
    release: LocalRun, heroku: HerokuWorld, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = DeployToHeroku(
        name="deploy", app="the5hc", branch="feature/scores", appears_within=timedelta(seconds=0)
    )
    monkeypatch.setattr(git_clone.Clone, "push", lambda *_, **__: None)
    with pytest.raises(HerokuReleaseMissing, match="heroku builds --app the5hc"):
        step.do(release)


def test_a_commit_whose_build_was_thrown_away_is_said(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    feature = repositories.head("feature/scores")
    heroku.app.head = feature
    git(repositories.work, "push", "--quiet", str(heroku.app.git), f"{feature}:refs/heads/main")
    with pytest.raises(HerokuReleaseMissing, match="put an empty commit on the branch"):
        STEP.do(release)


def test_the_first_deployment_cannot_be_rolled_back(release: LocalRun, heroku: HerokuWorld) -> None:
    evidence = through(STEP.do, release)
    with pytest.raises(NothingDeployedBefore, match="heroku maintenance:on --app the5hc"):
        through(STEP.undo, release.at("rollback.undo"), evidence)


def test_what_somebody_else_deployed_since_is_left(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories, before: str
) -> None:
    evidence = through(STEP.do, release)
    hotfix = repositories.commit("feature/scores", "hotfix.py", "hot\n")
    heroku.deploy("feature/scores")
    with pytest.raises(DeployedBySomebodyElse):
        through(STEP.undo, release.at("rollback.undo"), evidence)
    assert heroku.app.running == hotfix


def test_an_app_that_runs_the_commit_already_is_left_alone(
    release: LocalRun, heroku: HerokuWorld, before: str
) -> None:
    heroku.deploy("feature/scores")
    evidence = STEP.do(release)
    assert evidence.changed is False
    assert STEP.undo(release.at("undo"), evidence).changed is False
    assert pushes(heroku) == 2


def test_the_token_stays_out_of_argv_and_errors(release: LocalRun, heroku: HerokuWorld) -> None:
    remote = Remote(conn_id="heroku", url="https://git.heroku.com/a.git", login="slipway", password="t0p")
    assert remote._login()["GIT_CONFIG_KEY_0"] == "http.https://git.heroku.com/.extraHeader"
    assert "t0p" not in repr(remote)
    heroku.stand_in.trouble(status=401, times=-1)
    with pytest.raises(AccessRefused, match="heroku authorizations:create") as caught:
        STEP.do(release)
    assert "h3r0ku" not in str(caught.value)


def test_an_undo_before_anything_happened_changes_nothing(release: LocalRun) -> None:
    assert STEP.undo(release, Evidence()).changed is False
    assert "heroku releases:rollback" in STEP.undo_in_words()
    assert deploy_to_heroku.LAST_RELEASES == 20
