"""Make the record of a release from its plan and from what Airflow keeps of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from slipway.delivery.recorded import recorded
from slipway.delivery.states import Delivery
from slipway.facts import Facts, cut_off
from slipway.graph import ASK, DECISION, OUTCOME, REPORT, Kind, Node, ReleaseGraph
from slipway.kinds import Check, Checklist, Step
from slipway.outcome import Ending
from slipway.plan import Duty, Plan, Scheduled
from slipway.record import (
    UNDOING,
    ApprovalRecord,
    CheckpointRecord,
    DecisionRecord,
    DutyRecord,
    LogEntry,
    ReleaseRecord,
    RowRecord,
    ScheduledRecord,
    TaskRecord,
    UndoRecord,
)
from slipway.run import Evidence, Finding, Json
from slipway.steps import WaitUntil
from slipway.verdict import Verdict
from slipway.watch.schedule import real_length
from slipway.watching import Watch
from slipway.windows import is_open, next_opening
from slipway.words import Outcome

STANDARD = ("version", "strategy", "intent", "pace")  # parameters with a place of their own in the record
AFTER = (REPORT, OUTCOME)  # still to come, or running, when the record is made


@dataclass(frozen=True, kw_only=True)
class TaskTrace:
    """What Airflow keeps of a task beside its state and what it returned.

    :param marked_by: who set the state by hand, "" if nobody did
    :param checkpoints: of a watch, its XComs `checkpoint_<n>`
    """

    started: datetime | None = None
    ended: datetime | None = None
    tries: int = 0
    note: str = ""
    marked_by: str = ""
    checkpoints: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, kw_only=True)
class ReleaseTrace:
    """What Airflow keeps of a release.

    :param release_id: the Airflow run id
    :param parameters: all run parameters
    :param version_before: what production ran before
    :param rolls_back: for intent roll_back, the release id that is undone
    :param answer: what the answer to "fix forward or roll back?" left under the XCom key "answer", if asked
    :param tasks: by task id; a task that is not there has not begun
    :param events: what people did beside the tasks, from the audit log
    :param notices: what became of those whose moment came
    """

    release_id: str
    plan_digest: str
    parameters: Mapping[str, Json]
    triggered_by: str
    triggered_at: datetime
    version_before: str = ""
    rolls_back: str = ""
    answer: Mapping[str, Json] | None = None
    tasks: Mapping[str, TaskTrace] = field(default_factory=dict)
    events: Sequence[LogEntry] = ()
    notices: Sequence[Delivery] = ()

    @property
    def pace(self) -> float:
        """What waiting times are divided by."""
        return float(self.parameters.get("pace") or 1)


def record_from(
    graph: ReleaseGraph, facts: Facts, trace: ReleaseTrace, ending: Ending, verdict: Verdict | None
) -> ReleaseRecord:
    """Make the record. The same facts give the same record, so a second try of the closeout may repeat it."""
    plan = graph.plan
    gone = cut_off(graph, facts)
    tasks = tuple(_task(node, facts, trace, gone) for node in graph.nodes if node.task_id not in AFTER)
    starts = [task.started for task in tasks if task.ran and task.started]
    ends = [task.ended for task in tasks if task.ran and task.ended]
    triggered_at = min([trace.triggered_at, *starts])  # clearing a task gives the run a new start
    ended_at = max([triggered_at, *ends])
    return ReleaseRecord(
        release_id=trace.release_id,
        plan=plan.name,
        title=plan.title,
        plan_digest=trace.plan_digest,
        version=str(trace.parameters.get("version", "")),
        version_before=trace.version_before,
        intent=facts.intent,
        strategy=str(trace.parameters.get("strategy") or ""),
        pace=trace.pace,
        parameters={name: value for name, value in trace.parameters.items() if name not in STANDARD},
        rolls_back=trace.rolls_back,
        environments=(plan.staging.label, plan.production.label),
        triggered_by=trace.triggered_by,
        triggered_at=triggered_at.astimezone(UTC),
        ended_at=ended_at.astimezone(UTC),
        outcome=ending.outcome,
        reasons=tuple(ending.reasons),
        in_part=ending.in_part,
        tasks=tasks,
        decisions=tuple(_decisions(graph, facts, trace)),
        verdict=verdict,
        breaches=tuple(breach for each in facts.breaches.values() for breach in each),
        checkpoints=tuple(_checkpoints(graph, trace)),
        undone=tuple(_undone(graph, facts, trace)),
        rollback_within=_within(plan, verdict),
        events=tuple(trace.events),
        notices=recorded(plan.notices, trace.notices, facts=_known(graph, trace)),
        schedule=tuple(_scheduled(each, tasks, _due_at(each, plan, trace)) for each in plan.schedule),
        contacts=tuple(plan.contacts),
        duties=tuple(
            DutyRecord(title=duty.title, owner=duty.owner, due=(ended_at + duty.due).astimezone(UTC))
            for duty in _duties(plan, ending.outcome)
        ),
    )


def _within(plan: Plan, verdict: Verdict | None) -> timedelta | None:
    chosen = verdict.procedure if verdict else ""
    return next((each.within for each in plan.procedures if each.name == chosen), None)


def _duties(plan: Plan, outcome: Outcome) -> Sequence[Duty]:
    """Return what is left to do; a release that did not reach production leaves nothing."""
    if outcome is Outcome.RELEASED:
        return plan.after
    reached = outcome in (Outcome.HELD, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED)
    return plan.after_rollback if reached else ()


def _due_at(line: Scheduled, plan: Plan, trace: ReleaseTrace) -> datetime:
    """Return when a line is meant to begin: what belongs into a window, in the next one that opens."""
    opens = next_opening(plan.windows, trace.triggered_at)
    in_the_window = line.due(opens) if opens else None
    if plan.windows and in_the_window and is_open(plan.windows, in_the_window):
        return in_the_window
    return line.due(trace.triggered_at)


def _scheduled(line: Scheduled, tasks: Sequence[TaskRecord], due: datetime) -> ScheduledRecord:
    mine = [t for t in tasks if t.ran and line.includes(t.task_id) and t.kind != WaitUntil.kind]
    return ScheduledRecord(
        title=line.title,
        owner=line.owner,
        due=due,
        local=_local(due.astimezone(line.timezone)),
        failed=any(task.state == "failed" for task in mine),
        planned=line.lasts,
        began=min((t.started for t in mine if t.started), default=None),
        ended=max((t.ended for t in mine if t.ended), default=None),
    )


def _local(at: datetime) -> str:
    return "" if at.tzname() == "UTC" else f"{at:%a %H:%M %Z}"


def _known(graph: ReleaseGraph, trace: ReleaseTrace) -> dict[str, str]:
    """Return what a notice that was not sent can say: nothing of its moment, which did not come."""
    return {
        "plan": graph.plan.name,
        "title": graph.plan.title,
        "version": str(trace.parameters.get("version", "")),
        "version_before": trace.version_before,
        "who": trace.triggered_by,
    }


def _task(node: Node, facts: Facts, trace: ReleaseTrace, gone: Collection[str]) -> TaskRecord:
    known = trace.tasks.get(node.task_id, TaskTrace())
    returned = facts.returned.get(node.task_id)
    return TaskRecord(
        task_id=node.task_id,
        title=node.title,
        does=node.kind,
        kind=getattr(node.item, "kind", ""),
        # What was skipped for a failure is recorded as what it is, and as Airflow itself would call it.
        state="upstream_failed" if node.task_id in gone else facts.state(node.task_id),
        tries=known.tries,
        started=_utc(known.started),
        ended=_utc(known.ended),
        planned=_planned(node, trace.pace),
        evidence=_evidence(returned) if node.kind is Kind.STEP else None,
        finding=_finding(returned) if isinstance(node.item, Check | Checklist) else None,
        undoing=node.item.undoing() if node.kind is Kind.STEP and isinstance(node.item, Step) else None,
        note=known.note,
        marked_by=known.marked_by,
    )


def _planned(node: Node, pace: float) -> timedelta | None:
    if node.planned is None or node.kind is Kind.GATE:  # a gate has a deadline, not a planned duration
        return None
    # As the watch's log says: a rehearsal lengthens checkpoints that it made too short.
    if isinstance(node.item, Watch):
        return timedelta(seconds=real_length(node.item, pace))
    return node.planned


def _evidence(value: Json) -> Evidence | None:
    if value is None:
        return None
    try:
        return Evidence.from_json(value)
    except TypeError:  # an ordinary Airflow operator returns what it likes
        return Evidence(proof={"returned": value})


def _finding(value: Json) -> Finding | None:
    return Finding.from_json(value) if isinstance(value, Mapping) and "answer" in value else None


def _decisions(graph: ReleaseGraph, facts: Facts, trace: ReleaseTrace) -> Iterator[DecisionRecord]:
    gate = facts.returned.get(DECISION)
    for question, value in ((graph.plan.gate.question, gate), (graph.node(ASK).title, trace.answer)):
        if isinstance(value, Mapping) and "answer" in value:
            yield DecisionRecord(
                question=question,
                answer=str(value["answer"]),
                approvals=tuple(_approval(each) for each in value.get("approvals") or _single(value)),
                reasons=tuple(value.get("reasons") or ()),
                digest=value.get("digest") or "",
                commits=value.get("commits") or {},
            )


def _single(value: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    return [value] if value.get("way") else []


def _approval(value: Mapping[str, Json]) -> ApprovalRecord:
    at = value.get("at")
    return ApprovalRecord(
        role=value.get("role") or "",
        answer=str(value["answer"]),
        person=value.get("person") or "",
        way=value.get("way") or "",
        at=_utc(datetime.fromisoformat(at)) if at else None,
        rationale=value.get("rationale") or "",
        override=value.get("override") or "",
    )


def _checkpoints(graph: ReleaseGraph, trace: ReleaseTrace) -> Iterator[CheckpointRecord]:
    for node in graph.of_kind(Kind.WATCH):
        found = trace.tasks.get(node.task_id, TaskTrace()).checkpoints
        for value in sorted(found, key=lambda value: int(value["index"])):
            yield CheckpointRecord(
                watch=node.task_id,
                index=value["index"],
                title=value.get("title") or "",
                due=_due(value.get("due")),
                rows=tuple(_row(row) for row in value.get("rows") or ()),
                breaches=tuple(_breach(breach) for breach in value.get("breaches") or ()),
                attended=bool(value.get("attended", True)),
                cut_short=bool(value.get("cut_short", False)),
            )


def _due(seconds: Json) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _row(value: Mapping[str, Json]) -> RowRecord:
    names = ("metric", "unit", "value", "baseline", "limit", "crossed", "answer", "note")
    given = {name: value[name] for name in names if value.get(name) is not None}
    return RowRecord(**given)


def _breach(value: Json) -> str:
    return str(value["reason"]) if isinstance(value, Mapping) else str(value)


def _undone(graph: ReleaseGraph, facts: Facts, trace: ReleaseTrace) -> Iterator[UndoRecord]:
    """Undo tasks in the order of the chain, which is the order in which they ran.

    Those that the rollback passed over are left out; one that left its step as it is says why.
    """
    for node in graph.of_kind(*UNDOING):
        state, value = facts.state(node.task_id), facts.returned.get(node.task_id) or {}
        if state in {"", "none", "removed"} or (state == "skipped" and not value):
            continue
        known = trace.tasks.get(node.task_id, TaskTrace())
        yield UndoRecord(
            task_id=node.task_id,
            step=node.undoes,
            title=node.title,
            state=state,
            undone=bool(value.get("undone")),
            why=value.get("why") or known.note,
            evidence=_evidence(value.get("evidence")),
            at=_utc(known.ended),
        )


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None
