"""What Airflow refuses before there is a release."""

from typing import Any

import pytest
from tests.e2e.conftest import NAMES
from tests.e2e.release import Release

from slipway.local.errors import Refused
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "bad",
    [
        {"version": "; rm -rf /"},
        {"pace": 0},
        {"pace": "fast"},
        {"intent": "guess"},
        {"break_glass": "why not"},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_a_bad_parameter_is_refused(stack: Stack, bad: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=f"HTTP 400.*{next(iter(bad))}"):
        Release.trigger(stack, "thin", **{"version": "v2", **bad})


def test_a_broken_plan_is_one_import_error_with_all_its_faults_and_the_others_stay(stack: Stack) -> None:
    with stack.airflow.client("viewer") as client:
        errors = wait_until(client.import_errors, "the import error", timeout=60)
        assert [*errors] == ["broken_plan.py"]
        text = errors["broken_plan.py"]
        assert 'The plan "broken" has 3 faults' in text
        assert 'nobody may approve as "Release owner". List the Airflow user names' in text
        assert 'does not sample a metric "happiness". Valid metrics: "error_rate".' in text
        assert "no row of its severities (LOW) asks or undoes" in text
        assert client.dag("broken") is None
        assert all(client.dag(plan) for plan in NAMES)
