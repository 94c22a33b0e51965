"""A wrong compile is caught: the graph of a sound plan, broken by hand."""

from dataclasses import replace

from tests.prove.plans import SOUND

from slipway.compile import compile_plan
from slipway.graph import Edge, Kind, ReleaseGraph, When
from slipway.prove import prove

GRAPH = compile_plan(SOUND)
BLAME = "This is not the plan's fault but compile's; report it with the plan."


def faults(graph: ReleaseGraph) -> list[str]:
    return [str(fault) for fault in prove(graph)]


def with_edges(*added: tuple[str, str], without: tuple[tuple[str, str], ...] = ()) -> ReleaseGraph:
    kept = [edge for edge in GRAPH.edges if (edge.before, edge.after) not in without]
    return replace(GRAPH, edges=(*kept, *(Edge(before=before, after=after) for before, after in added)))


def with_rule(task_id: str, when: When) -> ReleaseGraph:
    nodes = [replace(node, when=when) if node.task_id == task_id else node for node in GRAPH.nodes]
    return replace(GRAPH, nodes=tuple(nodes))


def test_a_way_around_the_gate_is_found() -> None:
    assert faults(with_edges(("validation.looks_well", "production.migrate")))[0] == (
        "production.migrate: production is reachable without the gate, by start > "
        "preflight.check_connections > "
        "preflight.reviewed > staging.back_up > staging.migrate > validation.looks_well > "
        "production.migrate. " + BLAME
    )


def test_production_that_hangs_on_nothing_is_found() -> None:
    cut = with_edges(without=(("gate.decision", "production.back_up"),))
    assert (
        "production.back_up: production is reachable without the gate, by production.back_up. " + BLAME
        in faults(cut)
    )


def test_production_that_hangs_on_a_gate_instead_of_the_decision_is_found() -> None:
    swapped = with_edges(
        ("gate.approve_as_product_owner", "production.back_up"),
        without=(("gate.decision", "production.back_up"),),
    )
    assert any("gate.approve_as_product_owner > production.back_up" in fault for fault in faults(swapped))


def test_a_production_task_that_runs_after_a_no_go_is_found() -> None:
    assert faults(with_rule("production.migrate", When.ALL_DONE)) == [
        'production.migrate: it would run after a failure or a NO-GO (its rule is "all_done"). ' + BLAME
    ]


def test_a_decision_that_waits_for_success_could_be_passed_by_marking() -> None:
    assert faults(with_rule("gate.decision", When.ONE_FAILED)) == [
        'gate.decision: the gate could pass by timeout: the decision\'s rule is "one_failed". ' + BLAME
    ]


def test_an_answer_that_the_decision_does_not_read_is_found() -> None:
    cut = with_edges(without=(("gate.approve_as_devops_lead", "gate.decision"),))
    assert faults(cut) == [
        "gate.approve_as_devops_lead: the gate could pass by timeout: the decision does not read its answer. "
        + BLAME
    ]


def test_a_check_that_the_gate_does_not_wait_for_is_found() -> None:
    gates = ("gate.approve_as_product_owner", "gate.approve_as_devops_lead")
    cut = with_edges(
        *(("staging.migrate", gate) for gate in gates),
        without=tuple(("validation.looks_well", gate) for gate in gates),
    )
    assert (
        "validation.looks_well: the gate could pass by timeout: the gate does not wait for it. " + BLAME
        in faults(cut)
    )


def test_a_production_task_that_the_verdict_does_not_judge_is_found() -> None:
    cut = with_edges(without=(("production.migrate", "verdict"),))
    assert faults(cut) == [
        "production.migrate: the verdict does not wait for it, so its failure would go unseen. " + BLAME
    ]


def test_an_undo_that_would_run_on_a_healthy_release_is_found() -> None:
    assert faults(with_rule("rollback.undo_migrate", When.NONE_SKIPPED)) == [
        'rollback.undo_migrate: it could run without a rollback: its rule is "none_skipped". ' + BLAME
    ]


def test_an_undo_that_does_not_hang_on_the_start_of_the_rollback_is_found() -> None:
    cut = with_edges(without=(("rollback.start", "rollback.undo_migrate"),))
    assert faults(cut) == [
        "rollback.undo_migrate: it could run without a rollback: it does not hang on rollback.start. " + BLAME
    ]


def test_an_undo_that_hangs_on_production_is_found() -> None:
    assert faults(with_edges(("production.migrate", "rollback.undo_migrate"))) == [
        'rollback.undo_migrate: it could run without a rollback: it hangs on "production.migrate". ' + BLAME
    ]


def test_a_rollback_that_starts_without_the_verdict_is_found() -> None:
    assert faults(with_edges(("production.migrate", "rollback.start"))) == [
        'rollback.start: it could run without a rollback: it starts after "production.migrate". ' + BLAME
    ]


def test_a_forgotten_undo_is_found() -> None:
    forgotten = "rollback.undo_migrate"
    graph = with_edges(("rollback.undo_new_baskets", "rollback.restore"))
    left = replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.task_id != forgotten),
        edges=tuple(edge for edge in graph.edges if forgotten not in (edge.before, edge.after)),
    )
    assert faults(left) == [
        "production.migrate: the rollback would leave it behind or out of order: it has no undo task. "
        + BLAME
    ]


def test_undos_in_the_order_of_the_steps_are_found() -> None:
    cut = with_edges(
        ("rollback.undo_new_baskets", "rollback.finish"),
        without=(("rollback.undo_new_baskets", "rollback.undo_migrate"),),
    )
    assert faults(cut) == [
        "production.migrate: the rollback would leave it behind or out of order: "
        "rollback.undo_migrate does not wait for rollback.undo_new_baskets. " + BLAME
    ]


def test_a_task_after_which_the_run_could_turn_green_is_found() -> None:
    assert faults(with_edges(without=(("closeout.report", "outcome"),))) == [
        "closeout.report: the outcome does not come after it, so the run could turn green without "
        "being released. " + BLAME
    ]


def test_an_edge_to_nowhere_is_found() -> None:
    assert faults(with_edges(("outcome", "nowhere"))) == [
        'edge outcome > nowhere: the edge leads to "nowhere", which is no task. ' + BLAME
    ]


def test_tasks_that_wait_for_each_other_are_found() -> None:
    assert "staging.migrate: it waits for itself. " + BLAME in faults(
        with_edges(("staging.migrate", "staging.back_up"))
    )


def test_a_graph_without_a_decision_is_found() -> None:
    nodes = tuple(node for node in GRAPH.nodes if node.kind is not Kind.DECISION)
    edges = tuple(edge for edge in GRAPH.edges if "gate.decision" not in (edge.before, edge.after))
    assert "gate.decision: the gate could pass by timeout: nothing reads the answers. " + BLAME in faults(
        ReleaseGraph(plan=SOUND, nodes=nodes, edges=edges)
    )
