"""The question after a breach, and checklists, on a running Airflow."""

import pytest
from tests.gate.house import House, Release

pytestmark = pytest.mark.e2e

ASK = "ask.fix_forward_or_roll_back"


def branches(release: Release) -> tuple[str | None, str | None]:
    release.wait_for("held").wait_for("rollback")
    return release.task("held").state, release.task("rollback").state


def test_a_permitted_fix_forward_holds_the_release(house: House) -> None:
    release = house.release("ask").asked(ASK)
    body = house.as_user("viewer").question(release.run.dag_id, release.run.run_id, ASK).body
    assert "Whom to call: On call: oscar, 0123; Manager: mia, 0456." in body.splitlines()
    release.answer(ASK, "FIX FORWARD", by="product_owner", rationale="patch in ten minutes")

    assert branches(release) == ("success", "skipped")
    answer = release.xcom("ask.answer", "answer")
    assert (answer["answer"], answer["person"]) == ("fix_forward", "product_owner")


def test_roll_back_by_form_rolls_back(house: House) -> None:
    release = house.release("ask").asked(ASK)
    release.answer(ASK, "ROLL BACK", by="product_owner", rationale="too bad")

    assert branches(release) == ("skipped", "success")


def test_no_answer_in_time_rolls_back(house: House) -> None:
    assert branches(house.release("ask", within=1)) == ("skipped", "success")


def test_a_fix_forward_by_somebody_else_rolls_back(house: House) -> None:
    release = house.release("ask").asked(ASK)
    release.mark(ASK, "success", by="devops_lead")

    assert branches(release) == ("skipped", "success")


def test_a_ticked_checklist_passes(house: House) -> None:
    release = house.release("lists").asked("preflight.must")
    release.answer("preflight.must", "DONE", by="tech_lead", item_1=True, item_2=True)
    release.wait_for("preflight.must")

    finding = release.xcom("preflight.must")
    assert finding["answer"] == "PASS"
    assert finding["evidence"]["by"] == "tech_lead"


def test_an_unticked_item_stops_where_the_checklist_blocks(house: House) -> None:
    release = house.release("lists").asked("preflight.must").asked("preflight.may")
    for name in ("preflight.must", "preflight.may"):
        release.answer(name, "DONE", by="tech_lead", item_1=True, item_2=False)
        release.wait_for(name)

    assert (release.task("preflight.must").state, release.task("preflight.may").state) == (
        "failed",
        "success",
    )
    for name in ("preflight.must", "preflight.may"):
        assert release.xcom(name)["answer"] == "FAIL"
        assert release.xcom(name)["evidence"]["unticked"] == ["Team told"]
        assert "Not ticked: Team told" in release.log(name)
