"""Faults of checks that stand between steps."""

from slipway.errors import StepFailed
from slipway.words import Answer


class CheckNotPassed(StepFailed):
    """A check between two steps did not pass."""

    def __init__(self, check: str, answer: Answer, why: str) -> None:
        self.check, self.answer, self.why = check, answer, why
        self.saw_damage = answer is Answer.FAIL
        super().__init__(
            f"{check}: {answer}, {why}. Nothing that comes after it was done. "
            "Mend what it names, or correct the check."
        )
