"""What Airflow keeps of the gate's operators when it serialises a DAG."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parent / "dags" / "gates.py"

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own deprecations while it is imported


def serialised(name: str) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    spec = importlib.util.spec_from_file_location("gates", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(DagSerialization.to_dict(getattr(module, name)))


@pytest.mark.parametrize("name", ["alone", "both", "ask", "lists"])
def test_two_parses_give_the_same_dag(name: str) -> None:
    first, second = serialised(name), serialised(name)

    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


@pytest.mark.parametrize("name", ["alone", "both", "ask", "lists"])
def test_the_plan_is_not_serialised(name: str) -> None:
    tasks = [task["__var"] for task in serialised(name)["dag"]["tasks"]]

    kept = {"plan", "approval", "digest", "gate_tasks", "checklist"}
    assert [kept & set(task) for task in tasks] == [set()] * len(tasks)
