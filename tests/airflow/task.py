"""A task's run without an Airflow, with what it remembers in memory."""

from types import SimpleNamespace
from typing import Any

from slipway.airflow.run import AirflowRun
from slipway.environment import Environment

ENVIRONMENT = Environment(system="toy", name="production")


def a_run(store: dict[str, Any], **parameters: Any) -> AirflowRun:
    """Return the run of a task whose task state store is `store`."""
    keeps = SimpleNamespace(get=store.get, set=lambda key, value, retention=None: store.update({key: value}))
    ti = SimpleNamespace(
        dag_id="toy",
        run_id="r",
        task_id="t",
        xcom_push=lambda key, value: None,
        xcom_pull=lambda task_ids, key: None,
    )
    return AirflowRun({"task_state_store": keeps, "ti": ti, "params": parameters, "run_id": "r"}, ENVIRONMENT)
