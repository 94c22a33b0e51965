"""Run a check between two steps."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.environment import Environment
from slipway.kinds import Check, Step
from slipway.run import Evidence, Run
from slipway.steps.faults.checks import CheckNotPassed
from slipway.still_going import NotYet
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class RunCheck(Step):
    """Go on only if a check passes here and now, e.g. of the new version before it takes the traffic.

    Anything but PASS fails the step, once the check's own patience has ended. The checks of `verify` come
    when all steps are done. Severity and scenario of the step are those of a FAIL; a check that could not
    look, or that was stopped or marked, is at the most HIGH.
    """

    check: Check
    timeout: timedelta = timedelta(minutes=30)
    leaves_nothing: str = "it only looks"

    kind: ClassVar[str] = "run_check"

    def __post_init__(self) -> None:
        """Need what the check needs."""
        object.__setattr__(self, "needs", self.check.needs)

    @property
    def heading(self) -> str:
        """The title for people; the check's own if the step has none."""
        return self.title or self.check.heading

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that the check uses there."""
        return self.check.connections(environment)

    def do(self, run: Run) -> Evidence:
        """Look. Raises NotYet while patience lasts, and CheckNotPassed."""
        from slipway.checks.looking import HOPELESS, run_check

        since = float(run.remember(f"since_{self._try(run)}", time.time))
        finding = run_check(self.check, run)
        run.log.info("%s: %s, %s", self.check.heading, finding.answer, finding.summary)
        if finding.answer is Answer.PASS:
            return Evidence(proof={"finding": finding.to_json()}, changed=False, summary=finding.summary)
        left = since + self.check.patience.total_seconds() - time.time()
        if left > 0 and not finding.evidence.get(HOPELESS):
            raise NotYet(f"{self.check.heading}: {finding.summary}", left=self.check.every)
        run.remember(f"ended_{self._try(run)}", lambda: True)
        raise CheckNotPassed(self.check.heading, finding.answer, finding.summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave everything: nothing was changed."""
        return Evidence(changed=False, summary=self.leaves_nothing)

    def _try(self, run: Run) -> int:
        """Return the number of this try; each one has the whole patience."""
        number = 1
        while run.recall(f"ended_{number}"):
            number += 1
        return number


def check_of(item: object) -> Check | None:
    """Return the check that a task looks with, by itself or within a step; None for any other task."""
    looks = item.check if isinstance(item, RunCheck) else item
    return looks if isinstance(looks, Check) else None
