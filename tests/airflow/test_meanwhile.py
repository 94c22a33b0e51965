"""A watch beside people: when it ends, and what may end it."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from tests import toy
from tests.airflow.task import a_run

from slipway.airflow import meanwhile, triggers, watch
from slipway.airflow.meanwhile import Meanwhile
from slipway.compile import compile_plan
from slipway.kinds import Checklist
from slipway.verdict import Branch, Verdict
from slipway.watch.course import Progress, Terms
from slipway.watch.judge import no_data
from slipway.watching import Watch
from slipway.words import Action

PLACE = {"dag_id": "toy", "run_id": "r1", "task_id": "watch_meanwhile", "map_index": -1}


def states(monkeypatch: pytest.MonkeyPatch, *answers: dict[str, str] | Exception) -> None:
    """Let Airflow tell these states one after the other, the last one for ever."""
    told = list(answers)

    def get(*, dag_id: str, run_ids: list[str], task_ids: list[str]) -> dict[str, Any]:
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        return {"r1": {task_id: state for task_id, state in answer.items() if task_id in task_ids}}

    monkeypatch.setattr(meanwhile.RuntimeTaskInstance, "get_task_states", get)


def paused(tasks: list[str], seconds: float) -> tuple[bool, float]:
    """Return whether a pause saw them all end, and how long it took."""

    async def pause() -> tuple[bool, float]:
        began = time.monotonic()
        async with Meanwhile(PLACE, tasks, every=0.01) as people:
            await people.pause(seconds)
            return people.over, time.monotonic() - began

    return asyncio.run(pause())


def test_a_pause_ends_when_the_last_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    states(
        monkeypatch,
        {"a": "awaiting_input"},
        {"a": "success", "b": "awaiting_input"},
        {"a": "success", "b": "failed"},
    )
    over, took = paused(["a", "b"], 30)
    assert over
    assert took < 20


def test_one_that_has_no_state_yet_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    states(monkeypatch, {"a": "success"})
    assert paused(["a", "b"], 0.1)[0] is False


def test_an_airflow_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    states(monkeypatch, RuntimeError("restarting"), {"a": "skipped"})
    assert paused(["a"], 30)[0]


def test_a_watch_that_stands_beside_nobody_is_never_over() -> None:
    assert paused([], 0.01)[0] is False


def verdict(monkeypatch: pytest.MonkeyPatch, given: Verdict | None) -> None:
    monkeypatch.setattr(watch, "verdict_given", lambda context: given)


def test_beside_the_question_only_what_is_rolled_back_by_itself_ends_the_watch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdict(monkeypatch, Verdict(branch=Branch.ASK, action=Action.ASK, procedure="code"))
    assert [rule.action for rule in watch._what_cannot_wait({}, toy.plan().matrix).rules] == [
        Action.ROLL_BACK,
        Action.ROLL_BACK,
        Action.CONTINUE,
        Action.CONTINUE,
        Action.ROLL_BACK_AND_RESTORE,
    ]


@pytest.mark.parametrize("no_return", [False, True])
def test_without_a_verdict_and_after_a_point_of_no_return_the_question_stands_alone(
    monkeypatch: pytest.MonkeyPatch, no_return: bool
) -> None:
    asked = replace(Verdict(branch=Branch.ASK, action=Action.ROLL_BACK), no_return=("production.drop",))
    verdict(monkeypatch, asked if no_return else None)
    with pytest.raises(AirflowSkipException):
        watch._what_cannot_wait({}, toy.plan().matrix)


@pytest.mark.parametrize(
    ("alone", "answer", "about"), [(True, "INCONCLUSIVE", ["no data"]), (False, "PASS", [])]
)
def test_too_little_data_is_for_the_watch_that_follows_to_judge(
    alone: bool, answer: str, about: list[str]
) -> None:
    plan = toy.plan()
    terms = Terms(watch=plan.watch, matrix=plan.matrix, baseline={})
    event = triggers._ended(Progress(), terms, alone=alone)
    assert event["answer"] == answer
    assert [breach["about"] for breach in event["breaches"]] == about


def test_beside_people_too_a_breach_is_a_breach() -> None:
    plan = toy.plan()
    terms = Terms(watch=plan.watch, matrix=plan.matrix, baseline={})
    breach = no_data(plan.watch, plan.matrix, 1, "gone")
    event = triggers._ended(Progress(breaches=[breach]), terms, alone=False)
    assert (event["answer"], event["ended_by"]["reason"]) == ("FAIL", "gone")


@pytest.mark.parametrize(
    ("form", "begun", "watches"),
    [("awaiting_input", False, True), ("success", False, False), ("success", True, True)],
)
def test_what_has_ended_before_its_watch_began_is_not_watched(
    monkeypatch: pytest.MonkeyPatch, form: str, begun: bool, watches: bool
) -> None:
    """One that has begun goes on: an earlier try may have seen a breach and died before it told it."""
    plan = toy.plan(verify=[Checklist(name="look", items=["Fine"])])
    graph = compile_plan(plan)
    node = graph.node("verification.watch_meanwhile")
    assert isinstance(node.item, Watch)
    guard = watch.WatchOperator(
        task_id="watch_meanwhile",
        watch=node.item,
        graph=graph,
        environment=plan.production,
        beside=node.beside,
    )
    run = a_run({f"{watch.START}_1": 1.0} if begun else {}, pace=1)
    monkeypatch.setattr(watch, "AirflowRun", lambda context, environment: run)
    monkeypatch.setattr(watch, "task_states", lambda context: {"verification.look": form})
    monkeypatch.setattr(watch, "orders_for", lambda context, graph: None)
    if watches:
        with pytest.raises(TaskDeferred):
            guard.execute({})
    else:
        assert guard.execute({}) == {"answer": "PASS", "checkpoints": 0}
