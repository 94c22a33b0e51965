"""A plan that tells people something at each moment, in real time: its watch lasts seconds."""

from dataclasses import replace
from datetime import timedelta

from thin import thin_plan

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.channel import Channel
from slipway.metrics import CounterRate, CounterRatio
from slipway.moments import Day, Moment
from slipway.notices import Email, PagerDuty, Slack, StatusPage, Webhook
from slipway.plan import DecisionMatrix, Notice, Rule
from slipway.steps import FlagValue, SetFlag
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Severity

SECOND = timedelta(seconds=1)


def notice(name: str, moment: Moment | Day, channel: Channel, text: str) -> Notice:
    return Notice(name=name, moment=moment, audience="the team", channels=[channel], subject=name, text=text)


plan = replace(
    thin_plan("telling"),
    on_production=[SetFlag(name="enable_features", flags=[FlagValue(flag="weekly_digest", percentage=5)])],
    watch=Watch(
        metrics=[
            CounterRate(name="requests", counter="http_requests_total"),
            CounterRatio(name="error_rate", counter="http_requests_total", part={"status": "5.."}),
        ],
        thresholds=[
            # There is always some traffic, so this is always told and never stops anything.
            Threshold(metric="requests", severity=Severity.LOW, above=0),
            Threshold(metric="error_rate", severity=Severity.CRITICAL, above=50),
        ],
        checkpoints=[Every(interval=4 * SECOND, until=8 * SECOND)],
        sample_every=SECOND,
    ),
    matrix=DecisionMatrix(
        rules=[
            Rule(severity=Severity.LOW, action=Action.ALERT, within=SECOND),
            *(Rule(severity=each, action=Action.ROLL_BACK, within=SECOND) for each in list(Severity)[1:]),
        ]
    ),
    notices=[
        notice("began", Moment.AT_START, Slack(connection="planner_slack"), "{version} by {who}"),
        notice(
            "touched",
            Moment.PRODUCTION_STARTED,
            StatusPage(connection="planner_status_page", page="planner"),
            "Now.",
        ),
        notice("busy", Moment.BREACH, PagerDuty(connection="planner_pager"), "{reason}"),
        notice("launched", Day(0), Webhook(connection="planner_webhook", path="/hook"), "{version} is there"),
        notice(
            "done",
            Moment.RELEASED,
            Email(connection="planner_mail", recipients=["all@planner.example"]),
            "{outcome}",
        ),
        notice("sorry", Moment.ROLLED_BACK, Slack(connection="planner_slack"), "never told here"),
    ],
)
dag = release_dag(plan)
