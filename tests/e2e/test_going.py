"""GO by mark, and the rollback of what was released, days later."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.production import Production
from tests.e2e.release import GATE, Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, kw_only=True)
class Released:
    """A release that ended well, and production before and after it."""

    release: Release
    production: Production
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def released(stack: Stack) -> Released:
    production = Production(stack.sandbox)
    before = production.reset()
    release = Release.trigger(stack, "thin").go().ends_as(Outcome.RELEASED)
    return Released(release=release, production=production, before=before, after=production.fingerprint())


def test_go_by_mark_releases(released: Released) -> None:
    after, release = released.after, released.release
    assert release.reached("rollback") == []
    assert (after["version"], after["revision"]) == ("v2", "005")
    assert after["flags"]["enhanced_models"] == {"enabled": True, "percentage": 100}
    assert released.production.restarts() == {"begun v2": 1, "done v2": 1}
    [approval] = release.record()["decisions"][0]["approvals"]
    said = (approval["person"], approval["way"], approval["rationale"])
    assert said == ("product_owner", "mark", "GO, staging looks good")


def test_a_later_rollback_waits_for_the_release_that_runs_and_leaves_no_trace(released: Released) -> None:
    stack = released.release.stack
    another = Release.trigger(stack, "thin", "v2-latency")
    another.await_gate()
    back = Release.trigger(stack, "thin", intent="roll_back")
    with stack.airflow.client() as client:
        assert client.dag_run("thin", back.id).state == "queued"
    another.mark(GATE, "failed", note="What is live must go back first")
    another.ends_as(Outcome.REJECTED)
    back.ends_as(Outcome.ROLLED_BACK)
    assert back.record()["rolls_back"] == released.release.id
    assert back.reached("staging", "gate", "production") == []
    assert released.production.fingerprint() == released.before
