"""What the answer to "fix forward or roll back?" does beside branching, and who reads it."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests import toy

from slipway.airflow import ask
from slipway.airflow.ask import AnswerOperator
from slipway.airflow.gather import verdict_in_force
from slipway.airflow.rest import ApiRefused
from slipway.graph import WATCH_WHILE_ASKING
from slipway.run import Json
from slipway.verdict import Branch, Verdict
from slipway.words import Action

ASKED = Verdict(branch=Branch.ASK, action=Action.ASK)
SINCE = Verdict(branch=Branch.ROLL_BACK, action=Action.ROLL_BACK_AND_RESTORE, reasons=("rows are gone",))


class Ti(SimpleNamespace):
    """A task instance with the XComs of its run."""

    def __init__(self, **xcoms: Json) -> None:
        super().__init__(dag_id="toy", run_id="r1", xcoms=xcoms)

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Json | None:
        return self.xcoms.get(f"{task_ids}_{key}")

    def xcom_push(self, key: str, value: Json) -> None:
        self.xcoms[f"answer_{key}"] = value


def answer() -> AnswerOperator:
    return AnswerOperator(
        task_id="answer", plan=toy.plan(), ask_task_id="ask", fix_forward="hold", roll_back="rollback.start"
    )


def test_what_overtook_the_question_is_in_force() -> None:
    ti = Ti(verdict_return_value=ASKED.to_json())
    assert verdict_in_force({"ti": ti}) == ASKED
    ti.xcom_push("verdict", SINCE.to_json())
    assert verdict_in_force({"ti": ti}) == SINCE
    assert verdict_in_force({"ti": Ti()}) is None


def test_an_answer_from_before_the_verdict_was_cleared_is_over() -> None:
    anew = Verdict(branch=Branch.COMPLETE)
    ti = Ti(verdict_return_value=anew.to_json(), answer_verdict=SINCE.to_json())
    assert verdict_in_force({"ti": ti}) == anew


def test_what_the_watch_saw_is_left_for_the_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    ti = Ti(verdict_return_value=ASKED.to_json())
    monkeypatch.setattr(ask, "gather", lambda context, graph: None)
    monkeypatch.setattr(ask, "overtaken", lambda graph, facts, verdict: SINCE)
    answer()._overtake({"ti": ti})  # type: ignore[arg-type]
    assert verdict_in_force({"ti": ti}) == SINCE


def test_what_cannot_be_read_leaves_the_rollback_as_the_question_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(context: Any, graph: Any) -> None:
        raise RuntimeError("the API server is restarted")

    ti = Ti(verdict_return_value=ASKED.to_json())
    monkeypatch.setattr(ask, "gather", away)
    answer()._overtake({"ti": ti})  # type: ignore[arg-type]
    assert verdict_in_force({"ti": ti}) == ASKED


@pytest.mark.parametrize(("state", "closed"), [("deferred", True), ("failed", False), ("running", False)])
def test_the_watch_beside_the_question_is_closed_where_only_a_triggerer_could_end_it(
    monkeypatch: pytest.MonkeyPatch, state: str, closed: bool
) -> None:
    marked = []
    monkeypatch.setattr(ask, "task_states", lambda context: {WATCH_WHILE_ASKING: state})
    monkeypatch.setattr(ask, "AirflowApi", lambda: SimpleNamespace(mark=lambda *given: marked.append(given)))
    answer()._close_the_watch({"ti": Ti()})  # type: ignore[arg-type]
    assert marked == [("toy", "r1", WATCH_WHILE_ASKING, "skipped", "closed: answered")] * closed


def test_a_watch_that_has_just_ended_does_not_stop_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: str) -> None:
        raise ApiRefused("PATCH", WATCH_WHILE_ASKING, 409, "has the state already")

    monkeypatch.setattr(ask, "task_states", lambda context: {WATCH_WHILE_ASKING: "deferred"})
    monkeypatch.setattr(ask, "AirflowApi", lambda: SimpleNamespace(mark=refuse))
    answer()._close_the_watch({"ti": Ti()})  # type: ignore[arg-type]
