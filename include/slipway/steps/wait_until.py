"""Wait until a time of the plan's day, without holding a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from slipway.errors import StepImpossible
from slipway.kinds import Step
from slipway.moments import moment_of_day
from slipway.run import Evidence, Run, pace_of
from slipway.spans import length
from slipway.still_going import NotYet


class TooLate(StepImpossible):
    """The time for which the release was planned and approved is too long ago."""

    def __init__(self, told: str, late: timedelta, at_most: timedelta) -> None:
        super().__init__(
            f"{told} was {length(_in_minutes(late))} ago, and this plan goes on {length(at_most)} late "
            "at the most. Trigger a new release in time for it."
        )


def _in_minutes(late: timedelta) -> timedelta:
    return timedelta(minutes=late // timedelta(minutes=1))


@dataclass(frozen=True, kw_only=True)
class WaitUntil(Step):
    """Go on at a time of day; at once when that time has passed, unless that is too long ago.

    Day 0 is the day on which the release began, in the time zone of the plan. In a rehearsal the run
    parameter `pace` divides what is left to wait.

    :param at: the time of day, read in `timezone`
    :param day: days after the day on which the release began
    :param late_at_most: how long ago the time may be; later the step fails. A rehearsal goes on
    :param watched: whether production, once it was changed, is watched meanwhile
    """

    at: time
    timezone: ZoneInfo
    day: int = 0
    late_at_most: timedelta | None = None
    watched: bool = True
    timeout: timedelta = timedelta(days=14)
    leaves_nothing: str = "waiting changes nothing"

    kind: ClassVar[str] = "wait_until"

    def due(self, began: datetime) -> datetime:
        """Return the moment (UTC), for a release that began then."""
        return moment_of_day(began, self.day, self.at, self.timezone)

    def outlook(self, began: datetime, at: datetime, pace: float) -> str:
        """Return a sentence for who decides at that time: when production begins, or that it is too late."""
        due = self.due(began)
        if at < due:
            return f"Production waits for {self._told(due)}."
        if late := self.too_late(began, at, pace):
            return f"**{late} A GO ends as NO-GO.**"
        return f"{self._told(due)} has passed: production begins with the GO."

    def too_late(self, began: datetime, at: datetime, pace: float) -> str:
        """Return why it is too late at that time for a release that began then, "" if it is not."""
        refused = self._refused(self.due(began), at, pace)
        return str(refused) if refused else ""

    def do(self, run: Run) -> Evidence:
        """Return when it is time. Raises NotYet until then, TooLate long after it."""
        due = self.due(run.began)
        told = self._told(due)
        begun = datetime.fromisoformat(run.remember("waiting_since", lambda: datetime.now(UTC).isoformat()))
        pace = pace_of(run)
        left = max(timedelta(0), due - begun) / pace - (datetime.now(UTC) - begun)
        if left > timedelta(0):
            rehearsed = f" (at pace {pace:g}, {left.total_seconds():.0f} s from now)" if pace > 1 else ""
            raise NotYet(f"Waiting until {told}{rehearsed}", left=left)
        if refused := self._refused(due, datetime.now(UTC), pace):
            raise refused
        late = begun > due
        summary = f"{told} has passed, going on" if late else f"it is {told}"
        return Evidence(proof={"due": due.isoformat(), "late": late}, changed=False, summary=summary)

    def _told(self, due: datetime) -> str:
        return f"{due.astimezone(self.timezone):%a %d %b %H:%M %Z}"

    def _refused(self, due: datetime, at: datetime, pace: float) -> TooLate | None:
        if pace > 1 or self.late_at_most is None or at - due <= self.late_at_most:
            return None
        return TooLate(self._told(due), at - due, self.late_at_most)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave everything: nothing was changed."""
        return Evidence(changed=False, summary=self.leaves_nothing)


def first_wait(steps: Sequence[Step]) -> WaitUntil | None:
    """Return the first wait among some steps, None if there is none."""
    return next((step for step in steps if isinstance(step, WaitUntil)), None)
