"""What the doctor finds of the places in Azure that a step will touch."""

from dataclasses import replace

import pytest

from slipway.kinds import Step
from slipway.sandbox.vendors.azure import Azure
from slipway.steps import DeployStaticWebApp, DeployToSlot, PurgeCdn, SwapSlots
from slipway.testing import LocalRun
from slipway.vendor_faults import NotThere

GROUP = "cpr-prod-rg"
DEPLOY = DeployToSlot(name="deploy", resource_group=GROUP, app="cpr-api-prod", package="{version}.zip")
SWAP = SwapSlots(name="swap", resource_group=GROUP, app="cpr-api-prod")
SITE = DeployStaticWebApp(
    name="deploy_ui", resource_group=GROUP, site="cpr-ui-prod", package="cpr-ui-{version}.zip"
)
PURGE = PurgeCdn(name="purge", resource_group=GROUP, profile="cpr-cdn", endpoint="cpr-ui")


def test_slots_sites_and_endpoints_are_looked_at_and_nothing_is_written(run: LocalRun, cloud: Azure) -> None:
    assert DEPLOY.look(run) == "cpr-api-prod/green is not there yet"
    assert SWAP.look(run) == "cpr-api-prod/production is Running; cpr-api-prod/green is not there yet"
    assert SITE.look(run) == "cpr-ui-prod/production is Ready"
    assert PURGE.look(run) == "the endpoint cpr-cdn/cpr-ui is there"
    [signing_in] = {call.path for call in cloud.calls if call.method != "GET"}
    assert signing_in.endswith("/oauth2/v2.0/token")
    assert run.memory == {}


@pytest.mark.parametrize(
    "step", [replace(DEPLOY, app="gone"), replace(SWAP, app="gone"), replace(PURGE, endpoint="gone")]
)
def test_what_is_not_there_is_said(run: LocalRun, cloud: Azure, step: Step) -> None:
    with pytest.raises(NotThere, match="gone"):
        step.look(run)
