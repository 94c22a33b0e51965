"""The gate on a running Airflow: every way around it."""

import pytest
from tests.gate.house import DECISION, GATE, PRODUCTION, House, reasons, went

pytestmark = pytest.mark.e2e


def test_a_staging_step_that_was_marked_success_by_hand_opens_nothing(house: House) -> None:
    release = house.release("alone", deploys=False).wait_for("staging.deploy", "failed")
    release.mark("staging.deploy", "success", by="tech_lead", note="it is there, I looked")
    release.asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="tests are green\noverride: seen by hand")

    assert went(release) == ("failed", "upstream_failed")
    assert reasons(release) == [
        "staging.deploy left no proof of what it tried: it was marked by hand, or skipped; release again, "
        "and let it run"
    ]


def test_a_mark_among_several_tasks_leaves_no_record_and_is_no_go(house: House) -> None:
    release = house.release("alone").asked(GATE)
    entities = [{"task_id": GATE, "new_state": "success"}]
    release.call(
        "PATCH", "/taskInstances", {"actions": [{"action": "update", "entities": entities}]}, by="devops_lead"
    )

    assert went(release) == ("failed", "upstream_failed")
    assert "leaves no record" in reasons(release)[0]


def test_marking_the_whole_group_opens_nothing(house: House) -> None:
    release = house.release("grouped").asked(GATE)
    release.call("PATCH", "/taskGroupInstances/gate", {"new_state": "success"}, by="product_owner")

    release.wait_for(PRODUCTION)
    assert release.task(PRODUCTION).state == "failed"
    assert "gate.decision never decided" in release.log(PRODUCTION)


def test_marking_the_decision_opens_nothing(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(DECISION, "success", by="release_manager")
    release.mark(GATE, "success", by="devops_lead", note="tests are green")

    release.wait_for(PRODUCTION)
    assert release.task(PRODUCTION).state == "failed"
    assert "gate.decision never decided" in release.log(PRODUCTION)


def test_marking_the_decision_after_a_no_go_opens_nothing(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "failed", by="product_owner", note="stop")
    assert went(release) == ("failed", "upstream_failed")
    release.mark(DECISION, "success", by="devops_lead")
    release.clear(PRODUCTION)

    release.wait_for(PRODUCTION, "failed", "success")
    assert release.task(PRODUCTION).state == "failed"
    assert "NO-GO by product_owner: stop" in release.log(PRODUCTION)


def test_a_no_go_stays_after_a_clear(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "failed", by="product_owner", note="stop")
    assert went(release) == ("failed", "upstream_failed")

    release.clear(GATE, DECISION, PRODUCTION)
    release.wait_for(GATE, "failed", "awaiting_input")

    assert release.task(GATE).state == "failed"
    assert "answered NO-GO already" in release.log(GATE, 2)
    assert went(release) == ("failed", "upstream_failed")
    release.mark(GATE, "success", by="tech_lead", note="tests are green")
    release.clear(DECISION)
    release.wait_for(DECISION, "failed", "success")
    assert release.task(DECISION).state == "failed"
    assert "Trigger a new release" in release.log(DECISION, 3)


def test_a_go_is_proven_again_when_the_decision_is_cleared(house: House) -> None:
    release = house.release("alone").asked(GATE)
    release.mark(GATE, "success", by="product_owner", note="tests are green")
    assert went(release) == ("success", "success")

    release.clear(DECISION)
    release.wait_for(DECISION, "success", "failed")

    assert release.task(DECISION).state == "success"
    assert release.task(DECISION).try_number == 2
