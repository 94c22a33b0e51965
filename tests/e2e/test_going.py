"""GO, and what follows from it."""

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e


def test_go_by_mark_releases(stack: Stack, production: Production) -> None:
    release = Release.trigger(stack, "thin").go().ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    after = production.fingerprint()
    assert (after["version"], after["revision"]) == ("v2", "005")
    assert after["flags"]["enhanced_models"] == {"enabled": True, "percentage": 100}
    assert production.restarts() == {"begun v2": 1, "done v2": 1}
