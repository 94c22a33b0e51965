"""What a demo asks for."""

import pytest

from slipway.local.demo import SandboxFault, Wish
from slipway.words import GateAnswer

GO, NO_GO = GateAnswer.GO, GateAnswer.NO_GO


@pytest.mark.parametrize(
    ("answer", "fault", "keeps", "version", "outcomes"),
    [
        (GO, None, True, "v2", ("RELEASED",)),
        (NO_GO, None, False, "v2", ("REJECTED",)),
        (GO, SandboxFault.LATENCY, False, "v2-latency", ("ROLLED_BACK",)),
        (GO, SandboxFault.LATENCY, True, "v2-latency", ("ROLLED_BACK", "HELD")),
        (NO_GO, SandboxFault.LATENCY, True, "v2-latency", ("REJECTED",)),
        (None, None, False, "v2", ("RELEASED", "REJECTED")),
    ],
)
def test_only_the_outcome_that_the_flags_ask_for_is_granted(
    answer: GateAnswer | None,
    fault: SandboxFault | None,
    keeps: bool,
    version: str,
    outcomes: tuple[str, ...],
) -> None:
    wish = Wish(plan="smart_personal_planner", answer=answer, fault=fault, keeps=keeps)
    assert wish.version == version
    assert wish.outcomes == outcomes
