from itertools import count
from typing import Any

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.azure.world import posts, through

from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.steps import swap_slots
from slipway.steps.azure_slots import Slot
from slipway.steps.faults.azure import OperationFailed, SlotEmpty, SlotsMixed
from slipway.steps.swap_slots import SwapSlots
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import VendorBroken

STEP = SwapSlots(name="swap", resource_group="cpr-prod-rg", app="cpr-api-prod", warm_path="/api/health")
SWAP = "/slotsswap"
POLL = (
    "GET /subscriptions/sandbox-subscription/resourceGroups/cpr-prod-rg/providers/Microsoft.Web/sites/"
    "cpr-api-prod/operationresults/"
)


@pytest.fixture
def filled(cloud: Azure) -> tuple[str, str]:
    """The deployments of production and green."""
    new = cloud.state.hold("cpr-api-prod", "green", b"new")
    return serving_now(cloud)[0], new.id


def serving_now(cloud: Azure) -> tuple[str, str]:
    slots = cloud.state.apps["cpr-api-prod"].slots
    held = [slots[name].active for name in ("production", "green")]
    return held[0].id if held[0] else "", held[1].id if held[1] else ""


def test_slots_are_swapped_once_and_swapped_back_once(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    old, new = filled
    evidence = through(lambda: STEP.do(run))
    assert serving_now(cloud) == (new, old)
    assert evidence.before["slot"] == {"deployment": new, "package": ""}
    assert evidence.proof == {"state": "Running", "answers": 200, "warm": True}
    assert evidence.summary == (f"production serves deployment {new[:12]}, green keeps deployment {old[:12]}")
    assert STEP.do(run).after == evidence.after
    assert posts(cloud, SWAP) == 1
    undo = run.at("rollback.undo_swap")
    assert through(lambda: STEP.undo(undo, evidence)).changed is True
    assert serving_now(cloud) == (old, new)
    assert STEP.undo(undo, evidence).changed is False
    assert posts(cloud, SWAP) == 2
    through(lambda: STEP.do(run))
    assert (serving_now(cloud), posts(cloud, SWAP)) == ((new, old), 3)


def test_an_answer_that_is_lost_swaps_only_once(run: LocalRun, cloud: Azure, filled: tuple[str, str]) -> None:
    old, new = filled
    cloud.trouble(match="POST /subscriptions", status=504, after=True)
    with pytest.raises(VendorBroken, match="HTTP 504"):
        STEP.do(run)
    evidence = through(lambda: STEP.do(run))
    assert (serving_now(cloud), posts(cloud, SWAP)) == ((new, old), 1)
    assert evidence.before["with_slot"]["deployment"] == old


def test_a_try_that_is_killed_while_azure_swaps_is_undone_when_that_has_ended(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    with pytest.raises(StillGoing, match="the swap of cpr-api-prod/green with production"):
        STEP.do(run)
    undo = run.at("rollback.undo_swap")
    through(lambda: STEP.undo(undo, Evidence(before=run.memory["before"])))
    assert (serving_now(cloud), posts(cloud, SWAP)) == (filled, 2)


def test_an_undo_of_a_swap_that_never_began_swaps_nothing(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    cloud.trouble(match="POST /subscriptions", status=503)
    with pytest.raises(VendorBroken):
        STEP.do(run)
    undone = STEP.undo(run.at("rollback.undo"), Evidence(before=run.memory["before"]))
    assert (undone.changed, serving_now(cloud)) == (False, filled)
    assert STEP.undo(run, Evidence()).summary == "the swap was never begun"


def test_an_empty_slot_takes_no_traffic(run: LocalRun, cloud: Azure) -> None:
    cloud.state.apps["cpr-api-prod"].slots["green"] = type(
        cloud.state.apps["cpr-api-prod"].slots["production"]
    )()
    with pytest.raises(SlotEmpty, match="cpr-api-prod/green: nothing is deployed to it"):
        STEP.do(run)
    assert posts(cloud, SWAP) == 0


def test_a_swap_that_azure_gives_up_is_begun_anew(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    old, new = filled
    cloud.state.failing["swap"] = "Cannot swap: the slot did not answer the warm-up ping."
    with pytest.raises(OperationFailed, match=r"the swap of cpr-api-prod/green .*warm-up ping"):
        through(lambda: STEP.do(run))
    through(lambda: STEP.do(run))
    assert serving_now(cloud) == (new, old)


def test_a_swap_of_which_azure_does_not_tell_goes_on(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    old, new = filled
    cloud.state.takes = 1
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.state.apps["cpr-api-prod"].busy = ""  # the app does not say that something is at work on it
    cloud.trouble(match=POLL, status=503, times=3)
    with pytest.raises(StillGoing, match=r"does not tell how far \(Azure: GET /subscriptions/\S+: HTTP 503"):
        STEP.do(run)
    through(lambda: STEP.do(run))
    assert (serving_now(cloud), posts(cloud, SWAP)) == ((new, old), 1)


def test_a_swap_that_ends_between_the_looks_at_the_two_slots_is_none_by_somebody_else(
    run: LocalRun, cloud: Azure, filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = filled
    cloud.state.takes = 60
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.state.apps["cpr-api-prod"].busy = ""
    swapped_after_the_first_look(cloud, monkeypatch)
    through(lambda: STEP.do(run))
    assert (serving_now(cloud), posts(cloud, SWAP)) == ((new, old), 1)


def test_a_swap_that_azure_has_forgotten_and_that_ends_between_the_looks_is_done(
    run: LocalRun, cloud: Azure, filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = filled

    def forgotten(*_: object, **__: object) -> None:
        swapped_after_the_first_look(cloud, monkeypatch)

    with monkeypatch.context() as azure:
        azure.setattr(swap_slots, "follow", forgotten)
        with pytest.raises(StillGoing, match="has just changed cpr-api-prod/green"):
            STEP.do(run)
    through(lambda: STEP.do(run))
    assert (serving_now(cloud), posts(cloud, SWAP)) == ((new, old), 0)


def test_what_stood_before_is_what_stood_together(
    run: LocalRun, cloud: Azure, filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = filled
    swapped_after_the_first_look(cloud, monkeypatch)  # by somebody else
    evidence = through(lambda: STEP.do(run))
    assert (evidence.before["slot"]["deployment"], evidence.before["with_slot"]["deployment"]) == (old, new)
    assert serving_now(cloud) == (old, new)


def swapped_after_the_first_look(cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the two slots be swapped after somebody has looked at one of them."""
    app, active, looks = cloud.state.apps["cpr-api-prod"], Slot.active, count()

    def ends_after_the_first(slot: Slot) -> Any:
        held = active(slot)
        if next(looks) == 0:
            app.slots["production"], app.slots["green"] = app.slots["green"], app.slots["production"]
        return held

    monkeypatch.setattr(Slot, "active", ends_after_the_first)


def test_a_swap_whose_poll_is_refused_has_ended(run: LocalRun, cloud: Azure, filled: tuple[str, str]) -> None:
    cloud.state.takes = 60
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.state.apps["cpr-api-prod"].busy = ""
    cloud.trouble(match=POLL, status=409)
    with pytest.raises(OperationFailed, match="the swap of cpr-api-prod/green with production: Failed"):
        STEP.do(run)


def test_slots_that_somebody_else_changed_are_left_alone(
    run: LocalRun, cloud: Azure, filled: tuple[str, str]
) -> None:
    evidence = through(lambda: STEP.do(run))
    production = cloud.state.apps["cpr-api-prod"].slots["production"]
    production.deployments.clear()
    hotfix = cloud.state.hold("cpr-api-prod", "production", b"hotfix")
    with pytest.raises(SlotsMixed, match=f"production holds deployment {hotfix.id[:12]}"):
        STEP.undo(run.at("rollback.undo"), evidence)


def test_a_cold_version_before_is_said_and_is_no_fault(
    run: LocalRun, cloud: Azure, filled: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    cloud.trouble(match="GET /app", status=503, times=-1)
    evidence = through(lambda: STEP.do(run))
    assert evidence.proof == {"state": "Running", "answers": 503, "warm": False}
    assert "a swap back would have to warm it first" in caplog.text


@each_bad_answer(without=["half an answer"])  # it has no body
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_nothing_is_swapped_twice(
    run: LocalRun, cloud: Azure, filled: tuple[str, str], bad: Bad
) -> None:
    old, new = filled
    call = r"Azure: POST /subscriptions/\S+/slots/green/slotsswap: "
    meets(cloud, bad, "POST /subscriptions", call, lambda: STEP.do(run))
    if "status" in bad.trouble and "after" not in bad.trouble:
        assert serving_now(cloud) == filled
    through(lambda: STEP.do(run))
    assert serving_now(cloud) == (new, old)
