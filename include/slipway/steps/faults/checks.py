"""Faults of checks that stand between steps."""

from slipway.errors import StepFailed


def opening(check: str, answer: str) -> str:
    """Return how the text of CheckNotPassed begins."""
    return f"{check}: {answer}, "


class CheckNotPassed(StepFailed):
    """A check between two steps did not pass."""

    def __init__(self, check: str, answer: str, why: str) -> None:
        self.check, self.answer, self.why = check, answer, why
        super().__init__(
            f"{opening(check, answer)}{why}. Nothing that comes after it was done. "
            "Mend what it names, or correct the check."
        )
