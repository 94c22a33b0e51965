"""The DAG is the graph: nothing is added, nothing is lost, and it is the same every time."""

import runpy
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.serialization.serialized_objects import DagSerialization
from tests import toy

from slipway.airflow.build import build, plan_digest
from slipway.compile import compile_plan
from slipway.graph import Kind, ReleaseGraph
from slipway.plan import Contact, Parameter

DAGS = Path(__file__).parents[2] / "dags"
GRAPH = compile_plan(toy.plan(strategies=toy.rollouts()))


def edges(dag: DAG) -> set[tuple[str, str]]:
    return {(task.task_id, after) for task in dag.tasks for after in task.downstream_task_ids}


def test_the_dag_has_the_graphs_tasks_edges_and_trigger_rules_and_no_others() -> None:
    """A Label between two groups joins the whole groups (Airflow 3.3.2), so labels are set apart."""
    dag = build(GRAPH)
    assert edges(dag) == {(edge.before, edge.after) for edge in GRAPH.edges}
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks}
    assert rules == {node.task_id: str(node.when) for node in GRAPH.nodes}


def test_the_trigger_form_is_kept_once_and_not_with_each_task() -> None:
    """Airflow 3.3.2 copies a DAG's params into each of its tasks as they are made, and into their forms."""
    dag = build(GRAPH)
    assert {"version", "intent", "pace"} <= set(dag.params)
    forms = {Kind.GATE, Kind.ASK, Kind.CHECKLIST}
    own = {task.task_id for task in dag.tasks if task.params}
    assert own == {node.task_id for node in GRAPH.nodes if node.kind in forms}
    assert not any({"version", "intent", "pace"} & set(task.params) for task in dag.tasks)


def test_the_branches_are_labelled() -> None:
    dag = build(GRAPH)
    labels = {
        (before, after): info["label"]
        for before, afters in dag.edge_info.items()
        for after, info in afters.items()
    }
    assert labels == {(edge.before, edge.after): edge.label for edge in GRAPH.edges if edge.label}
    assert labels["verdict", "rollback.start"] == "roll back"
    assert labels["rollout.strategy", "rollout.all.enable"] == "full"


def test_the_dag_is_serialised_to_the_same_bytes_every_time() -> None:
    """A value that changes with each parse would make a new version of the DAG each time."""
    graph: ReleaseGraph = compile_plan(toy.plan(strategies=toy.rollouts()))
    assert DagSerialization.to_dict(build(graph)) == DagSerialization.to_dict(build(GRAPH))


def test_questions_to_people_have_no_second_try() -> None:
    tasks = {task.task_id: task for task in build(GRAPH).tasks}
    for task_id in ("preflight.reviewed", "gate.go_no_go", "gate.decision", "ask", "outcome"):
        assert tasks[task_id].retries == 0


def test_the_form_refuses_nonsense() -> None:
    form = build(GRAPH).params
    assert form.get_param("version").schema["pattern"] == "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
    assert form.get_param("strategy").schema["enum"] == ["gradual", "full"]
    assert form.get_param("intent").schema["enum"] == ["release", "roll_back"]
    assert form.get_param("pace").schema["minimum"] == 1


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_release_can_be_triggered_by_typing_no_more_than_a_version(path: Path) -> None:
    form = runpy.run_path(str(path))["dag"].params
    empty = {name for name, value in form.dump().items() if value is None or value == "" or value is NOTSET}
    nullable = {name for name in form if "null" in form.get_param(name).schema["type"]}
    assert empty - nullable == {"version"}  # Airflow's form takes what is empty and not nullable for missing
    form["version"] = "v2"
    form.validate()


def test_a_parameter_of_the_plan_that_is_empty_may_stay_empty() -> None:
    ticket = Parameter(name="ticket", default="", description="", schema={"type": "string", "maxLength": 9})
    form = build(compile_plan(toy.plan(parameters=(ticket,)))).params
    assert form.get_param("ticket").schema == {"type": ["string", "null"], "maxLength": 9}
    size = Parameter(name="size", default="", description="", schema={"type": "string", "enum": ["", "big"]})
    form = build(compile_plan(toy.plan(parameters=(size,)))).params
    assert form.get_param("size").schema == {"type": ["string", "null"], "enum": [None, "", "big"]}


def test_the_digest_changes_with_what_the_plan_does_and_not_with_what_it_says_to_people() -> None:
    plan = toy.plan()
    reworded = toy.plan(summary="Other words.", contacts=(Contact(role="Lead", name="Ann", contact="ann@x"),))
    assert plan_digest(reworded) == plan_digest(plan)
    assert plan_digest(toy.plan(on_production=toy.steps()[:-1])) != plan_digest(plan)
