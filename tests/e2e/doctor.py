"""The doctor beside a sandbox and its Airflow, as a person calls it from another terminal."""

import os
import subprocess
import sys

from slipway.local.stack import Stack


def assert_all_is_well(stack: Stack, plan: str) -> None:
    """Ask the doctor about a plan."""
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
