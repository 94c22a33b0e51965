"""What a rollback undoes: the scope of a procedure, and the outcome that follows. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from slipway.facts import Facts
from slipway.graph import WATCH_WHILE_ASKING, Kind, Node, ReleaseGraph
from slipway.kinds import Step
from slipway.verdict import Branch, Verdict, judged_with, rule_for
from slipway.words import Action


class Fate(StrEnum):
    """What becomes of one undo task."""

    UNDO = "undo"
    NOT_REACHED = "not reached"
    NOT_WANTED = "not wanted"
    KEPT = "kept"
    RESTORED = "covered by the restore"

    @property
    def passed_over(self) -> bool:
        """Whether the rollback has nothing to do with it."""
        return self in (Fate.NOT_REACHED, Fate.NOT_WANTED)


@dataclass(frozen=True, kw_only=True)
class Way:
    """What an undo task does, and why."""

    fate: Fate
    why: str


def way_of(graph: ReleaseGraph, facts: Facts, verdict: Verdict, node: Node) -> Way:
    """Say what an undo or restore task does in this rollback.

    A procedure goes back to a step, newest first: whatever ran after that step is undone too, because an
    older state under newer work has been tested by nobody.
    """
    if not facts.may_have_run(node.undoes):
        return Way(fate=Fate.NOT_REACHED, why=f"{node.undoes} was not reached.")
    if node.kind is Kind.RESTORE:
        return _way_of_restore(verdict)
    if (oldest := _oldest(graph, facts, verdict)) and _is_before(graph, node.undoes, oldest):
        return Way(fate=Fate.KEPT, why=f"The procedure goes back to {oldest} and no further.")
    if _covered_by_restore(graph, facts, verdict, node):
        return Way(fate=Fate.RESTORED, why="The backup that is restored brings the data back.")
    return Way(fate=Fate.UNDO, why=f"{node.undoes} ran.")


def kept(graph: ReleaseGraph, facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """Return the task ids of reversible steps that ran and that the procedure leaves as they are."""
    undos = graph.of_kind(Kind.UNDO)
    return tuple(n.undoes for n in undos if way_of(graph, facts, verdict, n).fate is Fate.KEPT)


def acts_unasked(action: Action) -> bool:
    """Say whether a breach is undone although a person is being asked: one that rolls back.

    To turn flags off is less than what silence does.
    """
    return action.rank >= Action.ROLL_BACK.rank


def overtaken(graph: ReleaseGraph, facts: Facts, asked: Verdict) -> Verdict:
    """Return what is undone after a question: what it named, and what the watch beside it saw to be needed.

    That watch fails by a breach that rolls back, or by a person's mark, which says nothing of how far. What
    the question would undo is undone in any case.
    """
    failed = facts.state(WATCH_WHILE_ASKING) == "failed"
    breaches = facts.breaches.get(WATCH_WHILE_ASKING, ()) if failed else ()
    seen = [each for each in breaches if acts_unasked(rule_for(graph.plan.matrix, each).action)]
    since = judged_with(graph, facts, seen) if seen else asked
    if since.branch is not Branch.ROLL_BACK:
        return asked
    order = [node.task_id for node in graph.production_steps()]

    def how_far(verdict: Verdict) -> int:
        oldest = _oldest(graph, facts, replace(verdict, action=since.action))
        return order.index(oldest) if oldest else -1

    return replace(since, procedure=min((since, asked), key=how_far).procedure)


def _way_of_restore(verdict: Verdict) -> Way:
    if verdict.action is Action.ROLL_BACK_AND_RESTORE:
        return Way(fate=Fate.UNDO, why="The decision matrix asks for the restore.")
    return Way(fate=Fate.NOT_WANTED, why=f'The action is "{verdict.action}": no restore.')


def _oldest(graph: ReleaseGraph, facts: Facts, verdict: Verdict) -> str:
    """Return the task id that the rollback goes back to, "" if it goes all the way.

    Of the others it is not asked whether they ran: for each that did not, an undo would ask Airflow twice.
    """
    steps = graph.production_steps()
    if verdict.action is Action.FLAGS_OFF:
        later = [node for node in steps if isinstance(node.item, Step) and node.item.sets_flag]
    elif back_to := next((p.back_to for p in graph.plan.procedures if p.name == verdict.procedure), ""):
        names = [node.item.name for node in steps if isinstance(node.item, Step)]
        later = list(steps[names.index(back_to) if back_to in names else 0 :])
    else:
        return ""
    return next((node.task_id for node in later if facts.may_have_run(node.task_id)), "")


def _is_before(graph: ReleaseGraph, one: str, other: str) -> bool:
    """Say whether a production step comes before another one."""
    order = [node.task_id for node in graph.production_steps()]
    return order.index(one) < order.index(other)


def _covered_by_restore(graph: ReleaseGraph, facts: Facts, verdict: Verdict, node: Node) -> bool:
    """Whether a restore brings back what this migrating step changed."""
    if verdict.action is not Action.ROLL_BACK_AND_RESTORE:
        return False
    if not (isinstance(node.item, Step) and node.item.migrates):
        return False
    backups = [n.undoes for n in graph.of_kind(Kind.RESTORE) if facts.may_have_run(n.undoes)]
    return any(_is_before(graph, backup, node.undoes) for backup in backups)
