"""What AWS may answer instead of what was asked of it, and what must come of each."""

import re
import time
from collections.abc import Callable, Collection

import pytest
from tests.bad_answers import TIMEOUT, Bad
from tests.steps.aws.conftest import Amazon

from slipway.steps import aws_api
from slipway.steps.faults.aws import SlowedDown
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    InTheWay,
    NotThere,
    VendorBroken,
    VendorUnreachable,
)

# By AWS's own code, where it is an error's.
BAD = {
    "ExpiredToken": Bad(trouble={"status": 400}, faults=(AccessRefused,), said='in the connection "aws"'),
    "AccessDenied": Bad(trouble={"status": 403}, faults=(AccessRefused,), said="docs/connections.md"),
    "NoSuchKey": Bad(trouble={"status": 404}, faults=(NotThere,), said="NoSuchKey"),
    "OperationAborted": Bad(trouble={"status": 409}, faults=(InTheWay,), said="what holds it"),
    "Throttling": Bad(trouble={"status": 429}, faults=(SlowedDown,), said="Try again later"),
    "InternalError": Bad(trouble={"status": 500}, faults=(VendorBroken,), said="status page"),
    "broken when it was done": Bad(
        trouble={"status": 503, "after": True}, faults=(VendorBroken, SlowedDown), said="[Tt]ry again"
    ),
    "no answer": Bad(trouble={"delay": 2 * TIMEOUT}, faults=(VendorUnreachable,), said="no answer in time"),
    "half an answer": Bad(
        trouble={"half": True},
        faults=(VendorUnreachable, AnswerUnreadable),
        said="the answer (broke off half-way|cannot be read)",
    ),
}


def each_bad_answer(*, without: Collection[str] = ()) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each of them as `name`."""
    assert set(without) <= set(BAD)
    slow = pytest.mark.slow  # as the others are
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=slow) for name in BAD if name not in without]
    )


def meets(amazon: Amazon, name: str, match: str, call: str, act: Callable[[], object]) -> None:
    """See that a bad answer to the calls that begin with `match` ends `act` as it must; then all is well."""
    bad = BAD[name]
    if "status" in bad.trouble and not bad.trouble.get("after"):
        amazon.state.codes[bad.trouble["status"]] = name
    with pytest.MonkeyPatch.context() as patch:
        if "delay" in bad.trouble:
            patch.setattr(aws_api, "READ_TIMEOUT", TIMEOUT)
        amazon.stand_in.trouble(match=match, times=-1, **bad.trouble)
        with pytest.raises(bad.faults) as told:
            act()
    assert re.match(call, str(told.value)), str(told.value)
    assert re.search(bad.said, str(told.value)), str(told.value)
    assert "sandbox-secret" not in str(told.value)
    amazon.stand_in.troubles.clear()
    time.sleep(bad.trouble.get("delay", 0.0))  # Airflow tries again later than a late call is carried out
