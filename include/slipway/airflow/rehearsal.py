"""Where a release may be rehearsed: `pace` shortens waiting and sends nothing, so never on a real system."""

import os
from collections.abc import Mapping
from typing import Any

from slipway.airflow.operators import default_connections
from slipway.airflow.run import AirflowRun
from slipway.compile import compile_plan
from slipway.environment import PRACTICE, ROLES
from slipway.kinds import Step
from slipway.plan import Plan
from slipway.run import pace_of
from slipway.steps.airflow_task import AirflowTask


def no_rehearsal(plan: Plan, context: Mapping[str, Any]) -> str:
    """Return why a run with its pace may not touch this production, "" if it may."""
    pace = pace_of(AirflowRun(context, plan.production))
    if pace == 1:
        return ""
    practice = set(os.environ.get(PRACTICE, "").split(","))
    real = [conn_id for conn_id in _used(plan) if conn_id not in practice]
    if not real:
        return ""
    return (
        f"At pace {pace:g} every watch is shorter and no notice is sent: that is a rehearsal, and "
        f"{plan.production.label} is no practice range ({', '.join(real)} lead elsewhere). "
        "Release with pace 1 (docs/operating.md)."
    )


def _used(plan: Plan) -> list[str]:
    """Return the connections of production, also those that only an operator of Airflow's own is given."""
    where = plan.production
    found = {where.connection(role): None for role in ROLES}
    for step in (node.item for node in compile_plan(plan).production_steps()):
        assert isinstance(step, Step)
        found |= dict.fromkeys(_of_guest(step) if isinstance(step, AirflowTask) else step.connections(where))
    return [conn_id for conn_id in found if conn_id]


def _of_guest(step: AirflowTask) -> list[str]:
    by_default = [conn_id for operator in step.operators() for conn_id in default_connections(operator)]
    return [*step.given(), *by_default]
