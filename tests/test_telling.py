"""Where the notices of a plan stand in its graph."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from tests import toy

from slipway.compile import compile_plan
from slipway.graph import (
    CHECK_CONNECTIONS,
    COMPLETE,
    DECISION,
    HOLD,
    REPORT,
    ROLLBACK_FINISH,
    ROLLBACK_START,
    STOP_SHORT,
    TELLING,
    VERDICT,
    Kind,
    ReleaseGraph,
    When,
)
from slipway.moments import Day, Moment, Opened
from slipway.notices import Slack
from slipway.plan import Notice
from slipway.steps import WaitUntil


def notice(moment: Moment | Day | Opened, name: str = "") -> Notice:
    return Notice(
        name=name or str(moment).replace(" ", "_"),
        moment=moment,
        audience="the team",
        channels=[Slack(connection="team_chat", channel="#releases")],
        subject="{title}",
        text="{version}",
    )


def graph_of(*notices: Notice) -> ReleaseGraph:
    return compile_plan(replace(toy.plan(), notices=notices))


def upstream(graph: ReleaseGraph, task_id: str) -> list[str]:
    return [edge.before for edge in graph.edges if edge.after == task_id]


def test_a_group_hears_when_the_last_step_of_its_stage_is_done() -> None:
    plan = toy.plan(strategies=toy.rollouts())
    stage = next(stage for rollout in plan.strategies for stage in rollout.stages if stage.steps)
    graph = compile_plan(replace(plan, notices=[notice(Opened(stage.name))]))
    told = f"notices.tell_that_{stage.name}_is_open"
    assert upstream(graph, told) == [f"rollout.{stage.name}.{stage.steps[-1].name}"]
    assert graph.node(told).kind is Kind.TELL
    waiting = [edge.after for edge in graph.edges if edge.before == told]
    assert [graph.node(task_id).kind for task_id in waiting] == [Kind.REPORT]  # the release does not wait


ENDINGS = [COMPLETE, STOP_SHORT, HOLD, ROLLBACK_FINISH]


@pytest.mark.parametrize(
    ("moment", "task", "after"),
    [
        (Day(-3), "tell_3_days_before", [CHECK_CONNECTIONS]),
        (Moment.AT_START, "tell_of_the_start", [CHECK_CONNECTIONS]),
        (Moment.BEFORE_PRODUCTION, "tell_of_production", [DECISION]),
        (Moment.PRODUCTION_STARTED, "tell_of_production", [DECISION]),
        (Moment.BREACH, "tell_of_the_breach", [VERDICT]),
        (Moment.ROLLBACK_STARTED, "tell_of_the_rollback", [ROLLBACK_START]),
        (Moment.RELEASED, "tell_the_outcome", ENDINGS),
        (Moment.ROLLBACK_FAILED, "tell_the_outcome", ENDINGS),
    ],
)
def test_each_moment_follows_what_makes_it(moment: Moment | Day, task: str, after: list[str]) -> None:
    graph = graph_of(notice(moment))
    assert upstream(graph, f"notices.{task}") == after


def test_a_maintenance_is_told_on_the_day_that_production_waits_for() -> None:
    wait = WaitUntil(name="wait_for_the_morning", at=time(8), timezone=ZoneInfo("Asia/Seoul"), day=1)
    plan = toy.plan(on_production=(wait, *toy.steps()))
    graph = compile_plan(replace(plan, notices=[notice(Moment.BEFORE_PRODUCTION)]))
    assert upstream(graph, "notices.tell_of_production") == ["production.wait_for_the_morning"]


def test_a_day_is_counted_from_a_verified_production() -> None:
    graph = graph_of(notice(Day(7)))
    gate = compile_plan(toy.plan())
    first_after = [edge.before for edge in gate.edges if edge.after == "watch.watch_production"]
    assert upstream(graph, "notices.tell_on_day_7") == first_after


def test_the_gate_is_reminded_of_while_it_waits() -> None:
    graph = graph_of(notice(Moment.GATE_REMINDER), notice(Moment.GATE_ESCALATION))
    [gate] = graph.of_kind(Kind.GATE)
    assert upstream(graph, "notices.remind_approvers") == upstream(graph, gate.task_id)


def test_notices_of_one_moment_are_one_task() -> None:
    graph = graph_of(notice(Moment.RELEASED, "to_users"), notice(Moment.ROLLED_BACK, "to_support"))
    [told] = graph.of_kind(*TELLING)
    assert [each.name for each in told.notices] == ["to_users", "to_support"]
    assert told.when is When.ALL_DONE


def test_nothing_but_the_report_waits_for_a_notice() -> None:
    graph = graph_of(*(notice(moment) for moment in Moment), notice(Day(-1)), notice(Day(0)), notice(Day(30)))
    told = {node.task_id for node in graph.of_kind(*TELLING)}
    assert len(told) == 9
    assert {edge.after for edge in graph.edges if edge.before in told} == {REPORT}


def test_a_plan_without_notices_has_no_task_for_them() -> None:
    assert graph_of().of_kind(*TELLING) == ()
