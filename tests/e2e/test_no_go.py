"""NO-GO, and everything else that stops a release before production; these releases run side by side."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.production import Production
from tests.e2e.release import GATE, Release

from slipway.local.errors import Refused
from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Releases that are on their way to the gate, and production before them."""

    releases: dict[str, Release]
    production: Production
    before: dict[str, Any]

    def left_production_alone(self, release: Release) -> None:
        assert release.reached("production", "verification", "watch", "rollback") == []
        assert self.production.fingerprint() == self.before
        assert self.production.restarts() == {}


@pytest.fixture(scope="module")
def stopped(stack: Stack) -> Stopped:
    production = Production(stack.sandbox)
    before = production.reset()
    # A version each: all of them fetch into the one staging at the same time.
    releases = {
        "mark": Release.trigger(stack, "aside_mark", "v2"),
        "form": Release.trigger(stack, "aside_form", "v2-latency"),
        "stranger": Release.trigger(stack, "aside_stranger", "v2-error-rate"),
        "unconnected": Release.trigger(stack, "unconnected", "v2", pace=1),
    }
    return Stopped(releases=releases, production=production, before=before)


def test_no_go_by_mark_rejects(stopped: Stopped) -> None:
    release = stopped.releases["mark"]
    release.await_gate()
    release.mark(GATE, "failed", note="The logs look odd")
    release.ends_as(Outcome.REJECTED)
    assert release.xcom("gate.decision")["approvals"][0] | {"at": ""} == {
        "task_id": GATE,
        "role": "Release owner",
        "answer": "NO-GO",
        "person": "product_owner",
        "way": "mark",
        "at": "",
        "rationale": "The logs look odd",
        "override": "",
    }
    assert "Outcome: REJECTED." in release.log("outcome")
    assert "Traceback" not in release.log("outcome")
    stopped.left_production_alone(release)


def test_no_go_by_form_rejects(stopped: Stopped) -> None:
    release = stopped.releases["form"]
    release.await_gate()
    release.respond("NO-GO", "Support is not staffed", by="tech_lead")
    release.ends_as(Outcome.REJECTED)
    reasons = ["Release owner: NO-GO by tech_lead: Support is not staffed"]
    assert release.xcom("gate.decision")["reasons"] == reasons
    stopped.left_production_alone(release)


def test_the_go_of_an_approver_who_may_not_opens_nothing(stopped: Stopped) -> None:
    release = stopped.releases["stranger"]
    release.await_gate()
    with pytest.raises(Refused, match="HTTP 403"):
        release.respond("GO", "I am in a hurry", by="devops_lead")
    with pytest.raises(Refused, match="HTTP 403"):
        release.mark(GATE, "success", by="viewer")
    release.mark(GATE, "success", by="devops_lead", note="I am in a hurry")
    release.ends_as(Outcome.REJECTED)
    refused = "Release owner: devops_lead may not give this approval (may: product_owner, tech_lead)"
    assert refused in release.xcom("gate.decision")["reasons"]
    stopped.left_production_alone(release)


def test_a_missing_connection_ends_the_release_before_anything_is_touched(stopped: Stopped) -> None:
    release = stopped.releases["unconnected"].ends_as(Outcome.ABORTED)
    assert release.reached("staging", "gate") == []
    last = release.log("preflight.check_connections").splitlines()
    assert any("planner_forgotten_db" in line and "airflow connections add" in line for line in last[-10:]), (
        "\n".join(last)
    )
    stopped.left_production_alone(release)
