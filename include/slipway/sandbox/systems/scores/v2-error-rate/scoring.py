"""From what was measured to points: 0 to 5 for each test."""

TESTS = ("overhead_squat", "push_up", "toe_touch", "farmer_carry", "step_test")


def points(measured):
    return min(5, int(measured or 0) // 10)


def scores(assessment):
    return {test: points(assessment[test]) for test in TESTS}


def total(given):
    """All points as a score of 0 to 100."""
    return round(sum(given.values()) * 20 / len(TESTS))
