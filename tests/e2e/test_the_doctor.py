"""The doctor beside a healthy sandbox and its Airflow, as a person calls it from another terminal."""

import os
import subprocess
import sys

import pytest

from slipway.local.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("plan", ["smart_personal_planner", "projection_calibration"])
def test_the_doctor_finds_nothing_wrong_with_what_runs(stack: Stack, plan: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "doctor", plan],
        env=os.environ | {"SLIPWAY_ROOT": str(stack.sandbox.root), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("all connections answer\n")
    assert "BAD" not in done.stdout
    assert "ok   slipway    airflow    slipway_airflow: " in done.stdout
    assert done.returncode == 0
