"""The record of a release: one frozen value of its facts; report, ledger and every view read it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from pydantic import TypeAdapter

from slipway.facts import Breach
from slipway.graph import VERDICT, Kind
from slipway.kinds import Undo
from slipway.outcome import RollbackResult
from slipway.plan import Contact
from slipway.record_parts import (
    ApprovalRecord,
    CheckpointRecord,
    DecisionRecord,
    DutyRecord,
    Kept,
    LogEntry,
    NoticeRecord,
    PhaseRecord,
    RowRecord,
    ScheduledRecord,
    TaskRecord,
    UndoRecord,
)
from slipway.run import LEFT_DOWN, Json
from slipway.verdict import Verdict
from slipway.words import Answer, Intent, Outcome, Phase

__all__ = [
    "ApprovalRecord",
    "CheckpointRecord",
    "DecisionRecord",
    "DutyRecord",
    "Kept",
    "LogEntry",
    "NoticeRecord",
    "PhaseRecord",
    "ReleaseRecord",
    "RowRecord",
    "ScheduledRecord",
    "TaskRecord",
    "UndoRecord",
    "from_json",
    "to_json",
]

PEOPLE = (Kind.GATE, Kind.ASK, Kind.CHECKLIST)  # kinds that wait for a person
UNDOING = (Kind.UNDO, Kind.RESTORE)
FORWARD = (Phase.PRODUCTION, Phase.ROLLOUT)  # phases whose steps change production
ORDER = (*list(Phase)[:-2], VERDICT, *list(Phase)[-2:])  # rollback and closeout follow from the verdict
DECIDED_BY_MARK = (*PEOPLE, Kind.WATCH)  # marking these is a normal way to answer, not an override


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """The facts of one release.

    :param release_id: the Airflow run id
    :param environments: labels ("planner staging", "planner production"), the last one is production
    :param parameters: the run parameters besides version, strategy, intent and pace
    :param rolls_back: the release id that a run with intent roll_back undid
    :param reasons: why it ended with this outcome
    :param in_part: held after a rollback that kept something, or passed a point of no return
    :param undone: the undo tasks in the order in which they ran
    :param rollback_within: what the plan gives the procedure that was chosen, None if it says nothing
    :param events: what people did beside the tasks (clearing, marking), from the audit log
    """

    release_id: str
    plan: str
    title: str
    plan_digest: str
    version: str
    outcome: Outcome
    environments: tuple[str, ...]
    triggered_by: str
    triggered_at: datetime
    ended_at: datetime
    version_before: str = ""
    intent: Intent = Intent.RELEASE
    strategy: str = ""
    pace: float = 1.0
    parameters: Mapping[str, Json] = field(default_factory=dict)
    rolls_back: str = ""
    reasons: tuple[str, ...] = ()
    in_part: bool = False
    tasks: tuple[TaskRecord, ...] = ()
    decisions: tuple[DecisionRecord, ...] = ()
    verdict: Verdict | None = None
    breaches: tuple[Breach, ...] = ()
    checkpoints: tuple[CheckpointRecord, ...] = ()
    undone: tuple[UndoRecord, ...] = ()
    rollback_within: timedelta | None = None
    events: tuple[LogEntry, ...] = ()
    notices: tuple[NoticeRecord, ...] = ()
    schedule: tuple[ScheduledRecord, ...] = ()
    contacts: tuple[Contact, ...] = ()
    duties: tuple[DutyRecord, ...] = ()

    @property
    def production(self) -> str:
        """The label of the production environment."""
        return self.environments[-1]

    @property
    def took(self) -> timedelta:
        """The time from trigger to end."""
        return self.ended_at - self.triggered_at

    @property
    def phases(self) -> tuple[PhaseRecord, ...]:
        """The phases in which at least one task ran, in the order of a release; the verdict counts as one."""
        shown = [task for task in self.tasks if task.does is not Kind.START]
        grouped = (
            PhaseRecord(name=name, tasks=tuple(t for t in shown if (t.phase or VERDICT) == name))
            for name in ORDER
        )
        return tuple(phase for phase in grouped if any(task.ran for task in phase.tasks))

    @property
    def steps(self) -> tuple[TaskRecord, ...]:
        """The steps that changed production, in the order in which they ran: what a later rollback undoes."""
        steps = [t for t in self.tasks if t.does is Kind.STEP and t.phase in FORWARD and t.ran]
        return tuple(sorted(steps, key=lambda task: task.started or self.triggered_at))

    @property
    def failures(self) -> tuple[TaskRecord, ...]:
        """The tasks that failed by themselves or by a person's mark."""
        return tuple(task for task in self.tasks if task.state == "failed")

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What a release that is not RELEASED leaves in production, and why."""
        if self.outcome is Outcome.RELEASED:
            return ()
        considered = {undo.step for undo in self.undone}
        left = [Kept(title=undo.of, why=undo.why or undo.state) for undo in self.undone if undo.keeps]
        others = [step for step in self.steps if step.task_id not in considered]
        return (*left, *(_kept(step) for step in others))

    @property
    def left_down(self) -> tuple[str, ...]:
        """The flags and keys that are lower than before, because somebody turned them down meanwhile."""
        left: dict[str, bool] = {}  # what the last undo of each says: the earlier ones went back to a stage
        for undo in self.undone:
            left |= (undo.evidence.proof.get(LEFT_DOWN) if undo.evidence else None) or {}
        return tuple(name for name, stays in left.items() if stays)

    @property
    def overrides(self) -> tuple[str, ...]:
        """Every rule that a person set aside, one sentence each."""
        broken = str(self.parameters.get("break_glass") or "")
        glass = [f"Break glass by {self.triggered_by}: {broken}"] if broken else []
        approvals = [
            f"{each.person} ({each.role}) passed over an open criterion: {each.override}"
            for decision in self.decisions
            for each in decision.approvals
            if each.override
        ]
        marks = [
            f"{task.marked_by} marked `{task.task_id}` {task.state} by hand: {task.note or '(no note)'}"
            for task in self.tasks
            if task.marked_by and task.does not in DECIDED_BY_MARK
        ]
        return (*glass, *approvals, *marks)

    @property
    def verification(self) -> RollbackResult | None:
        """What the checks after the rollback say, or the undos alone; None if there was no rollback."""
        tasks = [t for t in self.tasks if t.does is Kind.CHECK and t.phase == Phase.ROLLBACK]
        if not self.undone and not any(task.ran for task in tasks):
            return None
        answers = [task.finding.answer if task.finding else None for task in tasks]
        passed = answers.count(Answer.PASS)
        if passed == len(answers) and not any(undo.state == "failed" for undo in self.undone):
            return RollbackResult.SUCCESS
        return RollbackResult.PARTIAL if passed else RollbackResult.FAILED

    @property
    def rollback_took(self) -> timedelta | None:
        """The time from the start of the rollback to the end of its last undo, None if none ran."""
        started = [t.started for t in self.tasks if t.phase == Phase.ROLLBACK and t.ran and t.started]
        ended = [t.ended for t in self.tasks if t.does in UNDOING and t.ran and t.ended]
        return max(ended) - min(started) if started and ended else None

    @property
    def rollback_broke_off(self) -> bool:
        """Whether an undo failed, so that the rollback has not come to its end."""
        return any(undo.state in ("failed", "upstream_failed") for undo in self.undone)

    @property
    def rollback_is_late(self) -> bool:
        """Whether the rollback took longer than the plan gives it; one that broke off may be late already."""
        took, within = self.rollback_took, self.rollback_within
        return took is not None and within is not None and took > within

    @property
    def no_return(self) -> tuple[str, ...]:
        """The task ids of the points of no return that were passed."""
        return self.verdict.no_return if self.verdict else ()

    def evidences(self) -> dict[str, Json]:
        """Return the evidence of each step that changed production, by task id, as a later undo reads it."""
        return {step.task_id: step.evidence.to_json() for step in self.steps if step.evidence}

    def findings(self) -> dict[str, Json]:
        """Return what preflight found, by task id, as the checks after a later undo read it."""
        looks = (task for task in self.tasks if task.phase == Phase.PREFLIGHT and task.does is Kind.CHECK)
        return {look.task_id: look.finding.to_json() for look in looks if look.finding}

    @property
    def digest(self) -> str:
        """The sha256 of the record's canonical JSON, in hex."""
        text = json.dumps(to_json(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def to_json(record: ReleaseRecord) -> dict[str, Json]:
    """Return the record as JSON that PostgreSQL keeps unchanged; durations are ISO 8601."""
    value = _storable(_adapter().dump_python(record, mode="json"))
    assert isinstance(value, dict)
    return value


def from_json(value: Mapping[str, Json]) -> ReleaseRecord:
    """Read back what `to_json` wrote; pydantic.ValidationError names what does not fit."""
    return _adapter().validate_python(value)


@cache
def _adapter() -> TypeAdapter[ReleaseRecord]:
    return TypeAdapter(ReleaseRecord)


def _kept(step: TaskRecord) -> Kept:
    undoing = step.undoing
    if undoing is None or undoing.undo is Undo.REVERSIBLE:
        return Kept(title=step.title, why="it was not undone")
    why = f"{undoing.undo}: {undoing.how}" if undoing.how else str(undoing.undo)
    return Kept(title=step.title, why=why, harmless=undoing.undo is Undo.NOTHING)


def _storable(value: Json) -> Json:
    """Make a value that jsonb gives back as it was: no NaN, no NUL, no number that changes its type."""
    if isinstance(value, Mapping):
        return {_text(str(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Sequence):
        return [_storable(each) for each in value]
    if isinstance(value, float):
        return _number(value)
    return value


def _text(value: str) -> str:
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _number(value: float) -> float | int | str:
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and (value == 0 or abs(value) >= 1e16) else value
