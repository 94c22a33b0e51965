import json
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.steps.heroku_world import HerokuWorld, through, wait
from tests.steps.world import killed_after, lines

from slipway.kinds import Undo
from slipway.run import Evidence
from slipway.sandbox.vendors.heroku import ACCEPT
from slipway.steps import RunOnHeroku, one_off_dyno, run_on_heroku
from slipway.steps.faults.heroku import DynoCommandFailed, DynoTimedOut, DynoUnattached, OutcomeUnknown
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, CallRefused, NotThere, TooManyCalls, VendorBroken

STEP = RunOnHeroku(
    name="clear_cache",
    app="the5hc",
    command="echo one; echo two",
    undo_command="echo back",
)
FAILING = RunOnHeroku(name="fail", app="the5hc", command="echo no such table; (exit 3)")


@pytest.fixture(autouse=True)
def deployed(heroku: HerokuWorld) -> None:
    heroku.deploy("main")


def test_each_line_goes_to_the_log(
    release: LocalRun, heroku: HerokuWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        evidence = STEP.do(release)
    assert "| one\n| two" in lines(caplog.records)
    assert "exit-status" not in lines(caplog.records)
    assert evidence.proof["status"] == 0
    assert evidence.proof["lines"] == ["one", "two"]
    wait(lambda: not heroku.app.dynos)  # it ends when its reader is gone


def test_what_ended_well_is_not_run_again(release: LocalRun, heroku: HerokuWorld) -> None:
    assert STEP.do(release).proof == STEP.do(release).proof
    assert heroku.commands == ["echo one"]


def test_the_undo_command_runs_if_the_command_was_begun(release: LocalRun, heroku: HerokuWorld) -> None:
    STEP.do(release)
    undoing = release.at("rollback.undo_clear_cache")
    assert STEP.undo(undoing, Evidence(before=release.memory["before"])).proof["lines"] == ["back"]
    STEP.undo(undoing, Evidence(before=release.memory["before"]))
    assert heroku.commands == ["echo one", "echo back"]
    assert STEP.undo(undoing, Evidence()).changed is False


def test_a_failure_shows_the_last_lines_and_may_be_tried_again(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    for _ in range(2):
        with pytest.raises(
            DynoCommandFailed, match=r"ended with status 3\. Its last lines:\n  \| no such table"
        ):
            FAILING.do(release)
    assert len(heroku.commands) == 2


def test_a_command_that_takes_too_long_is_stopped(release: LocalRun, heroku: HerokuWorld) -> None:
    step = RunOnHeroku(name="s", app="the5hc", command="echo up; sleep 60", timeout=timedelta(seconds=0.5))
    with pytest.raises(DynoTimedOut, match=r"not over after 0\.5 s, so its dyno was stopped.*\n  \| up"):
        step.do(release)
    assert heroku.app.dynos == {}


def test_a_lost_answer_asks_a_person(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.stand_in.trouble(match="POST /apps/the5hc/dynos", status=503, after=True)
    with pytest.raises(VendorBroken):
        STEP.do(release)
    heroku.app.dynos.clear()  # it ended meanwhile
    with pytest.raises(OutcomeUnknown, match="If it ended well, mark this task success"):
        STEP.do(release)
    assert heroku.posts("/apps/the5hc/dynos") == 1


def test_a_repeatable_command_runs_again_when_the_first_one_is_over(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    step = RunOnHeroku(name="s", app="the5hc", command="echo one", repeatable=True)
    heroku.stand_in.trouble(match="POST /apps/the5hc/dynos", status=503, after=True)
    with pytest.raises(VendorBroken):
        step.do(release)
    with pytest.raises(StillGoing, match="of an earlier try still runs on the5hc"):
        step.do(release)
    heroku.app.dynos.clear()
    assert step.do(release).proof["status"] == 0
    assert step.do(release).proof["status"] == 0
    assert heroku.commands == ["echo one"]
    assert heroku.posts("/apps/the5hc/dynos") == 2


def test_a_task_that_is_killed_stops_its_dyno(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(one_off_dyno, "lines_of", killed)
    with pytest.raises(KeyboardInterrupt):
        STEP.do(release)
    assert heroku.app.dynos == {}
    with pytest.raises(OutcomeUnknown):
        STEP.do(release)


def killed_undo(release: LocalRun) -> tuple[LocalRun, Evidence]:
    STEP.do(release)
    return release.at("rollback.undo_clear_cache"), Evidence(before=release.memory["before"])


def test_an_undo_that_is_killed_before_its_call_is_simply_tried_again(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    undoing, evidence = killed_undo(release)

    def begun(run: LocalRun, key: str, *_: object) -> bool:
        return key == "undo.begun.1"

    with killed_after(monkeypatch, LocalRun, "remember", when=begun):
        STEP.undo(undoing, evidence)
    assert heroku.posts("/apps/the5hc/dynos") == 1
    assert STEP.undo(undoing, evidence).proof["lines"] == ["back"]
    assert heroku.commands == ["echo one", "echo back"]


def test_an_undo_that_is_killed_while_its_command_runs_waits_for_it_and_runs_it_again(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    undoing, evidence = killed_undo(release)
    with killed_after(monkeypatch, one_off_dyno, "_begin"):
        STEP.undo(undoing, evidence)
    with pytest.raises(StillGoing, match="`echo back` of an earlier try still runs on the5hc"):
        STEP.undo(undoing, evidence)
    heroku.app.dynos.clear()  # it ended meanwhile
    assert STEP.undo(undoing, evidence).proof["lines"] == ["back"]
    assert heroku.posts("/apps/the5hc/dynos") == 3


@pytest.mark.parametrize(
    ("owner", "call", "times"), [(one_off_dyno, "_attend", 2), (run_on_heroku, "run_once", 1)]
)
def test_an_undo_that_is_killed_when_its_command_ended_runs_it_again_only_if_nobody_noted_that(
    release: LocalRun,
    heroku: HerokuWorld,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    call: str,
    times: int,
) -> None:
    undoing, evidence = killed_undo(release)
    with killed_after(monkeypatch, owner, call):
        STEP.undo(undoing, evidence)
    wait(lambda: not heroku.app.dynos)
    assert STEP.undo(undoing, evidence).proof["lines"] == ["back"]
    assert heroku.commands == ["echo one", *["echo back"] * times]


def test_a_command_that_a_killed_try_left_running_is_stopped_before_the_undo(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, one_off_dyno, "_begin"):
        STEP.do(release)
    [left] = heroku.app.dynos
    heroku.stand_in.trouble(match=f"POST /apps/the5hc/dynos/{left}", status=202)  # it takes its time
    undoing, evidence = release.at("rollback.undo"), Evidence(before=release.memory["before"])
    with pytest.raises(StillGoing, match=f"Heroku stops {left} of the5hc"):
        STEP.undo(undoing, evidence)
    assert heroku.commands == []
    assert STEP.undo(undoing, evidence).proof["lines"] == ["back"]
    assert left not in heroku.app.dynos
    assert heroku.commands == ["echo back"]


def test_a_command_that_only_begins_alike_is_not_stopped(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    STEP.do(release)
    another = replace(STEP, name="another", command=f"{STEP.command}; sleep 60")
    with killed_after(monkeypatch, one_off_dyno, "_begin"):
        another.do(release.at("production.another"))
    [left] = heroku.app.dynos
    STEP.undo(release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    assert left in heroku.app.dynos


def test_a_dyno_lives_a_day_at_most(release: LocalRun, heroku: HerokuWorld) -> None:
    replace(STEP, timeout=timedelta(hours=1)).do(release)
    replace(STEP, timeout=timedelta(days=2)).do(release.at("production.other"))
    bodies = [call.body for call in heroku.stand_in.calls if call.method == "POST"]
    assert [body["time_to_live"] for body in bodies] == [3660, 86400]


def test_the_stand_in_refuses_a_dyno_that_lives_longer_than_a_day(heroku: HerokuWorld) -> None:
    headers = {"Accept": ACCEPT, "Authorization": heroku.stand_in.token}
    body = {"command": "true", "time_to_live": 86401}
    answer = heroku.stand_in.app.test_client().post("/apps/the5hc/dynos", json=body, headers=headers)
    assert (answer.status_code, answer.get_json()["id"]) == (422, "invalid_params")
    assert heroku.app.dynos == {}


def test_output_that_breaks_off_leaves_the_outcome_open(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.stand_in.trouble(match="ATTACH", half=True)
    with pytest.raises(DynoUnattached, match=r"broke off .it ended without a status."):
        STEP.do(release)
    with pytest.raises(OutcomeUnknown):
        STEP.do(release)


def test_a_command_that_was_never_taken_is_simply_tried_again(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.stand_in.trouble(match="POST", status=429, retry_after="3600")
    with pytest.raises(TooManyCalls, match="Try again in 3600 s"):
        STEP.do(release)
    assert STEP.do(release).proof["status"] == 0
    assert len(heroku.commands) == 1


@pytest.mark.parametrize(
    ("status", "fault", "text"),
    [
        (401, AccessRefused, "heroku authorizations:create"),
        (403, AccessRefused, "add it to the app"),
        (404, NotThere, "name in the plan"),
        (422, CallRefused, "Correct the plan"),
    ],
)
def test_a_refusal_names_the_call_and_its_mend(
    release: LocalRun, heroku: HerokuWorld, status: int, fault: type[Exception], text: str
) -> None:
    heroku.stand_in.trouble(match="POST", status=status)
    with pytest.raises(fault, match=f"Heroku: POST /apps/the5hc/dynos: HTTP {status}") as caught:
        STEP.do(release)
    assert text in str(caught.value)
    assert "h3r0ku-t0ken" not in str(caught.value)


def test_tls_is_spoken_unless_the_connection_says_otherwise(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_HEROKU"])
    monkeypatch.setenv("AIRFLOW_CONN_HEROKU", json.dumps(known | {"extra": {}}))
    step = RunOnHeroku(name="s", app="the5hc", command="echo one", timeout=timedelta(seconds=0.5))
    with pytest.raises((DynoUnattached, DynoTimedOut)):
        step.do(release)
    assert heroku.commands == []


def test_without_an_undo_command_it_must_be_said_why() -> None:
    assert FAILING.undoing().undo is Undo.MISSING
    harmless = RunOnHeroku(name="c", app="a", command="x", leaves_nothing="a cache fills itself again")
    assert harmless.undoing().undo is Undo.NOTHING


def test_the_stand_in_ends_a_dyno_whose_reader_went_away(release: LocalRun, heroku: HerokuWorld) -> None:
    step = RunOnHeroku(name="s", app="the5hc", command="sleep 60", timeout=timedelta(seconds=0.3))
    with pytest.raises(DynoTimedOut):
        step.do(release)
    wait(lambda: not heroku.stand_in.rendezvous._running)
    assert through(STEP.do, release.at("production.other")).changed


def test_the_doctor_is_told_what_the_app_runs(release: LocalRun, heroku: HerokuWorld) -> None:
    assert STEP.look(release).startswith("the5hc runs v")
    assert heroku.commands == []
    with pytest.raises(NotThere, match="gone"):
        replace(STEP, app="gone").look(release)
