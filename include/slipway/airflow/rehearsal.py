"""Where a release may be rehearsed: `pace` shortens waiting and sends nothing, so never on a real system."""

import os
from collections.abc import Mapping
from typing import Any

from slipway.airflow.run import AirflowRun
from slipway.environment import PRACTICE, ROLES
from slipway.plan import Plan
from slipway.run import pace_of


def no_rehearsal(plan: Plan, context: Mapping[str, Any]) -> str:
    """Return why a run with its pace may not touch this production, "" if it may."""
    pace = pace_of(AirflowRun(context, plan.production))
    practice = set(os.environ.get(PRACTICE, "").split(","))
    used = (plan.production.connection(role) for role in ROLES)
    real = [conn_id for conn_id in used if conn_id and conn_id not in practice]
    if pace == 1 or not real:
        return ""
    return (
        f"At pace {pace:g} every watch is shorter and no notice is sent: that is a rehearsal, and "
        f"{plan.production.label} is no practice range ({', '.join(real)} lead elsewhere). "
        "Release with pace 1 (docs/operating.md)."
    )
