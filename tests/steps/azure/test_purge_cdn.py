from dataclasses import replace
from typing import Any

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.azure.world import posts, through
from tests.steps.world import killed_after

from slipway.kinds import Undo
from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.steps import azure_api
from slipway.steps.faults.azure import OperationFailed
from slipway.steps.purge_cdn import PurgeCdn
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import CallRefused, TooManyCalls

STEP = PurgeCdn(name="purge", resource_group="cpr-prod-rg", profile="cpr-cdn", endpoint="cpr-ui")
POLL = "GET /subscriptions/sandbox-subscription/operations/"


def purged(cloud: Azure) -> list[list[str]]:
    return cloud.state.endpoints["cpr-cdn", "cpr-ui"]


def test_a_purge_is_begun_once_and_waited_for(run: LocalRun, cloud: Azure) -> None:
    evidence = through(lambda: STEP.do(run))
    assert (purged(cloud), posts(cloud, "/purge")) == ([["/*"]], 1)
    assert evidence.summary == "the purge of /* from cpr-cdn/cpr-ui is done"
    assert STEP.undoing().undo is Undo.NOTHING
    assert STEP.undo(run, evidence).changed is False
    assert len(purged(cloud)) == 1


def test_a_step_before_the_site_purges_when_the_site_is_back(run: LocalRun, cloud: Azure) -> None:
    step = replace(STEP, when_undone=True)
    assert step.undoing().how == "purges /* of cpr-ui again"
    undo = run.at("rollback.undo_purge")
    through(lambda: step.undo(undo, Evidence(before=run.memory)))
    assert purged(cloud) == [["/*"]]


def test_a_try_that_is_killed_while_azure_purges_sends_nothing_twice(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.state.takes = 60
    with pytest.raises(StillGoing, match=r"Azure carries out the purge of /\* from cpr-cdn/cpr-ui"):
        STEP.do(run)
    with killed_after(monkeypatch, azure_api, "azure_call"):
        STEP.do(run)
    with pytest.raises(StillGoing):
        STEP.do(run)
    assert posts(cloud, "/purge") == 1


def test_a_purge_whose_record_was_lost_is_sent_once_more_and_then_waited_for(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = replace(STEP, when_undone=True)
    undo = run.at("rollback.undo_purge")
    for times, act in (2, lambda: step.do(run)), (4, lambda: step.undo(undo, Evidence(before=run.memory))):
        with killed_after(monkeypatch, PurgeCdn, "_begin"):
            act()
        through(act)
        assert (purged(cloud), posts(cloud, "/purge")) == ([["/*"]] * times, times)
    assert run.memory["before"] == {"endpoint": "cpr-ui"}


def test_a_task_that_a_person_clears_purges_anew(run: LocalRun, cloud: Azure) -> None:
    through(lambda: STEP.do(run))
    through(lambda: STEP.do(run))
    assert posts(cloud, "/purge") == 2


def test_a_purge_that_azure_gives_up_is_begun_anew(run: LocalRun, cloud: Azure) -> None:
    cloud.state.failing["purge"] = "Out of quota."
    with pytest.raises(OperationFailed, match=r"the purge of .* Failed \(Out of quota"):
        through(lambda: STEP.do(run))
    through(lambda: STEP.do(run))
    assert purged(cloud) == [["/*"]]


@pytest.mark.parametrize(
    "trouble", [{"status": 500}, {"status": 429}, {"half": True}], ids=["broken", "busy", "half an answer"]
)
def test_a_purge_of_which_azure_does_not_tell_goes_on(
    run: LocalRun, cloud: Azure, trouble: dict[str, Any]
) -> None:
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.trouble(match=POLL, times=3, **trouble)
    with pytest.raises(StillGoing, match=r"does not tell how far \(Azure: GET /subscriptions/"):
        STEP.do(run)
    through(lambda: STEP.do(run))
    assert posts(cloud, "/purge") == 1


def test_a_poll_that_azure_wants_later_is_no_end(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.trouble(match=POLL, status=429, retry_after="3600")
    with pytest.raises(TooManyCalls, match="Try again in 3600 s"):
        STEP.do(run)
    through(lambda: STEP.do(run))
    assert posts(cloud, "/purge") == 1


@pytest.mark.parametrize("status", [400, 409])
def test_a_purge_whose_poll_is_refused_has_ended(run: LocalRun, cloud: Azure, status: int) -> None:
    with pytest.raises(StillGoing):
        STEP.do(run)
    cloud.trouble(match=POLL, status=status)
    with pytest.raises(OperationFailed, match=r"the purge of .* Failed"):
        STEP.do(run)
    through(lambda: STEP.do(run))
    assert posts(cloud, "/purge") == 2


def test_a_path_that_azure_does_not_take_is_said(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(CallRefused, match="The content path is invalid"):
        replace(STEP, paths=["index.html"]).do(run)


@each_bad_answer(without=["half an answer"])  # it has no body
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_the_next_try_purges(run: LocalRun, cloud: Azure, bad: Bad) -> None:
    call = r"Azure: POST /subscriptions/\S+/purge: "
    meets(cloud, bad, "POST /subscriptions", call, lambda: STEP.do(run))
    if "status" in bad.trouble and "after" not in bad.trouble:
        assert purged(cloud) == []
    through(lambda: STEP.do(run))
    assert purged(cloud)[-1:] == [["/*"]]
