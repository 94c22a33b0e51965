"""The verdict: what the release did so far and what follows. Pure; Airflow only carries it out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from slipway.facts import Breach, Facts, expected, proofs_before, steps_that_ran, untouched
from slipway.graph import DECISION, START, STRATEGY, Kind, Node, ReleaseGraph
from slipway.kinds import Check, Checklist, Step, Undo
from slipway.plan import DecisionMatrix, Rule
from slipway.run import Json
from slipway.spans import length
from slipway.steps.run_check import RunCheck
from slipway.words import Action, Answer, Intent, Severity


class Branch(StrEnum):
    """The way out of the verdict; the labels of its edges."""

    COMPLETE = "healthy"
    ASK = "ask"
    ROLL_BACK = "roll back"
    STOP_SHORT = "stopped short"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What follows, and why.

    :param action: the strongest action that the breaches ask for
    :param procedure: the rollback procedure, "" undoes everything
    :param within: how long a person has to answer if asked
    :param reasons: one line each, the worst first
    :param no_return: task ids of points of no return that have been passed
    """

    branch: Branch
    action: Action = Action.CONTINUE
    procedure: str = ""
    within: timedelta = timedelta(0)
    reasons: tuple[str, ...] = ()
    no_return: tuple[str, ...] = ()

    @property
    def follows(self) -> str:
        """What the release does about its breaches, for people; "" where there are none."""
        if self.branch is Branch.ROLL_BACK:
            return "It is being rolled back."
        if self.branch is Branch.ASK:
            return f"A person is asked; without an answer within {length(self.within)} it is rolled back."
        return ""

    def to_json(self) -> dict[str, Json]:
        """Return the verdict as a JSON object."""
        return {
            "branch": str(self.branch),
            "action": str(self.action),
            "procedure": self.procedure,
            "within_seconds": self.within.total_seconds(),
            "reasons": list(self.reasons),
            "no_return": list(self.no_return),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Verdict":
        """Read back what `to_json` wrote."""
        return cls(
            branch=Branch(value["branch"]),
            action=Action(value["action"]),
            procedure=value["procedure"],
            within=timedelta(seconds=value["within_seconds"]),
            reasons=tuple(value["reasons"]),
            no_return=tuple(value["no_return"]),
        )


def judge(graph: ReleaseGraph, facts: Facts) -> Verdict:
    """Say what follows from what has happened.

    Nothing was changed in production: stop short. Something was and anything is not proved healthy: the
    strongest action of the decision matrix, at the least a question to a person. A rollback over a point of
    no return becomes a question (invariant I10). A watch that went to its end although a limit was crossed
    is none of that: the matrix only wants people told, and the outcome names the limit.
    """
    if facts.intent is Intent.ROLL_BACK and facts.state(START) == "failed":
        return Verdict(branch=Branch.STOP_SHORT, reasons=(f"{START} failed: nothing is rolled back.",))
    if facts.intent is Intent.ROLL_BACK:
        return Verdict(
            branch=Branch.ROLL_BACK,
            action=_action_of(graph, facts.procedure),
            procedure=facts.procedure,
            reasons=("A person asked for the rollback of a finished release.",),
        )
    ran = steps_that_ran(graph, facts)
    if not ran:
        return Verdict(branch=Branch.STOP_SHORT, reasons=_why_short(graph, facts))
    breaches = find_breaches(graph, facts)
    if not breaches:
        return Verdict(branch=Branch.COMPLETE, reasons=_notes(graph, facts))
    if untouched(graph, facts):
        return Verdict(branch=Branch.STOP_SHORT, reasons=tuple(breach.reason for breach in breaches))
    return _after(graph, facts, breaches, ran)


def judged_with(graph: ReleaseGraph, facts: Facts, seen: Iterable[Breach]) -> Verdict:
    """Return the verdict on a release of which more is known by now."""
    breaches = _worst_first([*seen, *find_breaches(graph, facts)])
    return _after(graph, facts, breaches, steps_that_ran(graph, facts))


def find_breaches(graph: ReleaseGraph, facts: Facts) -> list[Breach]:
    """Return what keeps a release that reached production from being healthy, the worst first."""
    nodes = expected(graph, facts)
    found = [breach for node in nodes for breach in _breaches_of(graph, node, facts)]
    if facts.succeeded(STRATEGY) and not facts.proved(STRATEGY):  # then every strategy ran
        reason = f"{STRATEGY} was marked success by hand: nothing says which strategy was meant."
        found.append(Breach(severity=Severity.HIGH, reason=reason, least=Action.ROLL_BACK))
    if not found:  # a task is not reached because another one failed; if none did, health is not proved
        missed = [node.task_id for node in nodes if not facts.reached(node.task_id)]
        found = [
            Breach(
                severity=Severity.HIGH,
                reason=f"{task_id} did not run: health is not proved.",
                least=Action.ROLL_BACK,
            )
            for task_id in missed
        ]
    return _worst_first(found)


def _worst_first(breaches: Iterable[Breach]) -> list[Breach]:
    return sorted(breaches, key=lambda breach: -list(Severity).index(breach.severity))


def _after(graph: ReleaseGraph, facts: Facts, breaches: list[Breach], ran: tuple[Node, ...]) -> Verdict:
    rules = [rule_for(graph.plan.matrix, breach) for breach in breaches]
    rule = max(rules, key=lambda rule: rule.action.rank)
    reasons = tuple(breach.reason for breach in breaches)
    if too_old := _too_old_to_restore(graph, facts, rule):
        rule = _without_restore(graph.plan.matrix)
        reasons += (too_old,)
    action = max([rule.action, *(breach.least for breach in breaches)], key=lambda action: action.rank)
    if action is Action.FLAGS_OFF and not any(isinstance(n.item, Step) and n.item.sets_flag for n in ran):
        action = Action.ASK  # there is no flag to turn off yet
    no_return = points_of_no_return(ran)
    return Verdict(
        # What would be undone, and whether data is restored, stays the same when a person is asked first.
        branch=Branch.ROLL_BACK if action.undoes and not no_return else Branch.ASK,
        action=action,
        procedure=rule.procedure,
        within=rule.within,
        reasons=reasons,
        no_return=no_return,
    )


def rule_for(matrix: DecisionMatrix, breach: Breach) -> Rule:
    """Return the row that a breach asks for; a row that restores only rolls back where none may."""
    rule = matrix.rule_for(breach.severity, breach.scenario)
    if rule.action is not Action.ROLL_BACK_AND_RESTORE or breach.restores:
        return rule
    return _without_restore(matrix, breach.scenario)


def _without_restore(matrix: DecisionMatrix, scenario: str = "") -> Rule:
    """Return what stands in for a row that restores: a rollback, as far as HIGH goes."""
    return replace(matrix.rule_for(Severity.HIGH, scenario), action=Action.ROLL_BACK)


def _too_old_to_restore(graph: ReleaseGraph, facts: Facts, rule: Rule) -> str:
    """Say why a restore that the matrix asks for is left to a person, "" if it is not."""
    if rule.action is not Action.ROLL_BACK_AND_RESTORE or facts.backup_age is None:
        return ""
    limits = [each.restore_within for each in graph.plan.procedures if each.name == rule.procedure]
    if facts.backup_age <= max(limits, default=timedelta.max):
        return ""
    return (
        f"The backup is {length(facts.backup_age)} old: what was written since would be lost, so that is not "
        "restored without a person (docs/operating.md, Restore by hand)."
    )


def _breaches_of(graph: ReleaseGraph, node: Node, facts: Facts) -> list[Breach]:
    state = facts.state(node.task_id)
    if not facts.reached(node.task_id):
        return []
    if node.kind is Kind.WATCH:
        return _breaches_of_watch(node, facts, state)
    if facts.proved(node.task_id):
        return _breaches_of_finding(node, facts)
    assert isinstance(node.item, Step | Check | Checklist)
    if state != "success":
        finding = facts.returned.get(node.task_id) or {}
        failed = finding.get("answer") == Answer.FAIL
        marked = node.task_id in facts.marked and not failed
        found = "A person marked it so." if marked else finding.get("summary", "")
        said = found or facts.failures.get(node.task_id, "")
        reason = f"{node.task_id} {state}. {said}".strip()
        if isinstance(node.item, Step):
            return [_failed_step(graph, node, facts, reason)]
        return [_failed_look(node.item, reason, failed, marked)]
    if node.kind is Kind.CHECKLIST:
        return []  # marking is how a person says "done" without the form
    reason = f"{node.task_id} was marked success by hand: nothing proves that it is so."
    return [_failure(node.item, reason, seen=False)]


def _failed_look(item: Check | Checklist, reason: str, failed: bool, marked: bool) -> Breach:
    """Return the breach of a check or checklist that failed.

    One that broke or was killed has seen nothing. Who marks a checklist failed has seen what it asks; who
    marks a check failed says that it fails, and not that data is damaged.
    """
    if marked and isinstance(item, Check):
        breach = _failure(item, reason, seen=False)
        return replace(breach, severity=_at_most_high(item))
    return _failure(item, reason, seen=failed or marked)


def _failed_step(graph: ReleaseGraph, node: Node, facts: Facts, reason: str) -> Breach:
    """Return the breach of a step that failed; unless it saw damage, no data is restored for it.

    Its scenario says where the release stood, and that is not known of a step that was refused because
    nothing proves what comes before it, nor of a check that could not look.
    """
    item = node.item
    assert isinstance(item, Step)
    saw = node.task_id in facts.damage
    stood = saw or not isinstance(item, RunCheck)
    if not (stood and all(facts.proved(each.task_id) for each in proofs_before(graph, node))):
        return _failure(item, reason, seen=False)
    return Breach(severity=item.on_failure, reason=reason, scenario=item.scenario, restores=saw)


def _failure(item: Step | Check | Checklist, reason: str, *, seen: bool) -> Breach:
    # Where nothing says that the data is damaged, nothing is restored.
    scenario = item.scenario if isinstance(item, Check) else ""
    severity = item.on_failure if seen else severity_unknown(item)
    return Breach(severity=severity, reason=reason, scenario=scenario, restores=seen)


def severity_unknown(item: Step | Check | Checklist) -> Severity:
    """Return the severity of no answer: HIGH at the most, unless the plan says otherwise."""
    known = None if isinstance(item, Step) else item.on_unknown
    return known or _at_most_high(item)


def _at_most_high(item: Step | Check | Checklist) -> Severity:
    return min(item.on_failure, Severity.HIGH, key=list(Severity).index)


def _breaches_of_finding(node: Node, facts: Facts) -> list[Breach]:
    if node.kind is not Kind.CHECK:
        return []
    assert isinstance(node.item, Check)
    finding = facts.returned[node.task_id]
    if finding["answer"] == Answer.PASS or not node.item.blocking:
        return []
    reason = f"{node.task_id}: {finding['summary']}"
    return [_failure(node.item, reason, seen=finding["answer"] == Answer.FAIL)]


def _breaches_of_watch(node: Node, facts: Facts, state: str) -> list[Breach]:
    seen = list(facts.breaches.get(node.task_id, ()))
    if state == "success":
        answer = (facts.returned.get(node.task_id) or {}).get("answer")
        if answer in (None, Answer.PASS, Answer.FAIL):
            return []  # ended early by a person, or to its end: what it saw only alerts, and is noted
        reason = f"{node.task_id} ended {answer}: health is not proved."
        return seen or [Breach(severity=Severity.HIGH, reason=reason)]
    # A person asks for a rollback by marking the watch failed; nothing says that the data is damaged.
    reason = f"{node.task_id} {state} (marked, or it broke)."
    return seen or [Breach(severity=Severity.HIGH, reason=reason, least=Action.ROLL_BACK)]


def beyond_their_limits(graph: ReleaseGraph, facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return the watches that went to their end and answered FAIL, with what their last checkpoint found."""
    watches = [n.task_id for n in expected(graph, facts) if n.kind is Kind.WATCH and not n.beside]
    ended = {each: facts.returned[each] for each in watches if facts.proved(each)}
    return {each: _last_found(event) for each, event in ended.items() if event.get("answer") == Answer.FAIL}


def _last_found(event: Mapping[str, Json]) -> tuple[str, ...]:
    found = [each for each in event.get("breaches") or () if each["checkpoint"] == event.get("checkpoints")]
    return tuple(each["reason"] for each in found) or ("a limit was crossed",)


def points_of_no_return(ran: tuple[Node, ...]) -> tuple[str, ...]:
    """Return the task ids of the steps among these that cannot be undone."""
    return tuple(
        node.task_id
        for node in ran
        if isinstance(node.item, Step) and node.item.undoing().undo is Undo.IMPOSSIBLE
    )


def _action_of(graph: ReleaseGraph, procedure: str) -> Action:
    restores = any(p.name == procedure and p.restore for p in graph.plan.procedures)
    return Action.ROLL_BACK_AND_RESTORE if restores else Action.ROLL_BACK


def _why_short(graph: ReleaseGraph, facts: Facts) -> tuple[str, ...]:
    decision = facts.returned.get(DECISION) or {}
    if reasons := decision.get("reasons"):
        return tuple(reasons)
    failed = [node.task_id for node in graph.nodes if facts.state(node.task_id) == "failed"]
    return tuple(f"{task_id} failed." for task_id in failed) or ("Production was not reached.",)


def _notes(graph: ReleaseGraph, facts: Facts) -> tuple[str, ...]:
    watches = [node.task_id for node in expected(graph, facts) if node.kind is Kind.WATCH]
    alerts = [f"Alert: {breach.reason}" for each in watches for breach in facts.breaches.get(each, ())]
    early = [f"{each} was ended early by a person." for each in watches if not facts.proved(each)]
    return (*alerts, *early)
