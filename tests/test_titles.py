"""Tasks that a person has to tell apart are called differently."""

from dataclasses import replace

from tests import toy

from slipway.compile import compile_plan
from slipway.graph import Kind, ReleaseGraph
from slipway.plan import Rollout


def titles(graph: ReleaseGraph, *kinds: Kind) -> dict[str, str]:
    return {node.task_id: node.title for node in graph.of_kind(*kinds) if node.stage or node.undoes}


def compiled(*strategies: Rollout) -> ReleaseGraph:
    return compile_plan(toy.plan(strategies=strategies))


def everybody(strategy: str, name: str) -> Rollout:
    """A rollout of one stage called Everybody, with a check after it."""
    stage = replace(toy.stage(name, 100), title="Everybody", require=(toy.ToyCheck(name="looks_well"),))
    return Rollout(strategy=strategy, title=strategy, stages=(stage,))


def test_a_step_that_several_stages_have_says_its_stage_and_so_does_its_undo() -> None:
    graph = compiled(*toy.rollouts())
    assert titles(graph, Kind.STEP) == {
        "rollout.first.enable": "Enable (First)",
        "rollout.second.enable": "Enable (Second)",
        "rollout.all.enable": "Enable (All)",
    }
    assert list(titles(graph, Kind.UNDO).items())[:3] == [
        ("rollback.undo_all_enable", "Undo: Enable (All)"),
        ("rollback.undo_second_enable", "Undo: Enable (Second)"),
        ("rollback.undo_first_enable", "Undo: Enable (First)"),
    ]


def test_the_strategy_is_added_where_two_of_them_have_a_stage_of_the_same_title() -> None:
    graph = compiled(everybody("full", "all"), everybody("ab_test", "both"))
    assert titles(graph, Kind.STEP, Kind.WATCH, Kind.CHECK) == {
        "rollout.all.enable": "Enable (Everybody, full)",
        "rollout.all.soak": "Watch Everybody (full)",
        "rollout.all.looks_well": "Looks well (Everybody, full)",
        "rollout.both.enable": "Enable (Everybody, ab_test)",
        "rollout.both.soak": "Watch Everybody (ab_test)",
        "rollout.both.looks_well": "Looks well (Everybody, ab_test)",
    }


def test_a_title_that_stands_once_stays_as_the_plan_has_it() -> None:
    graph = compiled(everybody("full", "all"))
    assert titles(graph, Kind.STEP, Kind.WATCH, Kind.CHECK) == {
        "rollout.all.enable": "Enable",
        "rollout.all.soak": "Watch Everybody",
        "rollout.all.looks_well": "Looks well",
    }


def test_an_undo_says_the_stage_where_a_step_before_the_rollout_is_called_the_same() -> None:
    steps = (*toy.steps(), toy.ToyStep(name="enable_for_us", title="Enable", sets_flag=True))
    graph = compile_plan(toy.plan(on_production=steps, strategies=[everybody("full", "all")]))
    found = list(titles(graph, Kind.UNDO).values())[:2]
    assert found == ["Undo: Enable (Everybody)", "Undo: Enable"]
