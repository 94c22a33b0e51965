"""What an undo task says it did: only what was taken back is called undone."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests import toy

from slipway.airflow.run import AirflowRun
from slipway.airflow.step import UndoOperator
from slipway.compile import compile_plan
from slipway.facts import Facts
from slipway.graph import Kind, Node, undo_of
from slipway.run import Evidence, Run
from slipway.testing import LocalRun

DONE = Evidence(before={"was": "old"}, after={"is": "v2"}, summary="deployed v2")
WHY = "The release is rolled back."


@dataclass(frozen=True, kw_only=True)
class Takes(toy.ToyStep):
    """Takes back what `there` holds, and nothing twice."""

    there: list[str] = field(default_factory=list)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        if not self.there:
            return Evidence(changed=False, summary="the old version runs already")
        return Evidence(after=evidence.before, summary=f"took back {self.there.pop()}")


@pytest.fixture
def run() -> LocalRun:
    return LocalRun(environment=toy.plan().production, task_id="rollback.undo_deploy")


def undoing(step: Takes) -> tuple[UndoOperator, Node]:
    steps = toy.steps()
    plan = toy.plan(on_production=(*steps[:-1], step))
    graph = compile_plan(plan)
    (node,) = [each for each in graph.nodes if each.undoes == f"production.{step.name}"]
    return UndoOperator(task_id="undo", node=node, graph=graph), node


@pytest.mark.parametrize("left", ["returned", "earlier"])
def test_what_was_taken_back_is_called_undone(run: LocalRun, left: str) -> None:
    operator, node = undoing(Takes(name="deploy", there=["v2"]))
    told = operator._undo(run, Facts(**{left: {node.undoes: DONE.to_json()}}), WHY)
    assert (told["undone"], told["why"]) == (True, WHY)
    assert told["evidence"]["summary"] == "took back v2"


def test_what_was_as_before_is_not_called_undone(run: LocalRun) -> None:
    operator, node = undoing(Takes(name="deploy"))
    told = operator._undo(run, Facts(returned={node.undoes: DONE.to_json()}), WHY)
    assert (told["undone"], told["why"]) == (False, "the old version runs already")


def test_a_second_try_counts_what_the_first_took_back_before_it_died(run: LocalRun) -> None:
    step = Takes(name="deploy", there=["v2"])
    operator, node = undoing(step)
    facts = Facts(returned={node.undoes: DONE.to_json()})
    operator._undo(run, facts, WHY)
    assert step.there == []
    told = operator._undo(run, facts, WHY)
    assert (told["undone"], told["evidence"]["changed"]) == (True, False)
    assert told["why"] == f"{WHY} An earlier look began to take it back, and the last one found nothing left."


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        ({"rollback.undo_deploy_return_value": {"undone": False, "why": "kept: no further."}}, True),
        ({"rollback.undo_deploy_evidence": {"undone": False, "why": "kept: no further."}}, True),  # a guest's
        (
            {"rollback.undo_deploy_return_value": {"undone": False, "why": "covered by the restore: ..."}},
            False,
        ),
        ({"rollback.undo_deploy_return_value": {"undone": True, "why": "it ran"}}, False),
        ({}, False),
    ],
)
def test_a_check_after_a_rollback_can_tell_what_was_kept(left: dict[str, Any], kept: bool) -> None:
    ti = SimpleNamespace(xcom_pull=lambda task_ids, key="return_value": left.get(f"{task_ids}_{key}"))
    there = AirflowRun({"ti": ti}, toy.plan().production)
    assert there.kept("production.deploy") is kept


def test_every_undo_has_the_id_by_which_it_is_looked_for() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    undos = graph.of_kind(Kind.UNDO)
    assert any(graph.node(node.undoes).stage for node in undos)
    assert [node.task_id for node in undos] == [undo_of(node.undoes) for node in undos]
