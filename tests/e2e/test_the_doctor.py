"""The doctor beside a healthy sandbox and its Airflow."""

import pytest
from tests.e2e.doctor import assert_all_is_well

from slipway.local.stack import Stack

pytestmark = pytest.mark.e2e


def test_the_doctor_finds_nothing_wrong_with_what_runs(stack: Stack) -> None:
    assert_all_is_well(stack, "smart_personal_planner")
