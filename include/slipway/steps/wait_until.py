"""Wait until a time of the plan's day, without holding a worker."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from slipway.kinds import Step
from slipway.run import Evidence, Run, pace_of
from slipway.still_going import NotYet


@dataclass(frozen=True, kw_only=True)
class WaitUntil(Step):
    """Go on at a time of day; at once when that time has passed.

    Day 0 is the day on which the release began, in the time zone of the plan. In a rehearsal the run
    parameter `pace` divides what is left to wait.

    :param at: the time of day, read in `timezone`
    :param day: days after the day on which the release began
    """

    at: time
    timezone: ZoneInfo
    day: int = 0
    timeout: timedelta = timedelta(days=14)
    leaves_nothing: str = "waiting changes nothing"

    kind: ClassVar[str] = "wait_until"

    def due(self, began: datetime) -> datetime:
        """Return the moment, for a release that began then. In a gap of the clock it is the hour after."""
        day = began.astimezone(self.timezone).date() + timedelta(days=self.day)
        return datetime.combine(day, self.at, self.timezone).astimezone(UTC)

    def do(self, run: Run) -> Evidence:
        """Return when it is time. Raises NotYet until then."""
        due = self.due(run.began)
        told = f"{due.astimezone(self.timezone):%a %d %b %H:%M %Z}"
        begun = datetime.fromisoformat(run.remember("waiting_since", lambda: datetime.now(UTC).isoformat()))
        pace = pace_of(run)
        left = max(timedelta(0), due - begun) / pace - (datetime.now(UTC) - begun)
        if left > timedelta(0):
            rehearsed = f" (at pace {pace:g}, {left.total_seconds():.0f} s from now)" if pace > 1 else ""
            raise NotYet(f"Waiting until {told}{rehearsed}", left=left)
        late = begun > due
        summary = f"{told} has passed, going on" if late else f"it is {told}"
        return Evidence(proof={"due": due.isoformat(), "late": late}, changed=False, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave everything: nothing was changed."""
        return Evidence(changed=False, summary=self.leaves_nothing)
