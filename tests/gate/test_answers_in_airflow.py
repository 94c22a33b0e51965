"""The gate on a running Airflow: every way to answer it."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.gate.house import DECISION, GATE, House, reasons, went

from slipway.local.errors import Refused

pytestmark = pytest.mark.e2e

OWNER_TASK = "gate.approve_as_product_owner"
LEAD_TASK = "gate.approve_as_tech_lead"


def test_go_by_mark_opens_production(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="tests are green")

    assert went(release) == ("success", "success")
    decision = release.xcom(DECISION)
    given = decision["approvals"][0]
    assert decision["answer"] == "GO"
    assert decision["commits"] == {"deploy": "abc123"}
    assert (given["person"], given["way"], given["rationale"]) == ("product_owner", "mark", "tests are green")


def test_go_by_form_opens_production(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.answer(GATE, "GO", by="tech_lead", rationale="all good", defer_until="", override="")

    assert went(release) == ("success", "success")
    given = release.xcom(DECISION)["approvals"][0]
    assert (given["person"], given["way"], given["rationale"]) == ("tech_lead", "form", "all good")


def test_the_question_shows_what_is_released_and_how_to_answer(house: House) -> None:
    release = house.release("alone").asked(GATE)

    client = house.as_user("viewer")
    body = client.question(release.run.dag_id, release.run.run_id, GATE).body
    assert "version **v2**, to **toy production**" in body
    assert "Triggered by release_manager" in body
    assert "`0123456789abcdef`" in body
    assert "deploy at commit `abc123`" in body
    assert "- **PASS** staging is healthy" in body
    assert "health: PASS: GET /health" in body
    assert "switch back to the release before" in body
    assert "Escalation: call the engineering manager." in body
    assert body.splitlines()[0] in release.log(GATE)
    shown = release.xcom(GATE, "shown")
    assert (shown["digest"], shown["commits"]) == ("0123456789abcdef", {"deploy": "abc123"})


def test_no_go_by_mark_keeps_production_closed(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "failed", by="product_owner", note="not today")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == ["Product owner: NO-GO by product_owner: not today"]


def test_no_go_by_form_looks_like_no_go_by_mark(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.answer(GATE, "NO-GO", by="product_owner", rationale="not today", defer_until="", override="")

    assert went(release) == ("failed", "upstream_failed")
    assert release.task(GATE).state == "failed"
    assert reasons(release) == ["Product owner: NO-GO by product_owner: not today"]


def test_nobody_is_no_go(house: House) -> None:
    release = house.release("brief")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == ["Product owner: was not answered in time"]


def test_a_mark_by_an_editor_who_may_not_approve_is_no_go(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "success", by="devops_lead", note="trust me")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == [
        "Product owner: devops_lead may not give this approval (may: product_owner, tech_lead)"
    ]


def test_the_form_refuses_an_editor_who_may_not_approve(house: House) -> None:
    release = house.release("alone").asked(GATE)

    with pytest.raises(Refused) as refused:
        release.answer(GATE, "GO", by="devops_lead", rationale="trust me", defer_until="", override="")

    assert refused.value.status == 403
    assert release.task(GATE).state == "awaiting_input"


def test_a_viewer_who_tries_first_spoils_only_a_go_of_the_same_moment(house: House) -> None:
    release = house.release("alone").asked(GATE)
    with pytest.raises(Refused):
        release.mark(GATE, "success", by="viewer")
    release.mark(GATE, "success", by="product_owner", note="tests are green")

    assert went(release) == ("failed", "upstream_failed")
    assert "because viewer tried to at the same moment" in reasons(release)[0]


def test_a_viewer_who_tries_afterwards_changes_nothing(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="tests are green")
    with pytest.raises(Refused):
        release.mark(GATE, "success", by="viewer")

    assert went(release) == ("success", "success")


def test_an_answer_without_rationale_is_asked_again(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.answer(GATE, "GO", by="product_owner")
    release.wait_for_answers(GATE, 1).asked(GATE)
    release.answer(GATE, "GO", by="product_owner", rationale="all good", defer_until="", override="")

    assert went(release) == ("success", "success")
    assert [answer["rationale"] for answer in release.xcom(GATE, "answers")] == ["", "all good"]


def test_a_defer_waits_and_asks_again(house: House) -> None:
    release = house.release("alone", pace=1800).asked(GATE)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    release.answer(GATE, "DEFER", by="tech_lead", rationale="peak hour", defer_until=until, override="")
    release.wait_for_answers(GATE, 1).asked(GATE)
    release.answer(GATE, "GO", by="product_owner", rationale="quiet now", defer_until="", override="")

    assert went(release) == ("success", "success")
    options = [(answer["option"], answer["person"]) for answer in release.xcom(GATE, "answers")]
    assert options == [("DEFER", "tech_lead"), ("GO", "product_owner")]


def test_a_defer_without_a_usable_time_is_asked_again(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.answer(GATE, "DEFER", by="tech_lead", rationale="later", defer_until="soon", override="")
    release.wait_for_answers(GATE, 1).asked(GATE)

    assert 'defer_until is "soon": that is not a time' in release.log(GATE)


def test_a_criterion_that_fails_needs_an_override(house: House) -> None:
    release = house.release("alone", health="FAIL").asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="fine")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == ['The criterion "staging is healthy" is FAIL and nobody gave an override']


def test_an_override_passes_a_criterion(house: House) -> None:
    release = house.release("alone", health="FAIL").asked(GATE)
    release.answer(GATE, "GO", by="product_owner", rationale="ok", defer_until="", override="known flake")

    assert went(release) == ("success", "success")
    assert "[OVERRIDE: known flake]" in release.log(DECISION)


def test_the_requester_may_not_approve_a_strict_plan(house: House) -> None:
    release = house.release("strict", by="product_owner").asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="tests are green")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == ["product_owner triggered this release and may not approve it"]


def test_two_approvals_by_two_people_by_two_ways_open_production(house: House) -> None:
    release = house.release("both").asked(OWNER_TASK).asked(LEAD_TASK)
    release.mark(OWNER_TASK, "success", by="product_owner", note="tests are green")
    release.answer(LEAD_TASK, "GO", by="tech_lead", rationale="good", defer_until="", override="")

    assert went(release) == ("success", "success")


def test_one_person_does_not_count_twice(house: House) -> None:
    release = house.release("both").asked(OWNER_TASK).asked(LEAD_TASK)
    release.mark(OWNER_TASK, "success", by="tech_lead", note="tests are green")
    release.mark(LEAD_TASK, "success", by="tech_lead", note="tests are green")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == ["tech_lead gave 2 approvals; each needs a person of its own"]


def test_any_no_go_closes_the_other_questions(house: House) -> None:
    release = house.release("both").asked(OWNER_TASK).asked(LEAD_TASK)
    release.mark(OWNER_TASK, "failed", by="product_owner", note="no")

    assert went(release) == ("failed", "upstream_failed")
    assert release.task(LEAD_TASK).state == "failed"
    assert "closed: NO-GO at gate.approve_as_product_owner" in (release.task(LEAD_TASK).note or "")
