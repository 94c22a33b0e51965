"""Whether a letter may go out, on every history."""

from datetime import UTC, datetime

import pytest

from slipway.channel import Twice
from slipway.delivery.policy import certainly_not_sent, next_try, state_after, what_became
from slipway.delivery.states import State
from slipway.errors import MissingConnection, StepFailed
from slipway.ledger.notices import Try
from slipway.vendor_faults import AnswerUnreadable, TooManyCalls, VendorBroken, VendorUnreachable


def tries(*states: str) -> list[Try]:
    begun = datetime(2026, 3, 7, 7, tzinfo=UTC)
    return [Try(number=number, begun_at=begun, state=state) for number, state in enumerate(states, 1)]


@pytest.mark.parametrize(
    ("states", "noticed", "harmless"),
    [
        ([], 1, 1),
        (["failed"], 2, 2),
        (["failed", "failed"], 3, 3),
        (["sent"], None, None),
        (["failed", "sent"], None, None),
        ([""], None, 2),
        (["unknown"], None, 2),
        (["unknown", "failed"], None, 3),
        (["", "sent"], None, None),
    ],
)
def test_the_next_try(states: list[str], noticed: int | None, harmless: int | None) -> None:
    assert next_try(tries(*states), Twice.NOTICED) == noticed
    assert next_try(tries(*states), Twice.HARMLESS) == harmless
    assert next_try(tries(*states), Twice.LOOKED_FOR) == harmless


@pytest.mark.parametrize(
    ("states", "number"), [(["failed", "sent"], 2), (["unknown", "failed"], 1), (["failed", ""], 2)]
)
def test_what_counts_is_what_was_sent_then_what_is_in_doubt(states: list[str], number: int) -> None:
    assert what_became(tries(*states)).number == number


@pytest.mark.parametrize(
    ("fault", "certain"),
    [
        (VendorUnreachable("S", "POST", "c", "refused", sent=False), True),
        (VendorUnreachable("S", "POST", "c", "slow", sent=True), False),
        (VendorBroken("S", "POST", 503, ""), False),
        (AnswerUnreadable("S", "POST", "half"), False),
        (TooManyCalls("S", "POST", None), True),
        (MissingConnection("c", "x"), True),
        (StepFailed("no"), True),
        (OSError("?"), False),
    ],
)
def test_only_a_clear_refusal_is_certain(fault: Exception, certain: bool) -> None:
    assert certainly_not_sent(fault) is certain
    assert state_after(fault, Twice.NOTICED) is (State.FAILED if certain else State.UNKNOWN)
    assert state_after(fault, Twice.HARMLESS) is State.FAILED
