"""Faults of the graph itself: what compile must never make, proven on every plan all the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from slipway.errors import Fault
from slipway.graph import (
    ANSWER,
    DECISION,
    OUTCOME,
    ROLLBACK_START,
    VERDICT,
    Kind,
    Node,
    ReleaseGraph,
    When,
)
from slipway.kinds import Step, Undo
from slipway.prove.wording import listed
from slipway.words import Phase

_COMPILER = "This is not the plan's fault but compile's; report it with the plan"
_FORWARD = (Phase.PRODUCTION, Phase.VERIFICATION, Phase.ROLLOUT, Phase.WATCH)


@dataclass(frozen=True)
class _ShapeFault(Fault):
    @property
    def mend(self) -> str:
        return _COMPILER


@dataclass(frozen=True)
class DanglingEdge(_ShapeFault):
    """An edge from or to a task that does not exist."""

    missing: str

    @property
    def what(self) -> str:
        return f'the edge leads to "{self.missing}", which is no task'


@dataclass(frozen=True)
class CircularOrder(_ShapeFault):
    """Tasks that wait for each other."""

    @property
    def what(self) -> str:
        return "it waits for itself"


@dataclass(frozen=True)
class ReachableWithoutGate(_ShapeFault):
    """A production task that could run without the decision."""

    path: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"production is reachable without the gate, by {' > '.join(self.path)}"


@dataclass(frozen=True)
class PassesByTimeout(_ShapeFault):
    """A gate whose missing answer would not be a NO-GO."""

    reason: str

    @property
    def what(self) -> str:
        return f"the gate could pass by timeout: {self.reason}"


@dataclass(frozen=True)
class RunsAfterFailure(_ShapeFault):
    """A production task that would run although something before it did not succeed."""

    when: When

    @property
    def what(self) -> str:
        return f'it would run after a failure or a NO-GO (its rule is "{self.when}")'


@dataclass(frozen=True)
class NotJudged(_ShapeFault):
    """A production task whose failure the verdict would not see."""

    @property
    def what(self) -> str:
        return "the verdict does not wait for it, so its failure would go unseen"


@dataclass(frozen=True)
class UndoNotHeldBack(_ShapeFault):
    """An undo that could run on a healthy release."""

    reason: str

    @property
    def what(self) -> str:
        return f"it could run without a rollback: {self.reason}"


@dataclass(frozen=True)
class UndoNotInGraph(_ShapeFault):
    """A reversible production step that the rollback forgets, or undoes in the wrong order."""

    reason: str

    @property
    def what(self) -> str:
        return f"the rollback would leave it behind or out of order: {self.reason}"


@dataclass(frozen=True)
class OutcomeNotLast(_ShapeFault):
    """A task after which the run could turn green without the outcome having a say."""

    @property
    def what(self) -> str:
        return "the outcome does not come after it, so the run could turn green without being released"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the graph's shape."""
    known = {node.task_id for node in graph.nodes}
    dangling = [
        DanglingEdge(f"edge {edge.before} > {edge.after}", end)
        for edge in graph.edges
        for end in (edge.before, edge.after)
        if end not in known
    ]
    yield from dangling
    if dangling:
        return
    yield from _circles(graph)
    yield from _gate(graph)
    yield from _production(graph)
    yield from _rollback(graph)
    yield from _leaves(graph)


def _paths(
    after: Mapping[str, Sequence[str]], starts: Sequence[str], without: str = ""
) -> dict[str, tuple[str, ...]]:
    """Return a path to every task that can be reached without passing a given one."""
    found: dict[str, tuple[str, ...]] = {start: (start,) for start in starts if start != without}
    waiting = list(found)
    for task_id in waiting:
        for reached in after[task_id]:
            if reached not in found and reached != without:
                found[reached] = (*found[task_id], reached)
                waiting.append(reached)
    return found


def _circles(graph: ReleaseGraph) -> Iterator[Fault]:
    after = graph.after()
    try:
        TopologicalSorter(after).prepare()
    except CycleError:  # it names one circle; a person wants all who wait for themselves
        for node in graph.nodes:
            if node.task_id in _paths(after, after[node.task_id]):
                yield CircularOrder(node.task_id)


def _forward(graph: ReleaseGraph) -> list[Node]:
    return list(graph.of_phase(*_FORWARD))


def _gate(graph: ReleaseGraph) -> Iterator[Fault]:
    before = graph.before()
    roots = [node.task_id for node in graph.nodes if not before[node.task_id]]
    free = _paths(graph.after(), roots, without=DECISION)
    for node in _forward(graph):
        if node.task_id in free:
            yield ReachableWithoutGate(node.task_id, free[node.task_id])
    decisions = graph.of_kind(Kind.DECISION)
    if not decisions:
        yield PassesByTimeout(DECISION, "nothing reads the answers")
    for decision in decisions:
        if decision.when is not When.ALL_DONE:
            yield PassesByTimeout(decision.task_id, f'the decision\'s rule is "{decision.when}"')
    judged = before[DECISION]
    for gate in graph.of_kind(Kind.GATE):
        if gate.task_id not in judged:
            yield PassesByTimeout(gate.task_id, "the decision does not read its answer")
    yield from _unasked(graph)


def _unasked(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield checks and steps before production that the gate does not wait for."""
    earlier = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION)
    awaited = _paths(graph.before(), [DECISION])
    for node in graph.of_phase(*earlier):
        if node.task_id not in awaited:
            yield PassesByTimeout(node.task_id, "the gate does not wait for it")


def _production(graph: ReleaseGraph) -> Iterator[Fault]:
    judged = graph.before()[VERDICT]
    for node in _forward(graph):
        # Where strategies end, all but one are skipped; the watch that joins them starts when one succeeded.
        joins = node.kind is Kind.WATCH and node.when is When.STARTED_AND_NONE_FAILED
        closes = node.kind is Kind.CLOSE_THE_OTHERS  # it touches nothing but forms
        if node.when is not When.ALL_SUCCEEDED and not joins and not closes:
            yield RunsAfterFailure(node.task_id, node.when)
        if node.task_id not in judged and not closes:
            yield NotJudged(node.task_id)


def _rollback(graph: ReleaseGraph) -> Iterator[Fault]:
    backwards = graph.of_kind(Kind.UNDO, Kind.RESTORE)
    all_before = graph.before()
    allowed = {ROLLBACK_START, *(node.task_id for node in backwards)}
    others = sorted(set(all_before[ROLLBACK_START]) - {VERDICT, ANSWER})
    if others:
        yield UndoNotHeldBack(ROLLBACK_START, f"it starts after {listed(others)}")
    for node in backwards:
        before = all_before[node.task_id]
        if ROLLBACK_START not in before:
            yield UndoNotHeldBack(node.task_id, f"it does not hang on {ROLLBACK_START}")
        if strangers := [each for each in before if each not in allowed]:
            yield UndoNotHeldBack(node.task_id, f"it hangs on {listed(strangers)}")
        if node.when is not When.STARTED_AND_NONE_FAILED:
            yield UndoNotHeldBack(node.task_id, f'its rule is "{node.when}"')
    yield from _undo_order(graph)


def _undo_order(graph: ReleaseGraph) -> Iterator[Fault]:
    undone = {node.undoes: node.task_id for node in graph.of_kind(Kind.UNDO)}
    after = graph.after()
    newer = ""
    for node in reversed(graph.production_steps()):
        if not isinstance(node.item, Step) or node.item.undoing().undo is not Undo.REVERSIBLE:
            continue
        mine = undone.get(node.task_id)
        if mine is None:
            yield UndoNotInGraph(node.task_id, "it has no undo task")
            continue
        if newer and mine not in _paths(after, [newer]):
            yield UndoNotInGraph(node.task_id, f"{mine} does not wait for {newer}")
        newer = mine


def _leaves(graph: ReleaseGraph) -> Iterator[Fault]:
    for task_id, after in graph.after().items():
        if not after and task_id != OUTCOME:
            yield OutcomeNotLast(task_id)
