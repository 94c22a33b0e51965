"""Heroku's git and its one-off dynos' output: slow, failing, without an answer. Nothing is done twice."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.steps.heroku_world import HerokuWorld, through, wait
from tests.steps.repositories import Repositories

from slipway.run import Evidence
from slipway.sandbox.vendors.stand_in import serving
from slipway.steps import DeployToHeroku, MigrateOnHeroku, RunOnHeroku, git_remote, rendezvous
from slipway.steps.faults import RepositoryUnreachable
from slipway.steps.faults.branches import PushRefused, PushUnanswered
from slipway.steps.faults.heroku import DynoTimedOut, DynoUnattached, OutcomeUnknown
from slipway.still_going import StillGoing
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

PUSH = "POST /the5hc.git/git-receive-pack"
DEPLOY = DeployToHeroku(name="deploy", app="the5hc", branch="feature/scores")
ONCE = RunOnHeroku(name="once", app="the5hc", command="echo one; echo two")
AGAIN = RunOnHeroku(name="again", app="the5hc", command="echo one; echo two", repeatable=True)
MIGRATE = MigrateOnHeroku(name="migrate", app="the5hc")
BEFORE, NEW = ["scores.0001_initial"], ["scores.0002_manual", "scores.0003_reset"]


@pytest.fixture(autouse=True)
def deployed(heroku: HerokuWorld) -> None:
    heroku.deploy("main")
    heroku.migrations([*BEFORE, *NEW], BEFORE)


@pytest.fixture
def release(release: LocalRun) -> LocalRun:
    return release.at("staging.step")


def pushes(heroku: HerokuWorld) -> int:
    return sum(
        call.path.endswith("git-receive-pack") and call.method == "POST" for call in heroku.stand_in.git.calls
    )


def attached(heroku: HerokuWorld) -> int:
    return sum(call.method == "ATTACH" for call in heroku.stand_in.calls)


def test_a_slow_git_is_waited_for(release: LocalRun, heroku: HerokuWorld, repositories: Repositories) -> None:
    heroku.stand_in.git.trouble(delay=0.2, times=-1)
    through(DEPLOY.do, release)
    assert heroku.app.running == repositories.head("feature/scores")


@pytest.mark.parametrize(
    ("what", "why", "posts"),
    [
        ({"status": 503}, "error: RPC failed; HTTP 503", 2),
        ({"status": 503, "after": True}, "error: RPC failed; HTTP 503", 1),
        ({"half": True}, "error: RPC failed; curl 18", 1),
    ],
    ids=["fails", "answer lost", "cut off"],
)
def test_a_push_without_a_whole_answer_is_looked_for_and_deployed_once(
    release: LocalRun,
    heroku: HerokuWorld,
    repositories: Repositories,
    what: dict[str, int],
    why: str,
    posts: int,
) -> None:
    feature = repositories.head("feature/scores")
    heroku.stand_in.git.trouble(match=PUSH, **what)
    with pytest.raises(PushUnanswered) as caught:
        DEPLOY.do(release)
    told = str(caught.value)
    assert told.startswith(f'connection "heroku": {caught.value.remote} gave no whole answer to the push of ')
    assert f"{feature[:12]} as refs/heads/main:\n  | " in told
    assert why in str(caught.value)
    assert "It may have been taken; the next try looks first." in str(caught.value)
    assert "h3r0ku-t0ken" not in str(caught.value)
    evidence = through(DEPLOY.do, release)
    assert heroku.app.running == feature
    assert (pushes(heroku), len(heroku.app.builds)) == (posts, 2)
    through(DEPLOY.undo, release.at("rollback.undo"), evidence)
    assert heroku.app.running == repositories.head("main")


def test_a_push_that_is_not_answered_in_time_and_taken_late_is_deployed_once(
    release: LocalRun, heroku: HerokuWorld, repositories: Repositories
) -> None:
    heroku.stand_in.git.trouble(match=PUSH, delay=3)
    hasty = DeployToHeroku(name="deploy", app="the5hc", branch="feature/scores", timeout=timedelta(seconds=2))
    with pytest.raises(PushUnanswered, match=r"\n  \| no answer within 2 s"):
        hasty.do(release)
    through(DEPLOY.do, release)
    time.sleep(1.5)  # by now the late one is through, too
    heroku.state.settle(heroku.app)
    assert heroku.app.running == repositories.head("feature/scores")
    assert len(heroku.app.builds) == 2


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"status": 503}, "returned error: 503"),
        ({"half": True}, "transfer closed"),
        ({"delay": 9}, "no answer in 0:00:01"),
        ({"status": 401}, "it refuses the login: the token is wrong, expired or missing"),
    ],
    ids=["fails", "cut off", "times out", "expired"],
)
def test_an_unreadable_git_is_named_and_nothing_is_pushed(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch, what: dict[str, int], why: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(git_remote, "ANSWERS_WITHIN", timedelta(seconds=1))
        heroku.stand_in.git.trouble(match="GET", **what)
        with pytest.raises(
            RepositoryUnreachable, match=f'connection "heroku": git cannot read http://.*{why}'
        ):
            DEPLOY.do(release)
    assert pushes(heroku) == 0
    through(DEPLOY.do, release)
    assert pushes(heroku) == 1


def test_a_push_that_the_login_may_not_make_is_refused_for_certain(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    heroku.stand_in.git.trouble(match=PUSH, status=403)
    with pytest.raises(PushRefused, match=r"HTTP 403(?s:.)*see that the login may push there"):
        DEPLOY.do(release)


def test_a_wrong_token_reads_nothing(heroku: HerokuWorld) -> None:
    client = heroku.stand_in.git.app.test_client()
    refs = "/the5hc.git/info/refs?service=git-receive-pack"
    assert client.get(refs).status_code == 401
    assert client.get(refs, auth=("", "old")).status_code == 401
    assert client.get(refs, auth=("anybody", "h3r0ku-t0ken")).status_code == 200
    assert client.get("/other.git/info/refs?service=x", auth=("", "h3r0ku-t0ken")).status_code == 404


def test_a_slow_dyno_is_waited_for(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.stand_in.trouble(match="ATTACH", delay=0.5)
    assert ONCE.do(release).proof["lines"] == ["one", "two"]
    assert heroku.commands == ["echo one"]


def test_an_output_that_does_not_begin_in_time_stops_the_dyno_for_good(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rendezvous, "GREETS_WITHIN", 0.5)
        heroku.stand_in.trouble(match="ATTACH", delay=1.5)
        with pytest.raises(
            DynoUnattached, match=r"broke off \(no greeting within 0\.5 s\).* was stopped\. See"
        ):
            ONCE.do(release)
    time.sleep(1.5)
    assert (heroku.commands, heroku.app.dynos) == ([], {})
    with pytest.raises(OutcomeUnknown):
        ONCE.do(release)
    assert attached(heroku) == 1


@pytest.mark.parametrize(
    "what", [{"status": 1}, {"status": 1, "after": True}, {"half": True}], ids=["hangs up", "lost", "cut off"]
)
def test_an_output_that_breaks_off_asks_a_person_unless_it_may_run_again(
    release: LocalRun, heroku: HerokuWorld, what: dict[str, int]
) -> None:
    heroku.stand_in.trouble(match="ATTACH", **what)
    with pytest.raises(DynoUnattached, match=r"the5hc: the output of .* so its status is not known"):
        ONCE.do(release)
    with pytest.raises(OutcomeUnknown, match="If it ended well, mark this task success"):
        ONCE.do(release)
    assert attached(heroku) == 1
    other = release.at("staging.other")
    heroku.stand_in.trouble(match="ATTACH", **what)
    with pytest.raises(DynoUnattached):
        AGAIN.do(other)
    assert through(AGAIN.do, other).proof["lines"] == ["one", "two"]


def test_a_dyno_that_could_not_be_stopped_is_waited_for_and_not_joined_by_another(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    step = RunOnHeroku(
        name="s", app="the5hc", command="echo up; sleep 60", repeatable=True, timeout=timedelta(seconds=0.5)
    )
    heroku.stand_in.trouble(match="POST /apps/the5hc/dynos/", status=503, times=3)
    with pytest.raises(DynoTimedOut, match=r"could not be stopped and ends by itself \(the next try waits"):
        step.do(release)
    dynos = {
        "run.1": {"name": "run.1", "command": heroku.stand_in.calls[attached_at(heroku)].body, "secret": ""}
    }
    heroku.app.dynos.update(dynos)  # on Heroku it goes on without its reader
    with pytest.raises(StillGoing, match="of an earlier try still runs"):
        step.do(release)
    assert len(heroku.commands) == 1
    heroku.app.dynos.clear()
    with pytest.raises(DynoTimedOut, match="was stopped"):
        step.do(release)
    assert len(heroku.commands) == 2


def attached_at(heroku: HerokuWorld) -> int:
    return next(number for number, call in enumerate(heroku.stand_in.calls) if call.method == "ATTACH")


@pytest.mark.parametrize(
    "what", [{"status": 1}, {"status": 1, "after": True}, {"half": True}], ids=["hangs up", "lost", "cut off"]
)
def test_whichever_output_of_a_migration_breaks_off_it_is_applied_and_taken_back(
    release: LocalRun, heroku: HerokuWorld, what: dict[str, int]
) -> None:
    def both(number: int) -> None:
        here = release.at(f"staging.migrate_{number}")
        evidence = again(lambda: MIGRATE.do(here))
        assert heroku.applied() == [*BEFORE, *NEW], f"output {number}"
        again(lambda: MIGRATE.undo(here.at(f"rollback.undo_{number}"), evidence))
        assert heroku.applied() == BEFORE, f"output {number}"

    both(-1)
    for number in range(attached(heroku)):
        heroku.stand_in.troubles.clear()
        heroku.stand_in.trouble(match="ATTACH", times=number)
        heroku.stand_in.trouble(match="ATTACH", **what)
        both(number)


def again(act: Callable[[], Evidence]) -> Evidence:
    for _ in range(2):
        try:
            return through(act)
        except DynoUnattached:
            continue
    raise AssertionError("it does not succeed")


def test_git_and_dynos_are_told_over_http_as_any_stand_in(release: LocalRun, heroku: HerokuWorld) -> None:
    with serving(heroku.stand_in) as api, serving(heroku.stand_in.git) as git:
        for address, match in ((api, "ATTACH"), (git, "GET")):
            told = json.dumps({"match": match, "status": 503}).encode()
            headers = {"Content-Type": "application/json"}
            urllib.request.urlopen(
                urllib.request.Request(f"{address}/_stand_in/trouble", told, headers)
            ).close()
    with pytest.raises(RepositoryUnreachable):
        DEPLOY.do(release)
    with pytest.raises(DynoUnattached):
        ONCE.do(release)
    wait(lambda: not heroku.app.dynos)
