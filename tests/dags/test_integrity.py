"""What must hold of every plan in dags/."""

from pathlib import Path
from typing import Any

from tests.dags.conftest import DAGS, NAMES, read_anew

from slipway.compile import compile_plan
from slipway.explain import markdown
from slipway.letter import Letter
from slipway.notices import PagerDuty
from slipway.plan import Moment, Plan
from slipway.plans_cli.loading import load
from slipway.prove import prove
from slipway.steps import SetFlag

LETTER: Any = {
    **{"plan": "p", "release_id": "r", "subject": "s"},
    **{"text": "t", "audience": "a", "facts": {}},
}
# Document 003 deploys to staging without slots; deploy_api tries the package there, and purge_cdn the purge.
NOT_ON_STAGING = {"personal_goals": {"deploy_to_green", "swap_slots", "purge_cdn_when_undone"}}


def test_there_are_plans() -> None:
    assert {"projection_calibration", "smart_personal_planner"} <= set(NAMES)


def test_a_plan_has_no_fault(made: dict[str, Any]) -> None:
    assert prove(compile_plan(made["plan"])) == []


def test_the_plan_verbs_can_read_a_plan(made: dict[str, Any]) -> None:
    assert load(DAGS / f"{made['plan'].name}.py").problems == ()


def test_a_file_makes_the_same_plan_and_graph_each_time(made: dict[str, Any]) -> None:
    again: Plan = read_anew(made["plan"].name)["plan"]
    assert compile_plan(again) == compile_plan(made["plan"])


def test_a_file_makes_the_same_dag_each_time(made: dict[str, Any]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    again = read_anew(made["plan"].name)["dag"]
    assert DagSerialization.to_dict(again) == DagSerialization.to_dict(made["dag"])


def test_the_dag_is_documented_by_its_plan(made: dict[str, Any]) -> None:
    plan, dag = made["plan"], made["dag"]
    assert dag.doc_md == markdown(compile_plan(plan))
    assert dag.dag_id == plan.name
    assert dag.dag_display_name == plan.title
    assert {"slipway", f"risk:{plan.risk}"} <= set(dag.tags)
    assert {task.owner for task in dag.tasks} == {plan.owner}


def test_every_task_has_a_title_and_every_branch_a_label(made: dict[str, Any]) -> None:
    dag = made["dag"]
    assert all(task.task_display_name for task in dag.tasks)
    for before, after in (
        ("start", "verdict"),
        ("verdict", "rollback.start"),
        ("verdict", "closeout.complete"),
    ):
        assert dag.get_edge_info(before, after)["label"]


def test_no_plan_names_a_password(made: dict[str, Any]) -> None:
    text = Path(DAGS / f"{made['plan'].name}.py").read_text().lower()
    text = text.replace('"password": "{journey_password}"', "")  # which the connection holds
    assert "password" not in text
    assert "secret=" not in text


def test_a_later_stage_never_turns_on_a_flag_that_somebody_turned_off(made: dict[str, Any]) -> None:
    for rollout in made["plan"].strategies:
        on: set[str] = set()
        for step in (step for stage in rollout.stages for step in stage.steps if step.sets_flag):
            flags = {value.flag for value in step.flags} if isinstance(step, SetFlag) else {step.flag}
            assert step.only_if_on or not flags & on, f"{rollout.strategy}: {step.title}"
            on |= flags


def test_the_steps_of_production_are_the_steps_tried_on_staging(made: dict[str, Any]) -> None:
    """Whatever changes production ran on staging before, under the same name."""
    plan = made["plan"]
    tried = {step.name for step in plan.on_staging}
    changing = {s.name for s in plan.on_production if not s.leaves_nothing or s.migrates or s.backs_up}
    assert changing - NOT_ON_STAGING.get(plan.name, set()) <= tried


def test_no_page_hides_another(made: dict[str, Any]) -> None:
    """PagerDuty rings once for a key: a second breach, or a failed rollback, has a key of its own."""
    plan: Plan = made["plan"]
    pages = [
        (Letter(**LETTER, notice=notice.name, occasion=occasion), channel)
        for notice in plan.notices
        for occasion in (("6 % > 5 %", "30 % > 10 %") if notice.moment is Moment.BREACH else ("",))
        for channel in notice.channels
        if isinstance(channel, PagerDuty)
    ]
    keys = [each.thread(channel.incident) for each, channel in pages]
    assert len(set(keys)) == len(keys)
