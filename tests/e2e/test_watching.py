"""What ends a watch, and a verdict that nobody may give by hand."""

import pytest
from tests.e2e.production import Production
from tests.e2e.release import WATCH, Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

FIVE_MINUTES = 72  # the pace at which the watch takes so long


def test_go_by_form_releases_and_a_breach_in_the_watch_brings_everything_back(
    stack: Stack, production: Production
) -> None:
    before = production.fingerprint()
    release = Release.trigger(stack, "thin", "v2-error-rate", pace=FIVE_MINUTES)
    release.await_gate()
    release.respond("GO", "Staging looks good")
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.xcom("gate.decision")["approvals"][0]["way"] == "form"
    assert production.fingerprint() == before
    assert release.xcom("rollback.finish")["undone"] == [
        "rollback.undo_enable_features",
        "rollback.undo_deploy_application",
        "rollback.undo_upgrade_schema",
        "rollback.undo_fetch_release",
    ]
    [breach] = release.xcom(WATCH, "breaches")
    assert (breach["about"], breach["severity"], breach["limit"]) == ("error_rate", "CRITICAL", 1.0)
    assert breach["value"] > 1


def test_a_watch_that_is_marked_failed_is_rolled_back(stack: Stack, production: Production) -> None:
    before = production.fingerprint()
    release = Release.trigger(stack, "thin", pace=FIVE_MINUTES).go()
    release.await_state(WATCH, "deferred")
    release.mark(WATCH, "failed", by="devops_lead", note="Customers call")
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.xcom("verdict")["reasons"] == [f"{WATCH} failed (marked, or it broke)."]
    assert production.fingerprint() == before


def test_a_watch_that_is_marked_success_ends_early_and_releases(stack: Stack, production: Production) -> None:
    release = Release.trigger(stack, "thin", pace=FIVE_MINUTES).go()
    release.await_state(WATCH, "deferred")
    release.mark(WATCH, "success", by="devops_lead", note="Seen enough")
    release.ends_as(Outcome.RELEASED)
    assert release.xcom("verdict")["reasons"] == [f"{WATCH} was ended early by a person."]
    assert release.reached("rollback") == []


def test_a_verdict_that_is_marked_success_by_hand_takes_no_way_out(
    stack: Stack, production: Production
) -> None:
    release = Release.trigger(stack, "thin", pace=FIVE_MINUTES).go()
    release.await_state(WATCH, "deferred")
    release.mark("verdict", "success")
    release.mark(WATCH, "success")
    release.ends_as(Outcome.HELD)
    assert release.reached("rollback", "closeout", "ask", "answer") == ["closeout.report"]
    assert production.fingerprint()["version"] == "v2"
