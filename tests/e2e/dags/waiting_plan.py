"""A plan that waits for tomorrow after it has changed production, in real time; it is watched meanwhile."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

from asking_plan import plan as asking

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.steps import WaitUntil

plan = replace(
    asking,
    name="waiting",
    title="Waiting",
    on_production=[
        *asking.on_production,
        WaitUntil(name="wait_for_tomorrow", at=time(23, 59), timezone=ZoneInfo("UTC"), day=1),
    ],
)
dag = release_dag(plan)
