"""What a demo asks for."""

import pytest

from slipway.local.demo import SandboxFault, Wish
from slipway.words import GateAnswer

GO, NO_GO = GateAnswer.GO, GateAnswer.NO_GO


@pytest.mark.parametrize(
    ("answer", "fault", "version", "granted"),
    [
        (GO, None, "v2", ["RELEASED"]),
        (NO_GO, None, "v2", ["REJECTED"]),
        (GO, SandboxFault.LATENCY, "v2-latency", ["ROLLED_BACK"]),
        (NO_GO, SandboxFault.LATENCY, "v2-latency", ["REJECTED"]),
        (None, None, "v2", ["RELEASED", "REJECTED"]),
    ],
)
def test_only_the_outcome_that_the_flags_ask_for_is_granted(
    answer: GateAnswer | None, fault: SandboxFault | None, version: str, granted: list[str]
) -> None:
    wish = Wish(plan="smart_personal_planner", answer=answer, fault=fault)
    outcomes = ["RELEASED", "ROLLED_BACK", "ROLLBACK_FAILED", "REJECTED", "ABORTED", "HELD", None]
    assert wish.version == version
    assert [outcome for outcome in outcomes if wish.is_granted_by(outcome)] == granted
