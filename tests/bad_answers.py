"""What a vendor may answer instead of what was asked of it, and what must come of each."""

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from slipway.sandbox.vendors.stand_in import StandIn
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

TIMEOUT = 0.3  # seconds that a test waits for an answer


@dataclass(frozen=True, kw_only=True)
class Bad:
    """An answer, as a stand-in is told of it, and the faults of which one must follow.

    :param said: a pattern of its text, beside system and call: what was answered, and the mend
    """

    trouble: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[type[Exception], ...]
    said: str


BAD = {
    "expired token": Bad(trouble={"status": 401}, faults=(AccessRefused,), said="HTTP 401.*connection"),
    "no right": Bad(trouble={"status": 403}, faults=(AccessRefused,), said="HTTP 403.*(connection|account)"),
    "not there": Bad(trouble={"status": 404}, faults=(NotThere,), said="HTTP 404.*(plan|connection|path)"),
    "in the way": Bad(trouble={"status": 409}, faults=(InTheWay,), said="HTTP 409.*(try again|unlock)"),
    "too many calls": Bad(
        trouble={"status": 429, "retry_after": "60"}, faults=(TooManyCalls,), said="Try again in 60 s"
    ),
    "broken": Bad(trouble={"status": 503}, faults=(VendorBroken,), said="status page"),
    "broken when it was done": Bad(
        trouble={"status": 503, "after": True}, faults=(VendorBroken,), said="status page"
    ),
    "no answer": Bad(trouble={"delay": 2 * TIMEOUT}, faults=(VendorUnreachable,), said="no answer within"),
    "half an answer": Bad(
        trouble={"half": True}, faults=(VendorUnreachable, AnswerUnreadable), said="half-way"
    ),
}


def each_bad_answer(*, without: Collection[str] = ()) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each of them as `bad`."""
    chosen = {name: bad for name, bad in BAD.items() if name not in without}
    assert len(chosen) == len(BAD) - len(without)
    slow = pytest.mark.slow  # each waits for answers that do not come; --quick leaves them out
    params = [pytest.param(bad, id=name.replace(" ", "-"), marks=slow) for name, bad in chosen.items()]
    return pytest.mark.parametrize("bad", params)


def meets(stand_in: StandIn, bad: Bad, match: str, call: str, act: Callable[[], object]) -> None:
    """See that a bad answer to the calls that begin with `match` ends `act` as it must; then all is well.

    :param call: a pattern of how the fault's text begins, e.g. "LaunchDarkly: PATCH /api/v2/flags"
    """
    stand_in.trouble(match=match, times=-1, **bad.trouble)
    with pytest.raises(bad.faults) as told:
        act()
    assert re.match(call, str(told.value)), str(told.value)
    assert re.search(bad.said, str(told.value)), str(told.value)
    stand_in.troubles.clear()
    time.sleep(bad.trouble.get("delay", 0.0))  # Airflow tries again later than a late call is carried out
