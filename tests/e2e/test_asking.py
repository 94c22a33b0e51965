"""Production is watched while people are asked and while a release waits, and does not wait for them."""

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.sandbox import control
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

LOOK, LOOK_AGAIN, GUARD = "verification.look", "verification.look_again", "verification.watch_meanwhile"


def asked(stack: Stack) -> Release:
    """Return a release whose people are asked to look at production."""
    release = Release.trigger(stack, "asking", pace=1).go()
    for form in (LOOK, LOOK_AGAIN):
        release.await_question(form)
    release.await_state(GUARD, "deferred")
    return release


def answer(release: Release, form: str, *, ticked: bool) -> None:
    with release.stack.airflow.client("tech_lead") as client:
        client.respond(release.plan, release.id, form, ["DONE"], {"item_1": ticked})


def test_a_breach_closes_the_forms_that_wait_and_is_rolled_back(stack: Stack, production: Production) -> None:
    before = production.fingerprint()
    release = asked(stack)
    control.stop(production.place)
    release.await_state(GUARD, "failed")
    control.restart(production.place)
    release.ends_as(Outcome.ROLLED_BACK)
    assert [release.task(form).state for form in (LOOK, LOOK_AGAIN)] == ["skipped", "skipped"]
    assert release.task(GUARD).state == "failed"
    [reason] = release.xcom("verdict")["reasons"]
    assert reason.startswith("downtime ")
    assert release.reached("ask", "watch.") == []
    assert production.fingerprint() == before


def test_a_form_that_says_no_closes_the_others_and_a_breach_does_not_wait_for_the_answer_to_the_question(
    stack: Stack, production: Production
) -> None:
    release = asked(stack)
    answer(release, LOOK_AGAIN, ticked=False)
    release.await_question("ask")
    assert release.task(LOOK).state == "skipped"
    assert release.task(GUARD).state == "skipped"  # a NO does not wait for it
    release.await_state("watch_meanwhile", "deferred")
    control.stop(production.place)
    release.await_state("watch_meanwhile", "failed")
    control.restart(production.place)
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.xcom("answer", "answer")["answer"] == "roll_back"
    since = release.xcom("answer", "overtaken")["since"]
    assert (since["branch"], since["action"]) == ("roll back", "roll back")
    assert since["reasons"][0].startswith("downtime ")
    assert since["reasons"][0] in release.record()["reasons"]


def test_a_form_that_a_person_marks_failed_rolls_back_unasked(stack: Stack, production: Production) -> None:
    release = asked(stack)
    release.mark(LOOK, "failed", by="tech_lead", note="It looks broken")
    release.ends_as(Outcome.ROLLED_BACK)  # nobody's answer would have been MEDIUM, which asks
    assert release.reached("ask") == []
    assert release.task(LOOK_AGAIN).state == "skipped"


def test_a_release_goes_on_when_the_last_form_is_answered(stack: Stack, production: Production) -> None:
    release = asked(stack)
    answer(release, LOOK, ticked=True)
    answer(release, LOOK_AGAIN, ticked=True)
    release.ends_as(Outcome.RELEASED)
    assert release.task(GUARD).state == "success"
    assert release.task("verification.close_the_forms").state == "skipped"
    assert release.reached("rollback", "ask", "watch_meanwhile") == []


def test_a_breach_ends_a_wait_and_is_rolled_back(stack: Stack, production: Production) -> None:
    before = production.fingerprint()
    release = Release.trigger(stack, "waiting", pace=1).go()
    wait, guard = "production.wait_for_tomorrow", "production.wait_for_tomorrow_watch_meanwhile"
    release.await_state(wait, "deferred")
    release.await_state(guard, "deferred")
    control.stop(production.place)
    release.await_state(guard, "failed")
    control.restart(production.place)
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.task(wait).state == "skipped"
    assert release.xcom("verdict")["reasons"][0].startswith("downtime ")
    assert release.reached("verification", "ask", "watch.") == []
    assert production.fingerprint() == before
