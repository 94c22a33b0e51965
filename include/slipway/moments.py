"""Moments of a release, of its stages, days counted from its launch, and times of its days."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from slipway.words import Severity


class Moment(StrEnum):
    """A moment of a release. The outcomes bear the names of slipway.words.Outcome.

    ROLLED_BACK_IN_PART comes beside HELD, where a rollback kept something on purpose or passed a point of no
    return; HELD alone is also a release that a person fixes forward.
    """

    AT_START = "at the start"
    GATE_REMINDER = "while the gate waits"
    GATE_ESCALATION = "before the gate times out"
    BEFORE_PRODUCTION = "before production"
    PRODUCTION_STARTED = "production started"
    BREACH = "at a breach"
    ROLLBACK_STARTED = "rollback started"
    RELEASED = "released"
    REJECTED = "rejected"
    ABORTED = "aborted"
    HELD = "held for a person"
    ROLLED_BACK_IN_PART = "held for a person after a rollback"
    ROLLED_BACK = "after a rollback"
    ROLLBACK_FAILED = "rollback failed"

    @property
    def severity(self) -> Severity:
        """How bad it is that this moment came; a breach has the severity of its threshold."""
        return _SEVERITIES.get(self, Severity.LOW)


_SEVERITIES = {
    Moment.GATE_ESCALATION: Severity.MEDIUM,
    Moment.BREACH: Severity.HIGH,
    Moment.ROLLBACK_STARTED: Severity.HIGH,
    Moment.HELD: Severity.HIGH,
    Moment.ROLLED_BACK_IN_PART: Severity.HIGH,
    Moment.ROLLED_BACK: Severity.HIGH,
    Moment.ROLLBACK_FAILED: Severity.CRITICAL,
}


@dataclass(frozen=True)
class Day:
    """A day of the communication plan: 0 is the launch, -3 three days before it, 7 a week after it."""

    number: int

    def __str__(self) -> str:
        return f"day {self.number}" if self.number else "launch day"

    @property
    def severity(self) -> Severity:
        """An announcement is never bad news."""
        return Severity.LOW


@dataclass(frozen=True)
class Opened:
    """The moment at which a stage of the rollout has let its users in: its steps are done, its soak begins.

    :param stage: the stage's name
    """

    stage: str

    def __str__(self) -> str:
        return f"when {self.stage} is open"

    @property
    def severity(self) -> Severity:
        """An announcement is never bad news."""
        return Severity.LOW


def moment_of_day(began: datetime, day: int, at: time, timezone: ZoneInfo) -> datetime:
    """Return the moment (UTC) of a time of day, so many days after the day on which a release began there.

    A time that the clock leaves out is the hour after; of one that it repeats, the first counts.
    """
    date = began.astimezone(timezone).date() + timedelta(days=day)
    return datetime.combine(date, at, timezone).astimezone(UTC)
