"""A plan that asks people to look after its deployment, in real time: its watch lasts seconds."""

from dataclasses import replace
from datetime import timedelta

from thin import thin_plan

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.kinds import Checklist
from slipway.metrics import CounterRatio
from slipway.steps import FlagValue, SetFlag
from slipway.watching import Every, Threshold, Watch
from slipway.words import Severity

SECOND = timedelta(seconds=1)

plan = replace(
    thin_plan("asking", probe="planner_production_probe"),
    on_production=[SetFlag(name="enable_features", flags=[FlagValue(flag="weekly_digest", percentage=5)])],
    verify=[
        Checklist(
            name="look",
            items=["It looks as it should"],
            on_failure=Severity.HIGH,
            on_unknown=Severity.MEDIUM,
        ),
        Checklist(name="look_again", items=["It still does"], on_failure=Severity.MEDIUM),
    ],
    watch=Watch(
        metrics=[
            CounterRatio(
                name="downtime",
                source="probe",
                counter="probe_seconds_total",
                part_counter="probe_downtime_seconds_total",
                whole={"system": "planner", "environment": "production"},
            )
        ],
        thresholds=[Threshold(metric="downtime", severity=Severity.HIGH, above=50)],
        checkpoints=[Every(interval=4 * SECOND, until=4 * SECOND)],
        sample_every=SECOND,
    ),
)
dag = release_dag(plan)
