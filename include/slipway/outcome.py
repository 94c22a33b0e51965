"""How a release ended. Pure; only RELEASED paints the run green (invariant I4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from slipway.facts import Facts, steps_that_ran, untouched
from slipway.graph import (
    ANSWER,
    COMPLETE,
    DECISION,
    HOLD,
    ROLLBACK_FINISH,
    ROLLBACK_START,
    Kind,
    ReleaseGraph,
)
from slipway.moments import Moment
from slipway.undoing import Fate, kept, way_of
from slipway.verdict import Verdict, beyond_their_limits, find_breaches, points_of_no_return
from slipway.words import Answer, GateAnswer, Intent, Outcome, Phase

HEALTHY = "Released and healthy."


class RollbackResult(StrEnum):
    """What the checks after a rollback say of the old version (document 003)."""

    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


def in_sentences(reasons: Iterable[str]) -> str:
    """Return reasons as one line of sentences, each with its end."""
    return " ".join(each if each.endswith((".", "!", "?")) else f"{each}." for each in reasons)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """An outcome with its reasons, the first of which says it in one sentence.

    :param in_part: held after a rollback that kept something, or passed a point of no return
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    in_part: bool = False

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What is told of this end."""
        told = Moment[self.outcome.name]
        return (told, Moment.ROLLED_BACK_IN_PART) if self.in_part else (told,)

    @property
    def cause(self) -> str:
        """What a notice says of why, to stand in a sentence: of a good rollback only what it was for."""
        went_well = self.outcome is Outcome.ROLLED_BACK
        return in_sentences(self.reasons[went_well:] or self.reasons).removesuffix(".")


def ending_of(graph: ReleaseGraph, facts: Facts, verdict: Verdict | None) -> Ending:
    """Say how the release ended, from what is proved and not from what is green."""
    why = verdict.reasons if verdict else ()
    if facts.reached(ROLLBACK_START) and not _refused(graph, facts):
        return _after_rollback(graph, facts, verdict)
    ran = steps_that_ran(graph, facts)
    if not ran or facts.intent is Intent.ROLL_BACK:
        return _before_production(facts, why)
    if facts.proved(COMPLETE) and not find_breaches(graph, facts):
        return Ending(outcome=Outcome.RELEASED, reasons=(_released(graph, facts), *why))
    if untouched(graph, facts):
        said = "Stopped before anything in production was changed."
        return Ending(outcome=Outcome.ABORTED, reasons=(said, *why))
    if facts.reached(HOLD) or facts.reached(ANSWER):
        return Ending(outcome=Outcome.HELD, reasons=("Held: a person fixes it forward.", *why))
    held = "Held: production was changed and no way out was taken. A person must decide."
    return Ending(outcome=Outcome.HELD, reasons=(held, *why))


def _released(graph: ReleaseGraph, facts: Facts) -> str:
    failed = beyond_their_limits(graph, facts)
    said = "; ".join(f"at the end of {task_id}, {', '.join(why)}" for task_id, why in failed.items())
    return f"Released, but not healthy: {said}." if failed else HEALTHY


def _refused(graph: ReleaseGraph, facts: Facts) -> bool:
    """Say whether a later rollback was refused before it touched anything."""
    undos = [node.task_id for node in graph.of_kind(Kind.UNDO, Kind.RESTORE)]
    later = facts.intent is Intent.ROLL_BACK
    return later and not facts.succeeded(ROLLBACK_START) and not any(facts.reached(each) for each in undos)


def rollback_result(graph: ReleaseGraph, facts: Facts) -> RollbackResult:
    """Return what the checks after the rollback found; no check at all is SUCCESS by the undos alone."""
    checks = [n.task_id for n in graph.of_phase(Phase.ROLLBACK) if n.kind is Kind.CHECK]
    passed = [c for c in checks if (facts.returned.get(c) or {}).get("answer") == Answer.PASS]
    if len(passed) == len(checks):
        return RollbackResult.SUCCESS
    return RollbackResult.PARTIAL if passed else RollbackResult.FAILED


def _unproved(graph: ReleaseGraph, facts: Facts, verdict: Verdict | None) -> list[str]:
    if verdict is None or not facts.proved(ROLLBACK_START):
        return [ROLLBACK_START]
    undos = graph.of_kind(Kind.UNDO, Kind.RESTORE)
    # What is left as it is skips itself.
    idle = {n.task_id for n in undos if way_of(graph, facts, verdict, n).fate is not Fate.UNDO}
    idle = {task_id for task_id in idle if facts.state(task_id) == "skipped"}
    tasks = [*(n.task_id for n in undos), ROLLBACK_FINISH]
    return [task_id for task_id in tasks if task_id not in idle and not facts.proved(task_id)]


def _before_production(facts: Facts, why: tuple[str, ...]) -> Ending:
    if facts.intent is Intent.ROLL_BACK:
        return Ending(outcome=Outcome.ABORTED, reasons=("The rollback did not start.", *why))
    decision = facts.returned.get(DECISION) or {}
    if decision.get("answer") == GateAnswer.NO_GO:
        return Ending(outcome=Outcome.REJECTED, reasons=("Rejected at the gate.", *why))
    return Ending(outcome=Outcome.ABORTED, reasons=("Stopped before production.", *why))


def _after_rollback(graph: ReleaseGraph, facts: Facts, verdict: Verdict | None) -> Ending:
    why = verdict.reasons if verdict else ()
    unproved = _unproved(graph, facts, verdict)
    result = rollback_result(graph, facts)
    if unproved or result is not RollbackResult.SUCCESS:
        said = f"Not undone: {', '.join(unproved)}." if unproved else f"Undone, but verified: {result}."
        return Ending(outcome=Outcome.ROLLBACK_FAILED, reasons=(f"The rollback failed. {said}", *why))
    assert verdict is not None
    if gone := points_of_no_return(steps_that_ran(graph, facts)):
        said = f"Rolled back, but held for a person; points of no return: {', '.join(gone)}."
        return Ending(outcome=Outcome.HELD, reasons=(said, *why), in_part=True)
    if left := kept(graph, facts, verdict):
        said = f"Rolled back in part and held for a person; kept: {', '.join(left)}."
        return Ending(outcome=Outcome.HELD, reasons=(said, *why), in_part=True)
    return Ending(outcome=Outcome.ROLLED_BACK, reasons=("Rolled back: every undo ended well.", *why))
