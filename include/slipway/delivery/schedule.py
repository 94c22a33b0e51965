"""When notices are due: days of the communication plan, and reminders while a gate waits. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipway.plan import Day, Moment, Notice, Opened
from slipway.words import Severity

DAY = timedelta(days=1)
LAST_CALL = timedelta(minutes=15)
ESCALATION = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """Something to tell while a gate waits.

    :param after: counted from when the gate began to wait
    :param occasion: what tells it apart from the other reminders of the same gate, e.g. "half-time"
    """

    after: timedelta
    moment: Moment
    occasion: str


def concerned(
    notices: Iterable[Notice], moment: Moment | Day | Opened, severity: Severity | None = None
) -> tuple[Notice, ...]:
    """Return the notices of a moment, in the order of the plan; of a breach, those of its severity."""
    return tuple(
        each for each in notices if each.moment == moment and (severity is None or each.concerns(severity))
    )


def due(
    notice: Notice, *, launched_at: datetime | None, planned_for: datetime | None, pace: float = 1.0
) -> datetime | None:
    """Return when a dated notice is due; None if it has no date, or what its date is counted from is open.

    :param launched_at: the end of a release that is RELEASED; days from 0 on are counted from it
    :param planned_for: when production is planned to begin; the days before are counted from it
    :param pace: divides the days, as every waiting time
    """
    if not isinstance(notice.moment, Day):
        return None
    number = notice.moment.number
    anchor = planned_for if number < 0 else launched_at
    return anchor + number * DAY / pace if anchor else None


def reminders(timeout: timedelta, pace: float = 1.0) -> tuple[Reminder, ...]:
    """Return what is told while a gate waits: at half-time, 15 minutes before the end, and who is told last.

    The escalation contact is told 5 minutes before the end, while somebody can still answer. For a short
    gate these become a quarter and a twelfth of its time.

    :param timeout: how long the gate waits, already divided by `pace`
    """
    last_call = timeout - min(LAST_CALL / pace, timeout / 4)
    escalation = timeout - min(ESCALATION / pace, timeout / 12)
    return (
        Reminder(after=timeout / 2, moment=Moment.GATE_REMINDER, occasion="half-time"),
        Reminder(after=last_call, moment=Moment.GATE_REMINDER, occasion="last call"),
        Reminder(after=escalation, moment=Moment.GATE_ESCALATION, occasion="escalation"),
    )
