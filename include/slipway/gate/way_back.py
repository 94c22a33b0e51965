"""What a rollback would do, for whoever decides: at the gate, and at "fix forward or roll back?"."""

from collections.abc import Iterator

from slipway.facts import Facts
from slipway.graph import Kind, Node, ReleaseGraph
from slipway.kinds import Step, Undo
from slipway.plan import Plan
from slipway.undoing import Fate, way_of
from slipway.verdict import Verdict

NO_RETURN = {Undo.IMPOSSIBLE: "**cannot be undone**: "}


def way_back(graph: ReleaseGraph, strategy: str) -> list[str]:
    """Return lines of Markdown: every change of production newest first, as a rollback undoes it.

    What leaves nothing to undo shares the last line.

    :param strategy: the rollout whose stages are meant; those of all if the plan has none of this name
    """
    changes = [node for node in graph.production_steps() if _is_of(graph.plan, strategy, node)]
    restores = {node.undoes: node for node in graph.of_kind(Kind.RESTORE)}
    lines, harmless = [], []
    for node in reversed(changes):
        assert isinstance(node.item, Step)
        undoing = node.item.undoing()
        if undoing.undo is Undo.NOTHING:
            harmless.append(node.title)
        else:
            lines.append(f"- {node.title}: {NO_RETURN.get(undoing.undo, '')}{undoing.how or undoing.undo}")
        if node.task_id in restores:
            lines.append(_restore(graph.plan, restores[node.task_id]))
    return [*lines, *([f"- Nothing to undo: {'; '.join(harmless)}"] if harmless else [])]


def way_back_now(graph: ReleaseGraph, facts: Facts, verdict: Verdict) -> list[str]:
    """Return lines of Markdown: what a rollback now undoes of what ran, newest first, and what it leaves."""
    lines = []
    for node in graph.of_kind(Kind.UNDO, Kind.RESTORE):
        way = way_of(graph, facts, verdict, node)
        if way.fate is Fate.UNDO:
            how = node.item.undoing().how if node.kind is Kind.UNDO and isinstance(node.item, Step) else ""
            lines.append(f"- {node.title}" + (f": {how}" if how else ""))
        elif not way.fate.passed_over:
            lines.append(f"- {node.title}: **not undone**: {way.why}")
    return lines or ["- Nothing that ran leaves anything to undo."]


def _is_of(plan: Plan, strategy: str, node: Node) -> bool:
    chosen = [rollout for rollout in plan.strategies if rollout.strategy == strategy] or plan.strategies
    return not node.stage or node.stage in {stage.name for rollout in chosen for stage in rollout.stages}


def _restore(plan: Plan, node: Node) -> str:
    return f"- {node.title}: only in the procedure {' or '.join(_procedures(plan, node))}"


def _procedures(plan: Plan, node: Node) -> Iterator[str]:
    return (f'"{each.title}"' for each in plan.procedures if each.restore == node.item)
