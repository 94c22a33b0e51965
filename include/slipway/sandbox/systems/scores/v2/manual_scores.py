"""Scores that a trainer gave by hand, over those that were calculated."""

import flags
import metrics
import scoring
from database import rows
from settings import FEATURE_FLAGS
from web import Refused

FLAG = "MANUAL_SCORE_OVERRIDE"
COLUMNS = ", ".join(f"{test}_manual" for test in scoring.TESTS)


def enabled(user):
    return user in FEATURE_FLAGS[FLAG]["allowed_users"] or flags.enabled(FLAG, user)


def of(user, ids):
    """The manual scores of each assessment, for a user who has the feature."""
    if not ids or not enabled(user):
        return {}
    found = rows(f"SELECT id, {COLUMNS} FROM assessments WHERE id = ANY(%s)", [list(ids)])
    return {each["id"]: given(each) for each in found}


def given(each):
    return {test: each[f"{test}_manual"] for test in scoring.TESTS if each[f"{test}_manual"] is not None}


def put(user, assessment_id, wanted):
    """Set manual scores; None resets one to what is calculated."""
    if not enabled(user):
        raise Refused(403, f"{FLAG} is not enabled for this user")
    if not isinstance(wanted, dict) or not set(wanted) <= set(scoring.TESTS):
        raise Refused(422, f"manual: scores of {', '.join(scoring.TESTS)}")
    if not all(score is None or (type(score) is int and 0 <= score <= 5) for score in wanted.values()):
        raise Refused(422, "a manual score is 0 to 5, or null")
    metrics.FEATURE_USES.labels(FLAG).inc()
    for test, score in wanted.items():
        rows(f"UPDATE assessments SET {test}_manual = %s WHERE id = %s", [score, assessment_id])
