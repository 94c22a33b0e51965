"""A forked task finds its libraries imported: reading a plan imports nothing large any more."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLANS = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
READ = """
import runpy, sys
from slipway.airflow.preload import preload
preload()
before = set(sys.modules)
runpy.run_path(sys.argv[1])
print("\\n".join(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_reading_a_plan_imports_little(plan: Path) -> None:
    run = subprocess.run([sys.executable, "-c", READ, str(plan)], capture_output=True, text=True, check=True)
    new = run.stdout.splitlines()
    large = ("airflow.providers", "boto", "kubernetes", "paramiko", "sqlalchemy")
    assert [name for name in new if name.startswith(large)] == []
    assert len(new) < 20, new
