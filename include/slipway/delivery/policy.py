"""Whether a letter may go out: pure, so that it can be tried on every history."""

from collections.abc import Sequence

from slipway.channel import Twice
from slipway.delivery.states import State
from slipway.errors import StepFailed
from slipway.ledger.notices import Try
from slipway.vendor_faults import AnswerUnreadable, VendorBroken, VendorUnreachable

LEFT_OPEN = (
    "A try of {begun:%Y-%m-%d %H:%M:%S} UTC was cut off. It may have been sent, so it is not sent again. See "
    "whether it arrived, and tell people by hand if it did not."
)


def next_try(tries: Sequence[Try], twice: Twice) -> int | None:
    """Return the number of the try that may begin now, None if nothing may be sent again.

    What failed for certain may be tried again. What may have been sent is sent again only where the far side
    tells the second one from the first.
    """
    if not tries:
        return 1
    if any(each.state == State.SENT for each in tries):
        return None
    open_end = any(each.state != State.FAILED for each in tries)
    return None if open_end and twice is Twice.NOTICED else tries[-1].number + 1


def what_became(tries: Sequence[Try]) -> Try:
    """Return the try that counts: the one that was sent, else the doubtful one, else the last."""
    sent = [each for each in tries if each.state == State.SENT]
    doubtful = [each for each in tries if each.state not in (State.SENT, State.FAILED)]
    return (sent or doubtful or list(tries))[-1]


def certainly_not_sent(error: BaseException) -> bool:
    """Tell whether after this fault the letter cannot have left.

    An answer that was lost, or one in which the far side itself is broken, leaves it open; so does every
    error that nobody thought of.
    """
    if isinstance(error, VendorUnreachable):
        return not error.sent
    return isinstance(error, StepFailed) and not isinstance(error, VendorBroken | AnswerUnreadable)


def state_after(error: BaseException, twice: Twice) -> State:
    """Return the state of a letter whose sending ended in an error.

    Where a second try is harmless, a doubtful one counts as failed: it may be tried again.
    """
    return State.FAILED if certainly_not_sent(error) or twice is not Twice.NOTICED else State.UNKNOWN
