"""The blue-green plan on its own stack: released and rolled back later, not approved, breached."""

from typing import Any

import pytest
from tests.e2e.release import Release
from tests.running import one_plan

from slipway.local.stack import Stack
from slipway.sandbox import control
from slipway.sandbox.layout import with_slots
from slipway.words import GateAnswer, Outcome

pytestmark = pytest.mark.e2e

PLAN, TWO_DAYS_IN_10_SECONDS = "personal_goals", 17_280
GUARD = "verification.watch_meanwhile"
FORMS = ("verification.smoke_tests", "verification.extended_validation")
FLAG = "Features:PersonalGoals:Enabled"
WAY_BACK = [
    "rollback.undo_enable_personal_goals",
    "rollback.undo_swap_slots",
    "rollback.undo_deploy_ui",
    "rollback.undo_purge_cdn_when_undone",
    "rollback.undo_deploy_to_green",
    "rollback.undo_migrate_database",
]


@pytest.fixture(scope="module")
def cpr() -> Stack:
    """Give an Airflow with this plan, and the sandbox with its system only."""
    return one_plan("goals", PLAN)


def fresh(cpr: Stack) -> dict[str, Any]:
    """Bring both environments to v1; return the fingerprint of production."""
    for environment in ("staging", "production"):
        cpr.sandbox.reset("goals", environment)
    return cpr.sandbox.fingerprint("goals", "production")


def test_a_release_takes_the_traffic_and_can_be_rolled_back_later(cpr: Stack) -> None:
    before = fresh(cpr)
    release = Release.trigger(cpr, PLAN, pace=TWO_DAYS_IN_10_SECONDS, readiness_score=92)
    release.answered().ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert release.xcom("preflight.readiness")["summary"].startswith("READY: readiness 92")
    assert cpr.sandbox.fingerprint("goals", "production")["platform"] == {
        "slots": {"production": "v2", "green": "v1"},
        "ui": "v2",
        "switches": {FLAG: "true"},
    }

    back = Release.trigger(cpr, PLAN, intent="roll_back", pace=TWO_DAYS_IN_10_SECONDS)
    back.answered().ends_as(Outcome.ROLLED_BACK)
    assert back.undone() == WAY_BACK
    assert cpr.sandbox.fingerprint("goals", "production") == before


def test_a_no_go_leaves_production_as_it_is(cpr: Stack) -> None:
    before = fresh(cpr)
    release = Release.trigger(cpr, PLAN, pace=TWO_DAYS_IN_10_SECONDS, readiness_score=80)
    release.answered(GateAnswer.NO_GO).ends_as(Outcome.REJECTED)
    assert release.xcom("preflight.readiness")["summary"].startswith("CONDITIONAL: readiness 80")
    assert release.reached("production", "rollback") == []
    assert cpr.sandbox.fingerprint("goals", "production") == before


def test_a_version_that_dies_while_people_look_gives_the_traffic_back(cpr: Stack) -> None:
    before = fresh(cpr)
    release = Release.trigger(cpr, PLAN, pace=TWO_DAYS_IN_10_SECONDS, readiness_score=80)
    release.answered(until=GUARD, leaving=FORMS)
    for form in FORMS:
        release.await_question(form)
    _, green = with_slots([cpr.sandbox.place("goals", "production")])
    control.stop(green)  # where v2 works, which has the traffic by now
    # Its page cannot be read, and milder limits are crossed before: none of them asks, no form is awaited.
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.reached("ask", "watch.") == []
    assert {release.task(form).state for form in FORMS} == {"skipped"}
    assert "available" in {each["about"] for each in release.xcom(GUARD, "breaches")}
    assert release.undone() == WAY_BACK
    assert cpr.sandbox.fingerprint("goals", "production") == before
