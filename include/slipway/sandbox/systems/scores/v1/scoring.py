"""From what was measured to points: 0 to 5 for each test."""

import re

TESTS = ("overhead_squat", "push_up", "toe_touch", "farmer_carry", "step_test")
_MEASURED = re.compile(r"\s*(\d+)(?::(\d\d))?")


def amount(measured):
    """The number of what a trainer wrote: 24, "24 reps", "1:30" (in seconds); 0 when there is none."""
    match = _MEASURED.match(str(measured or ""))
    if not match:
        return 0
    first, seconds = match.groups()
    return int(first) * 60 + int(seconds) if seconds else int(first)


def points(measured):
    return min(5, amount(measured) // 10)


def scores(assessment):
    return {test: points(assessment[test]) for test in TESTS}


def total(given):
    """All points as a score of 0 to 100."""
    return round(sum(given.values()) * 20 / len(TESTS))
