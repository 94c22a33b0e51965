"""A forked task finds its libraries imported: reading a plan imports nothing large any more."""

import json
import subprocess
import sys
from pathlib import Path

PLANS = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
READ = """
import json, runpy, sys
from slipway.airflow.preload import preload
preload()
for plan in sys.argv[1:]:
    before = set(sys.modules)
    runpy.run_path(plan)
    print(json.dumps([plan, *sorted(set(sys.modules) - before)]))
"""


def test_reading_a_plan_imports_little() -> None:
    """What the plan before it imported a plan finds imported; large things nobody imports."""
    command = [sys.executable, "-c", READ, *map(str, PLANS)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    read = [json.loads(line) for line in run.stdout.splitlines()]
    assert [plan for plan, *_ in read] == [str(plan) for plan in PLANS]
    large = ("airflow.providers", "boto", "kubernetes", "paramiko", "sqlalchemy")
    new = [name for _, *names in read for name in names]
    assert [name for name in new if name.startswith(large)] == []
    assert len(new) < 20, new
