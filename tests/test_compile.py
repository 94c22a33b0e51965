"""A plan compiles to the graph that the architecture draws."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests import toy

from slipway.airflow.build import closed_as, first_tasks
from slipway.compile import compile_plan, soak_of
from slipway.graph import Kind, ReleaseGraph, When
from slipway.kinds import Checklist, Step
from slipway.plan import Approval, Gate, Stage
from slipway.steps import TakeBaseline, WaitUntil
from slipway.watch.schedule import checkpoints
from slipway.watching import Missing, Watch
from slipway.words import Severity


def upstream(graph: ReleaseGraph, task_id: str) -> list[str]:
    return [edge.before for edge in graph.edges if edge.after == task_id]


def paths(graph: ReleaseGraph, start: str, end: str) -> Iterator[list[str]]:
    if start == end:
        yield [end]
        return
    for edge in graph.edges:
        if edge.before == start:
            for rest in paths(graph, edge.after, end):
                yield [start, *rest]


def test_the_tasks_stand_in_the_order_of_a_release() -> None:
    graph = compile_plan(toy.plan())
    assert [node.task_id for node in graph.nodes] == [
        "start",
        "preflight.check_connections",
        "preflight.reachable",
        "preflight.reviewed",
        "staging.back_up",
        "staging.migrate",
        "staging.deploy",
        "validation.staging_answers",
        "gate.go_no_go",
        "gate.decision",
        "production.back_up",
        "production.migrate",
        "production.deploy",
        "verification.answers",
        "watch.watch_production",
        "verdict",
        "ask",
        "answer",
        "watch_meanwhile",
        "close_the_question",
        "rollback.start",
        "rollback.undo_deploy",
        "rollback.undo_migrate",
        "rollback.restore_database",
        "rollback.verify_old_version_answers",
        "rollback.finish",
        "closeout.complete",
        "closeout.stop_short",
        "closeout.hold",
        "closeout.report",
        "outcome",
    ]


def test_production_is_watched_beside_forms_and_beside_the_question() -> None:
    forms = [
        Checklist(name="look", items=["Fine"], timeout=toy.HOUR),
        Checklist(name="try", items=["Works"], timeout=2 * toy.HOUR),
    ]
    plan = toy.plan(verify=[toy.ToyCheck(name="answers"), *forms], strategies=toy.rollouts())
    first = replace(plan.strategies[0].stages[0], require=[forms[0]])
    plan = replace(plan, strategies=[replace(plan.strategies[0], stages=[first])])
    graph = compile_plan(plan)
    found = {node.task_id: node for node in graph.nodes if node.beside}
    guard, soak = found["verification.watch_meanwhile"], found["rollout.first.watch_meanwhile"]
    assert (guard.kind, guard.beside) == (Kind.WATCH, ("verification.look", "verification.try"))
    assert isinstance(guard.item, Watch)
    assert guard.item.length == 2 * toy.HOUR + 5 * toy.MINUTE
    assert guard.item.thresholds == plan.watch.thresholds
    assert upstream(graph, guard.task_id) == upstream(graph, "verification.look") == ["verification.answers"]
    assert guard.task_id in upstream(graph, "rollout.strategy")
    closes = found["verification.close_the_forms"]
    assert (closes.when, closes.beside) == (When.ONE_FAILED, (guard.task_id, *guard.beside))
    assert upstream(graph, closes.task_id) == [*guard.beside, guard.task_id]
    assert soak.beside == ("rollout.first.look",)
    assert upstream(graph, soak.task_id) == ["rollout.first.soak"]
    assert found["watch_meanwhile"].beside == ("ask",)
    assert upstream(graph, "close_the_question") == ["watch_meanwhile"]
    # A rollback does not wait for what closes questions, only the report does.
    closers = {node.task_id for node in graph.of_kind(Kind.CLOSE_THE_OTHERS)}
    assert len(closers) == 3
    assert closers.isdisjoint(upstream(graph, "verdict"))
    assert closers < set(upstream(graph, "closeout.report"))


WAIT = WaitUntil(name="wait_for_ten", at=time(10), timezone=ZoneInfo("UTC"), day=1)
MEASURE = TakeBaseline(name="measure", metrics=toy.plan().watch.metrics)


def watched(graph: ReleaseGraph) -> list[str]:
    """Return the waits that are watched."""
    waits = {node.task_id for node in graph.production_steps() if isinstance(node.item, WaitUntil)}
    return [n.beside[0] for n in graph.of_kind(Kind.WATCH) if waits.intersection(n.beside)]


def test_production_is_watched_while_a_release_waits_once_it_was_changed() -> None:
    first, second = toy.rollouts()[0].stages
    limit = replace(toy.plan().watch.thresholds[0], above=1)
    stages = [replace(first, steps=[WAIT, *first.steps], thresholds=[limit]), replace(second, steps=[WAIT])]
    rollout = replace(toy.rollouts()[0], stages=stages)
    noon = replace(WAIT, name="wait_for_noon")
    plan = toy.plan(on_production=[WAIT, *toy.steps(), noon], strategies=[rollout])
    graph = compile_plan(plan)
    starts = [f"rollout.{stage.name}.wait_for_ten" for stage in stages]
    assert watched(graph) == ["production.wait_for_noon", *starts]
    guard = graph.node("production.wait_for_noon_watch_meanwhile")
    assert isinstance(guard.item, Watch)
    assert guard.item.length == timedelta(days=2, minutes=5)
    assert guard.task_id in upstream(graph, "verification.answers")
    stops = graph.node("production.wait_for_noon_stop_on_breach")
    assert (stops.when, stops.beside) == (When.ONE_FAILED, (guard.task_id, *guard.beside))
    assert (stops.title, closed_as(stops)) == ("Stop waiting after a breach: Wait for noon", "skipped")
    assert upstream(graph, stops.task_id) == [*guard.beside, guard.task_id]
    # A rollout that begins with a wait begins with its watch, too.
    assert first_tasks(graph) == {rollout.strategy: [starts[0], f"{starts[0]}_watch_meanwhile"]}
    # While it waits to begin a stage, production is held to the limits of what is there.
    limits = [graph.node(f"{start}_watch_meanwhile").item.thresholds for start in starts]
    assert [limit in each for each in limits] == [False, True]


def test_a_wait_that_is_down_on_purpose_is_not_watched() -> None:
    assert watched(compile_plan(toy.plan(on_production=[*toy.steps(), replace(WAIT, watched=False)]))) == []


@pytest.mark.parametrize(
    ("steps", "is_watched"),
    [
        ([*toy.steps(), WAIT], True),
        ([toy.steps()[0], WAIT, *toy.steps()[1:]], False),  # a backup changes nothing
        ([toy.steps()[1], WAIT, MEASURE], False),  # there is nothing yet to hold it against
        ([toy.steps()[1], MEASURE, WAIT], True),
        ([MEASURE, WAIT, *toy.steps()], False),
    ],
)
def test_a_wait_is_watched_after_a_change_and_the_baseline(steps: list[Step], is_watched: bool) -> None:
    assert bool(watched(compile_plan(toy.plan(on_production=steps)))) is is_watched


def test_what_another_strategy_changes_makes_no_wait_watched() -> None:
    gradual, full = toy.rollouts()
    waits = replace(gradual, stages=[replace(gradual.stages[0], steps=[WAIT])])
    for strategies in ([waits, full], [full, waits]):
        assert watched(compile_plan(toy.plan(on_production=[toy.steps()[0]], strategies=strategies))) == []


def test_a_baseline_within_a_rollout_counts_too() -> None:
    gradual = toy.rollouts()[0]
    first, second = gradual.stages
    stages = [replace(first, steps=[*first.steps, WAIT]), replace(second, steps=[MEASURE, WAIT])]
    graph = compile_plan(toy.plan(strategies=[replace(gradual, stages=stages)]))
    assert watched(graph) == ["rollout.second.wait_for_ten"]


def test_nothing_is_watched_beside_the_forms_before_production() -> None:
    graph = compile_plan(toy.plan())
    assert [node.task_id for node in graph.of_kind(Kind.WATCH) if node.beside] == ["watch_meanwhile"]


def test_a_plan_compiles_to_the_same_graph_every_time() -> None:
    assert compile_plan(toy.plan(strategies=toy.rollouts())) == compile_plan(
        toy.plan(strategies=toy.rollouts())
    )


def test_people_are_asked_after_what_a_look_can_refuse() -> None:
    graph = compile_plan(toy.plan())
    assert upstream(graph, "preflight.reviewed") == ["preflight.reachable"]


def test_every_way_to_a_production_step_passes_the_decision() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    for step in graph.production_steps():
        for path in paths(graph, "start", step.task_id):
            assert "gate.decision" in path


def test_every_undo_hangs_on_the_start_of_the_rollback() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    undos = graph.of_kind(Kind.UNDO, Kind.RESTORE)
    assert len(undos) == 6
    for node in undos:
        assert "rollback.start" in upstream(graph, node.task_id)
        assert node.when is When.STARTED_AND_NONE_FAILED


def test_the_undo_runs_newest_first_and_a_restore_stands_in_its_backups_place() -> None:
    graph = compile_plan(toy.plan())
    assert upstream(graph, "rollback.undo_deploy") == ["rollback.start"]
    assert upstream(graph, "rollback.undo_migrate") == ["rollback.start", "rollback.undo_deploy"]
    assert upstream(graph, "rollback.restore_database") == ["rollback.start", "rollback.undo_migrate"]
    assert graph.node("rollback.restore_database").undoes == "production.back_up"


def test_the_outcome_is_the_only_leaf() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    befores = {edge.before for edge in graph.edges}
    assert [node.task_id for node in graph.nodes if node.task_id not in befores] == ["outcome"]


def test_several_approvals_are_several_tasks_and_the_first_no_go_closes_the_others() -> None:
    roles = [Approval(role="Product owner", people=("po",)), Approval(role="DevOps lead", people=("dl",))]
    gate = Gate(question="Go?", approvals=roles, criteria=(), timeout=toy.HOUR)
    graph = compile_plan(toy.plan(gate=gate))
    gates = ["gate.approve_as_product_owner", "gate.approve_as_devops_lead"]
    assert upstream(graph, "gate.close_the_others") == gates
    assert graph.node("gate.close_the_others").when is When.ONE_FAILED
    assert upstream(graph, "gate.decision") == [*gates, "gate.close_the_others"]


def test_a_stage_may_say_anew_what_no_data_means_for_a_limit_of_the_watch() -> None:
    plan = toy.plan()
    limit = plan.watch.thresholds[0]
    again, own = replace(limit, missing=Missing.NOT_JUDGED), replace(limit, severity=Severity.LOW, above=99)
    stage = Stage(
        name="first",
        title="First",
        exposure=1,
        steps=[],
        soak=toy.HOUR,
        every=toy.MINUTE,
        thresholds=[again, own],
    )
    assert soak_of(plan, stage).thresholds == (*plan.watch.thresholds[1:], again, own)


def test_what_people_look_at_in_a_stage_is_shown_by_its_soak() -> None:
    plan = toy.plan(strategies=toy.rollouts())
    stage = replace(plan.strategies[0].stages[0], look_at=["User feedback"])
    first, *_ = checkpoints(soak_of(plan, stage))
    assert (first.first_of_part, first.look_at) == (True, ("User feedback",))


def test_each_strategy_is_a_labelled_branch_of_stages_each_watched() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    labels = {
        edge.label: edge.after for edge in graph.edges if edge.before == "rollout.strategy" and edge.label
    }
    assert labels == {"gradual": "rollout.first.enable", "full": "rollout.all.enable"}
    assert upstream(graph, "rollout.first.soak") == ["rollout.first.enable"]
    assert upstream(graph, "rollout.second.enable") == ["rollout.first.soak"]
    assert upstream(graph, "watch.watch_production") == ["rollout.second.soak", "rollout.all.soak"]


def test_a_stage_is_watched_as_the_plan_is_but_for_its_limits_and_times() -> None:
    plan = toy.plan(strategies=toy.rollouts())
    plan = replace(plan, watch=replace(plan.watch, on_quiet=Severity.HIGH, consecutive_errors=9))
    for stage in (stage for rollout in plan.strategies for stage in rollout.stages):
        watch = soak_of(plan, stage)
        assert (watch.on_quiet, watch.consecutive_errors) == (Severity.HIGH, 9)
    assert plan.strategies
