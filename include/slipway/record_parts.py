"""The parts of a release's record: tasks, decisions, checkpoints, undos, log, duties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from slipway.facts import NOT_REACHED
from slipway.graph import Kind
from slipway.kinds import Undoing
from slipway.run import Evidence, Finding
from slipway.undoing import Fate

CONTROL = (Kind.CONNECTIONS, Kind.CLOSE_THE_OTHERS, Kind.DECISION, Kind.STRATEGY)  # take moments


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """One task as Airflow left it.

    :param does: what the task is in the release; `kind` is the kind of its step or check
    :param state: Airflow's task state, "" if it was never scheduled
    :param planned: how long the plan says it takes, waiting times already divided by `pace`
    :param marked_by: who set the state by hand, "" if nobody did
    """

    task_id: str
    title: str
    does: Kind
    kind: str = ""
    state: str = ""
    tries: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    planned: timedelta | None = None
    evidence: Evidence | None = None
    finding: Finding | None = None
    undoing: Undoing | None = None
    note: str = ""
    marked_by: str = ""

    @property
    def phase(self) -> str:
        """The phase that it belongs to, "" for the tasks between phases."""
        phase, dot, _ = self.task_id.partition(".")
        return phase if dot else ""

    @property
    def name(self) -> str:
        """The task's own name, without its phase and stage."""
        return self.task_id.rpartition(".")[2]

    @property
    def ran(self) -> bool:
        """Whether it began; a task that Airflow skipped has times but did nothing."""
        return self.started is not None and self.state not in NOT_REACHED

    @property
    def took(self) -> timedelta | None:
        """How long it ran, None if it did not begin or did not end."""
        if not self.ran or self.started is None or self.ended is None:
            return None
        return self.ended - self.started


@dataclass(frozen=True, kw_only=True)
class PhaseRecord:
    """The tasks of one phase, derived from the record."""

    name: str
    tasks: tuple[TaskRecord, ...]

    @property
    def planned(self) -> timedelta | None:
        """The planned durations of the tasks that ran, added up; None if the plan does not name them all."""
        planned = [task.planned for task in self.tasks if task.ran and task.does not in CONTROL]
        known = [duration for duration in planned if duration is not None]
        return sum(known, timedelta(0)) if known and len(known) == len(planned) else None

    @property
    def took(self) -> timedelta:
        """The time from the first task's start to the last task's end."""
        starts = [task.started for task in self.tasks if task.ran and task.started]
        ends = [task.ended for task in self.tasks if task.ran and task.ended]
        return max(ends) - min(starts) if starts and ends else timedelta(0)


@dataclass(frozen=True, kw_only=True)
class ApprovalRecord:
    """One person's answer.

    :param way: "form", "mark", or "timeout" when nobody answered
    :param override: the reason for passing although a criterion did not, "" if there was none
    """

    role: str
    answer: str
    person: str
    way: str
    at: datetime | None = None
    rationale: str = ""
    override: str = ""


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """A question, its answer, and who gave it; `reasons` say why the answer counts as it does."""

    question: str
    answer: str
    approvals: tuple[ApprovalRecord, ...] = ()
    reasons: tuple[str, ...] = ()
    digest: str = ""
    commits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RowRecord:
    """One line of a checkpoint's table.

    :param crossed: what a value must be to breach, "above" or "below"
    :param answer: PASS, FAIL, INCONCLUSIVE or ERROR; "" where the metric is not judged
    """

    metric: str
    unit: str = ""
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    crossed: str = ""
    answer: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """One checkpoint of a watch.

    :param watch: the task id of the watch
    :param index: its number in the watch, from 1
    :param due: counted from the start of the watch, in plan time
    :param attended: False where the watch itself did not run
    :param cut_short: a breach ended the watch before the checkpoint was due
    """

    watch: str
    index: int
    title: str
    due: timedelta | None
    rows: tuple[RowRecord, ...] = ()
    breaches: tuple[str, ...] = ()
    attended: bool = True
    cut_short: bool = False


@dataclass(frozen=True, kw_only=True)
class UndoRecord:
    """What became of one undo task.

    :param step: the task id of the step that it undoes
    :param undone: whether something was changed back
    :param why: why it was undone, or why it was kept
    """

    task_id: str
    step: str
    title: str
    state: str
    undone: bool
    why: str = ""
    evidence: Evidence | None = None
    at: datetime | None = None

    @property
    def of(self) -> str:
        """The title of what it undoes."""
        return self.title.removeprefix("Undo: ")

    @property
    def keeps(self) -> bool:
        """Whether the step's work stays: kept by the procedure, or the undo did not succeed."""
        ended = self.state in ("success", "skipped")
        return not ended or (not self.undone and self.why.startswith(Fate.KEPT))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Something that stays as the release left it, and why.

    :param harmless: whether the plan says that there is nothing to undo
    """

    title: str
    why: str
    harmless: bool = False


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A line of the deployment log."""

    at: datetime
    action: str
    status: str
    who: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ScheduledRecord:
    """A line of the plan's timeline beside what came.

    :param due: when it was meant to begin
    :param planned: how long it was meant to take
    :param began: when the first of its tasks began, None if none did; waits for a time are left out
    :param ended: when the last of its tasks ended
    :param local: `due` by the clock of the plan's place, e.g. "Mon 09:00 KST", "" for UTC
    :param failed: whether one of its tasks failed
    """

    title: str
    owner: str
    due: datetime
    local: str = ""
    failed: bool = False
    planned: timedelta | None = None
    began: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DutyRecord:
    """Something to do after the release."""

    title: str
    owner: str
    due: datetime


@dataclass(frozen=True, kw_only=True)
class NoticeRecord:
    """What became of one notice on one channel.

    :param moment: in words, as `message` and the rest are: a record outlives the code
    :param state: one of slipway.delivery.states.State, "" in records from before notices were sent
    :param at: when it was sent, or is due
    :param why: why it is in this state, with what to do where something is to be done
    """

    moment: str
    audience: str
    channel: str
    message: str
    name: str = ""
    subject: str = ""
    state: str = ""
    at: datetime | None = None
    why: str = ""
