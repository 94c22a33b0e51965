"""A plan: what one file in dags/ says. A frozen value, no I/O, no Airflow objects inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from slipway.channel import Channel
from slipway.environment import Environment
from slipway.kinds import Check, Checklist, Step
from slipway.moments import Day, Moment, Opened, moment_of_day
from slipway.run import Json
from slipway.watching import Threshold, Watch
from slipway.words import Action, Risk, Severity

__all__ = [
    "Approval",
    "Contact",
    "Criterion",
    "Day",
    "DecisionMatrix",
    "Duty",
    "Gate",
    "Moment",
    "Notice",
    "Opened",
    "Parameter",
    "Plan",
    "Procedure",
    "Rollout",
    "Rule",
    "Scheduled",
    "Stage",
    "Window",
]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A field of the trigger form besides the standard ones (version, strategy, intent, pace).

    :param default: what the form offers; None where a person must say
    :param schema: JSON schema; Airflow refuses what does not fit it
    :param rehearsed: what `./slipway demo` gives, where there is no default
    """

    name: str
    default: Json
    description: str
    schema: Mapping[str, Json] = field(default_factory=dict)
    rehearsed: Json = None


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a release may start and go on to production. `days` are 0 (Monday) to 6 (Sunday).

    A window whose end is not after its start wraps past midnight and belongs to the day it starts on.
    """

    days: Sequence[int]
    start: time
    end: time
    timezone: ZoneInfo
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """A condition of the go decision.

    :param checks: the checks, checklists or staging steps whose evidence is shown beside it
    """

    text: str
    checks: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One approval that the gate needs.

    :param role: e.g. "Product owner"
    :param people: Airflow user names, any one of whom may give it
    """

    role: str
    people: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The go/no-go question. It ends as NO-GO after `timeout`; nothing but a person's GO passes it.

    :param timeout: how long each approver has, counted again after a DEFER
    :param defer_at_most: the furthest that a DEFER may put the question off
    :param requester_may_approve: whether whoever triggered the release may approve it
    """

    question: str
    approvals: Sequence[Approval]
    criteria: Sequence[Criterion]
    timeout: timedelta
    defer_at_most: timedelta = timedelta(hours=24)
    requester_may_approve: bool = True
    escalation: str = ""


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """A rollback procedure: how far back to go, newest step first.

    :param back_to: the oldest step that is undone; everything that ran after it is undone too. "" means all
    :param restore: the step that restores a backup; it stands where the backup's undo would
    :param restore_within: a backup older than this is restored by nobody but a person: what was written since
        would be lost. It is rolled back as far as HIGH's procedure instead
    """

    name: str
    title: str
    back_to: str = ""
    restore: Step | None = None
    restore_within: timedelta = timedelta(hours=4)
    within: timedelta | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A row of the decision matrix: what follows from a breach, and by when.

    :param within: for ASK, how long a person has before the safe action (roll back) is taken
    :param procedure: the rollback procedure; "" undoes everything
    :param scenario: a row for thresholds and steps that name this scenario
    """

    severity: Severity
    action: Action
    within: timedelta
    procedure: str = ""
    scenario: str = ""


@dataclass(frozen=True, kw_only=True)
class DecisionMatrix:
    """Severity -> action."""

    rules: Sequence[Rule]

    def rule_for(self, severity: Severity, scenario: str = "") -> Rule:
        """Return the scenario's row if there is one, else the severity's own; KeyError if neither."""
        rows = {(rule.severity, rule.scenario): rule for rule in self.rules}
        return rows.get((severity, scenario)) or rows[severity, ""]


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A line of the plan's timeline: what is meant to begin when, and who has it in hand.

    It only tells: the report shows it beside what came. What waits for a time is a WaitUntil.

    :param begins: the time of day, read in `timezone`
    :param covers: what belongs to it, by phase ("staging") or task ("production.deploy"); waits are left out
    :param day: days after the day on which the release began
    :param lasts: how long it is meant to take
    """

    title: str
    begins: time
    timezone: ZoneInfo
    covers: Sequence[str]
    day: int = 0
    lasts: timedelta | None = None
    owner: str = ""

    def due(self, began: datetime) -> datetime:
        """Return when it is meant to begin (UTC), for a release that began then."""
        return moment_of_day(began, self.day, self.begins, self.timezone)

    def includes(self, task_id: str) -> bool:
        """Say whether a task belongs to it."""
        return any(task_id == each or task_id.startswith(f"{each}.") for each in self.covers)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a rollout: expose more, then watch.

    :param exposure: percentage of users (or of features, where the plan says so) after this stage, 0 to 100
    :param steps: what exposes it, usually flags
    :param soak: how long it is watched before the next stage
    :param every: time between two checkpoints of the soak
    :param thresholds: the stage's own limits; the watch's limits hold besides. One of those, repeated with
        another `missing`, says what no data means in this stage
    :param require: checks that must pass after the soak, and checklists that are asked then
    :param look_at: what people look at during the soak; listed in the log of its first checkpoint
    """

    name: str
    title: str
    exposure: float
    steps: Sequence[Step]
    soak: timedelta
    every: timedelta
    audience: str = ""
    thresholds: Sequence[Threshold] = ()
    require: Sequence[Check | Checklist] = ()
    look_at: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Exposure of a feature in stages; a plan has one for each value of the run parameter `strategy`."""

    strategy: str
    title: str
    stages: Sequence[Stage]


@dataclass(frozen=True, kw_only=True)
class Contact:
    role: str
    name: str
    contact: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message of the communication plan. Each channel gets it at most once for each occasion.

    :param channels: each one is told by itself; that one fails keeps no other from it
    :param subject: like `text` with placeholders, the fields of slipway.letter.ReleaseFacts, e.g. {version}
    :param severities: for a BREACH, only those of these severities; all if empty
    :param within: by when at the latest the document wants it; it goes out at once all the same
    :param stage: of a rollback, or of how a release ended: told only where a step of this stage of the
        rollout that changes something ran or may have run; who surely never had it hears nothing
    """

    name: str
    moment: Moment | Day | Opened
    audience: str
    channels: Sequence[Channel]
    subject: str
    text: str
    severities: Sequence[Severity] = ()
    within: timedelta | None = None
    stage: str = ""

    @property
    def when(self) -> str:
        """The moment for people, e.g. "at a breach (CRITICAL, HIGH)"."""
        only = ", ".join(self.severities) or (f"where {self.stage} was let in" if self.stage else "")
        return f"{self.moment} ({only})" if only else str(self.moment)

    def concerns(self, severity: Severity) -> bool:
        """Whether a breach of this severity is told."""
        return not self.severities or severity in self.severities


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Something to do after a release that is released, or after one that was taken back.

    :param due: counted from the end of the release
    """

    title: str
    due: timedelta
    owner: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A deployment plan. One plan is one DAG; its fields stand in the order in which a release goes.

    :param name: the DAG id
    :param document: the document that it replaces
    :param strategies: rollouts by strategy; the first one is the form's default
    """

    name: str
    title: str
    summary: str
    risk: Risk
    owner: str
    staging: Environment
    production: Environment
    on_staging: Sequence[Step]
    gate: Gate
    on_production: Sequence[Step]
    watch: Watch
    matrix: DecisionMatrix
    document: str = ""
    tags: Sequence[str] = ()
    parameters: Sequence[Parameter] = ()
    windows: Sequence[Window] = ()
    schedule: Sequence[Scheduled] = ()
    preflight: Sequence[Check | Checklist] = ()
    validate: Sequence[Check | Checklist] = ()
    verify: Sequence[Check | Checklist] = ()
    strategies: Sequence[Rollout] = ()
    procedures: Sequence[Procedure] = ()
    verify_rollback: Sequence[Check] = ()
    notices: Sequence[Notice] = ()
    contacts: Sequence[Contact] = ()
    after: Sequence[Duty] = ()
    after_rollback: Sequence[Duty] = ()

    @property
    def whom_to_call(self) -> str:
        """Return the contacts in one line, "" where the plan names none."""
        return "; ".join(f"{each.role}: {each.name}, {each.contact}" for each in self.contacts)
