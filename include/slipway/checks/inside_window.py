"""Whether it is a time at which the plan allows a release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from slipway.kinds import Check
from slipway.plan import Window
from slipway.run import Finding, Run
from slipway.windows import is_open, next_opening
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class InsideWindow(Check):
    """Tell whether one of the windows is open now, and if not when the next one opens."""

    windows: Sequence[Window]

    kind: ClassVar[str] = "inside_window"

    def probe(self, run: Run) -> Finding:
        """Look at the clock."""
        return self.at(datetime.now(UTC))

    def at(self, moment: datetime) -> Finding:
        """Answer for an aware time."""
        opening = next_opening(self.windows, moment)
        titles = [
            window.title or str(window.timezone) for window in self.windows if is_open([window], moment)
        ]
        evidence = {
            "at": moment.isoformat(),
            "open": titles,
            "next": opening.isoformat() if opening else None,
        }
        if is_open(self.windows, moment):
            return Finding(
                answer=Answer.PASS, summary=f"open: {', '.join(titles) or 'always'}", evidence=evidence
            )
        when = self._said(opening) if opening else "never"
        return Finding(
            answer=Answer.FAIL, summary=f"no window is open; the next one opens {when}", evidence=evidence
        )

    def _said(self, opening: datetime) -> str:
        local = opening.astimezone(self.windows[0].timezone)
        return f"{local:%a %Y-%m-%d %H:%M} {self.windows[0].timezone}"
