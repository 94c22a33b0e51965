"""What a step saw in one try is not forgotten in the next."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk.exceptions import AirflowException
from tests import toy

from slipway.airflow import gather
from slipway.airflow.step import StepOperator
from slipway.compile import compile_plan
from slipway.errors import StepFailed
from slipway.run import Evidence, Run
from slipway.steps.faults import DatabaseUnreachable, WrongAnswer


@dataclass(frozen=True, kw_only=True)
class Fails(toy.ToyStep):
    """Fails in the ways that are left."""

    kind: ClassVar[str] = "fails"
    ways: list[StepFailed] = field(default_factory=list)

    def do(self, run: Run) -> Evidence:
        raise self.ways.pop(0)


class Task:
    """A task's state store, which outlives a try, and its XComs, which do not."""

    def __init__(self) -> None:
        self.store: dict[str, Any] = {}
        self.xcoms: dict[str, Any] = {}

    def context(self) -> dict[str, Any]:
        self.xcoms.clear()
        ti = SimpleNamespace(
            dag_id="toy",
            run_id="r",
            task_id="staging.deploy",
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
        )
        keeps = SimpleNamespace(
            get=self.store.get, set=lambda key, value, retention=None: self.store.update({key: value})
        )
        return {"ti": ti, "task_state_store": keeps, "params": {"version": "v2"}, "run_id": "r"}


AWAY = DatabaseUnreachable("db", "connection refused")
DAMAGED = WrongAnswer("no row is lost", "SELECT 1", 0, 3, kept=True)
HARMLESS = WrongAnswer("no row is lost", "SELECT 1", 0, 3, kept=False)


@pytest.mark.parametrize(
    ("ways", "seen"), [((DAMAGED, AWAY), True), ((AWAY, DAMAGED), True), ((AWAY, HARMLESS), False)]
)
def test_damage_that_a_try_saw_is_known_after_the_next(ways: tuple[StepFailed, ...], seen: bool) -> None:
    step = Fails(name="deploy", ways=list(ways))
    graph = compile_plan(toy.plan(on_staging=(*toy.steps()[:-1], step)))
    operator = StepOperator(task_id="deploy", node=graph.node("staging.deploy"), graph=graph, digest="")
    task = Task()
    for _ in ways:
        with pytest.raises((StepFailed, AirflowException)):
            operator.execute(task.context())
    assert (bool(task.xcoms.get(gather.DAMAGE)), bool(task.store.get(gather.DAMAGE))) == (seen, seen)
    assert task.xcoms[gather.FAILURE] == str(ways[-1])
