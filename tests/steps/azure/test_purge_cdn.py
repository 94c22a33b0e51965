from dataclasses import replace
from typing import NoReturn

import pytest
from tests.steps.azure.world import posts, through

from slipway.kinds import Undo
from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.steps.faults.azure import OperationFailed
from slipway.steps.purge_cdn import PurgeCdn
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, CallRefused, NotThere, TooManyCalls, VendorBroken

STEP = PurgeCdn(name="purge", resource_group="cpr-prod-rg", profile="cpr-cdn", endpoint="cpr-ui")


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


def test_a_purge_that_azure_gives_up_is_begun_anew(run: LocalRun, cloud: Azure) -> None:
    cloud.state.failing["purge"] = "Out of quota."
    with pytest.raises(OperationFailed, match=r"the purge of .* Failed \(Out of quota"):
        through(lambda: STEP.do(run))
    through(lambda: STEP.do(run))
    assert purged(cloud) == [["/*"]]


def test_a_path_that_azure_does_not_take_is_said(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(CallRefused, match="The content path is invalid"):
        replace(STEP, paths=["index.html"]).do(run)


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [
        ({"status": 403}, AccessRefused),
        ({"status": 404}, NotThere),
        ({"status": 429, "retry_after": "60"}, TooManyCalls),
        ({"status": 500}, VendorBroken),
    ],
)
def test_a_bad_answer_names_the_call(
    run: LocalRun, cloud: Azure, trouble: dict[str, object], fault: type[Exception]
) -> None:
    cloud.trouble(match=r"POST /subscriptions", times=-1, **trouble)
    with pytest.raises(fault, match="profiles/cpr-cdn/endpoints/cpr-ui/purge: HTTP"):
        STEP.do(run)


def test_a_worker_that_is_killed_after_azure_took_the_purge_only_asks_how_it_goes(
    run: LocalRun, cloud: Azure
) -> None:
    with pytest.raises(StillGoing, match="Azure carries out the purge"):
        STEP.do(run)  # what a task knows when it is killed while it waits
    assert through(lambda: STEP.do(run)).summary.endswith("is done")
    assert posts(cloud, "/purge") == 1


def test_a_worker_that_is_killed_before_it_noted_the_purge_purges_again_which_harms_nothing(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = PurgeCdn._begin

    def killed(step: PurgeCdn, run: LocalRun) -> NoReturn:
        begin(step, run)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PurgeCdn, "_begin", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(run)
    assert through(lambda: STEP.do(run)).summary.endswith("is done")
    assert posts(cloud, "/purge") == 2
    assert purged(cloud) == [["/*"], ["/*"]]
