"""What the answer to "fix forward or roll back?" does beside branching, and who reads it."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests import toy

from slipway.airflow import ask, flow, guest, step
from slipway.airflow.ask import AnswerOperator
from slipway.airflow.flow import RollbackStartOperator
from slipway.airflow.gather import verdict_in_force
from slipway.airflow.rest import ApiRefused
from slipway.airflow.step import UndoOperator
from slipway.compile import compile_plan
from slipway.facts import Breach, Facts
from slipway.gate.proof import Proof
from slipway.gate.records import GivenApproval, Way
from slipway.graph import WATCH_WHILE_ASKING, Kind
from slipway.run import Json
from slipway.verdict import Branch, Verdict
from slipway.words import Action, GateAnswer, Severity

GRAPH = compile_plan(toy.plan())
[RESTORE] = GRAPH.of_kind(Kind.RESTORE)
ASKED = Verdict(branch=Branch.ASK, action=Action.ASK, reasons=("slow",))
DAMAGED = Breach(severity=Severity.CRITICAL, reason="rows are gone", scenario="corruption")


class Ti(SimpleNamespace):
    """A task instance with the XComs of its run, by task and key."""

    def __init__(self, task_id: str, **xcoms: Json) -> None:
        super().__init__(dag_id="toy", run_id="r1", task_id=task_id, xcoms=xcoms)

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Json | None:
        return self.xcoms.get(f"{task_ids}_{key}")

    def xcom_push(self, key: str, value: Json) -> None:
        self.xcoms[f"{self.task_id}_{key}"] = value


def answer() -> AnswerOperator:
    return AnswerOperator(
        task_id="answer", plan=toy.plan(), ask_task_id="ask", fix_forward="hold", roll_back="rollback.start"
    )


def in_production(**more: Any) -> Facts:
    """Return a release whose steps all ran, with the question's watch failed by damage."""
    ran = [node.task_id for node in GRAPH.production_steps()]
    return Facts(
        states=dict.fromkeys(ran, "success") | {WATCH_WHILE_ASKING: "failed"},
        returned={task_id: {"before": {}} for task_id in ran},
        breaches={WATCH_WHILE_ASKING: [DAMAGED]},
        **more,
    )


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[GateAnswer], tuple[str, Ti, list[Any]]]:
    """Give the answer of a person: its branch, the task instance, and what was marked."""

    def give(said: GateAnswer) -> tuple[str, Ti, list[Any]]:
        ti, marked = Ti("answer", verdict_return_value=ASKED.to_json()), []
        given = GivenApproval(
            task_id="ask", role="", answer=said, person="ann", way=Way.FORM, at=None, rationale="seen"
        )
        task = answer()
        monkeypatch.setattr(task, "_prove", lambda context: Proof(given=given, reasons=()))
        monkeypatch.setattr(ask, "gather", lambda context, graph: in_production())
        monkeypatch.setattr(ask, "task_states", lambda context: {WATCH_WHILE_ASKING: "deferred"})
        api = SimpleNamespace(mark=lambda *each: marked.append(each))
        monkeypatch.setattr(ask, "AirflowApi", lambda: api)
        return task.choose_branch({"ti": ti}), ti, marked  # type: ignore[typeddict-item]

    return give


def test_a_rollback_leaves_what_overtook_its_question_and_closes_the_watch(
    answered: Callable[[GateAnswer], tuple[str, Ti, list[Any]]],
) -> None:
    branch, ti, marked = answered(GateAnswer.NO_GO)
    assert branch == "rollback.start"
    since = verdict_in_force({"ti": ti})
    assert since is not None
    assert (since.branch, since.action) == (Branch.ROLL_BACK, Action.ROLL_BACK_AND_RESTORE)
    assert marked == [("toy", "r1", WATCH_WHILE_ASKING, "skipped", "closed: answered")]


def test_who_fixes_forward_is_overtaken_by_nothing(
    answered: Callable[[GateAnswer], tuple[str, Ti, list[Any]]],
) -> None:
    branch, ti, marked = answered(GateAnswer.GO)
    assert branch == "hold"
    assert verdict_in_force({"ti": ti}) == ASKED
    assert len(marked) == 1


def undo_task(ti: Ti) -> bool:
    try:
        return bool(UndoOperator(task_id="restore", node=RESTORE, graph=GRAPH).execute(context(ti))["undone"])
    except AirflowSkipException:
        return False


def guest_task(ti: Ti) -> bool:
    try:
        guest.guard_undo(RESTORE, GRAPH)["pre_execute"](context(ti))
    except AirflowSkipException:
        return False
    return True


def start_of_the_rollback(ti: Ti) -> bool:
    said = RollbackStartOperator(task_id="start", graph=GRAPH).execute(context(ti))
    return {each["task_id"]: each["fate"] for each in said["undo"]}[RESTORE.task_id] == "undo"


def context(ti: Ti) -> dict[str, Any]:
    run = SimpleNamespace(run_after=datetime.now(UTC), conf={}, triggering_user_name="rita")
    dag = SimpleNamespace(get_task=lambda task_id: task_id)
    return {"ti": ti, "run_id": "r1", "params": {"version": "v2"}, "dag_run": run, "dag": dag}


@pytest.mark.parametrize("reads", [undo_task, guest_task, start_of_the_rollback])
def test_the_rollback_goes_by_the_verdict_in_force(
    reads: Callable[[Ti], bool], answered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (step, guest, flow):
        monkeypatch.setattr(module, "gather", lambda context, graph: in_production())
    monkeypatch.setattr(step, "alone", lambda context: nullcontext())
    monkeypatch.setattr(step, "to_its_end", lambda *given: {"undone": True})
    monkeypatch.setattr(flow, "await_the_end_of_steps", lambda *given: None)
    monkeypatch.setattr(RollbackStartOperator, "skip", lambda *given: None)
    _, overtaken, _ = answered(GateAnswer.NO_GO)
    overtaken.task_id = "later"
    assert reads(overtaken)
    said = {"answer": "roll_back"}
    assert not reads(Ti("later", verdict_return_value=ASKED.to_json(), answer_answer=said))


def test_a_rollback_goes_by_what_is_so_when_it_has_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [Facts(states={"production.migrate": "success", "production.deploy": "queued"})]
    begun = Facts(states={"production.migrate": "success", "production.deploy": "running"})
    monkeypatch.setattr(flow, "gather", lambda context, graph: now[-1])
    monkeypatch.setattr(flow, "await_the_end_of_steps", lambda *given: now.append(begun))
    monkeypatch.setattr(RollbackStartOperator, "skip", lambda *given: None)
    back = Verdict(branch=Branch.ROLL_BACK, action=Action.ROLL_BACK)
    ti = Ti("rollback.start", verdict_return_value=back.to_json())
    said = RollbackStartOperator(task_id="start", graph=GRAPH).execute(context(ti))
    fates = {each["task_id"]: each["fate"] for each in said["undo"]}
    assert (fates["rollback.undo_deploy"], fates["rollback.undo_migrate"]) == ("undo", "undo")


@pytest.mark.parametrize("reads", [undo_task, guest_task])
def test_what_is_left_as_it_is_is_skipped_and_says_why(
    reads: Callable[[Ti], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (step, guest):
        monkeypatch.setattr(module, "gather", lambda context, graph: in_production())
    back = Verdict(branch=Branch.ROLL_BACK, action=Action.ROLL_BACK)
    ti = Ti("later", verdict_return_value=back.to_json())
    assert not reads(ti)
    why = 'not wanted: The action is "roll back": no restore.'
    assert ti.xcoms["later_return_value"] == {"undone": False, "why": why}


def test_an_answer_from_before_the_verdict_was_cleared_is_over(answered: Any) -> None:
    _, ti, _ = answered(GateAnswer.NO_GO)
    for anew in (Verdict(branch=Branch.COMPLETE), Verdict(branch=Branch.ASK, reasons=("slower",))):
        ti.xcoms["verdict_return_value"] = anew.to_json()
        assert verdict_in_force({"ti": ti}) == anew
    assert verdict_in_force({"ti": Ti("later")}) is None


def test_what_cannot_be_read_leaves_the_rollback_as_the_question_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(context: Any, graph: Any) -> None:
        raise RuntimeError("the API server is restarted")

    ti = Ti("answer", verdict_return_value=ASKED.to_json())
    monkeypatch.setattr(ask, "gather", away)
    answer()._overtake({"ti": ti})  # type: ignore[typeddict-item]
    assert verdict_in_force({"ti": ti}) == ASKED


@pytest.mark.parametrize("state", ["failed", "running"])
def test_a_watch_that_ends_by_itself_is_left_alone(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(ask, "task_states", lambda context: {WATCH_WHILE_ASKING: state})
    marked = []
    monkeypatch.setattr(ask, "AirflowApi", lambda: SimpleNamespace(mark=lambda *given: marked.append(given)))
    answer()._close_the_watch({"ti": Ti("answer")})  # type: ignore[typeddict-item]
    assert marked == []


def test_a_watch_that_has_just_ended_does_not_stop_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(*given: str) -> None:
        tried.append(WATCH_WHILE_ASKING in given)
        raise ApiRefused("PATCH", WATCH_WHILE_ASKING, 409, "has the state already")

    monkeypatch.setattr(ask, "task_states", lambda context: {WATCH_WHILE_ASKING: "deferred"})
    monkeypatch.setattr(ask, "AirflowApi", lambda: SimpleNamespace(mark=refuse))
    answer()._close_the_watch({"ti": Ti("answer")})  # type: ignore[typeddict-item]
    assert tried == [True]
