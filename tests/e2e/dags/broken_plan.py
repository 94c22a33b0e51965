"""A plan with two faults: nobody may approve it, and its watch judges a metric that it does not have."""

from dataclasses import replace

from thin import thin_plan

from slipway.airflow import release_dag  # an Airflow DAG would come out of it
from slipway.watching import Threshold
from slipway.words import Severity

plan = thin_plan("broken")
nobody = [replace(approval, people=()) for approval in plan.gate.approvals]
unknown = Threshold(metric="happiness", severity=Severity.LOW, below=1)
dag = release_dag(
    replace(plan, gate=replace(plan.gate, approvals=nobody), watch=replace(plan.watch, thresholds=[unknown]))
)
