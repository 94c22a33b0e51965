"""A reader with document 000 in hand finds every number of it in the plan. The lists are written from it."""

from datetime import time, timedelta
from typing import Any

import pytest
from tests.dags.conftest import made_by

from slipway.checks import Compared
from slipway.compile import compile_plan
from slipway.explain import markdown
from slipway.kinds import Checklist
from slipway.plan import Day, Moment, Plan
from slipway.steps import WaitUntil
from slipway.words import Action, Risk, Severity

FACTS = [
    "2025-06-25",
    "deploy/manual-score-override",
    "feature/manual-score-fixes",
    "--app=the5hc-staging",
    "--app=the5hc)",
    "manage.py migrate",
    "manage.py clear_cache",
    "manage.py collectstatic --noinput",
    "heroku pg:backups:capture --app=the5hc",
    "heroku releases:rollback --app=the5hc",
    "heroku pg:backups:restore --app=the5hc",
    "| day 1, 09:00 (Asia/Seoul) | Staging deployment |",
    "| day 2, 11:00 (Asia/Seoul) | First hour |",
    "Day 1, 09:00 KST",
    "Day 1, 14:00 KST",
    "Day 2, 08:00 KST",
    "Day 2, 10:00 KST",
    "Day 2, 10:15 KST",
    "Day 2, 11:00 KST",
    "All Phase 1-6 changes reviewed",
    "Verify PDF reports include manual scores",
    "Check existing assessments display correctly",
    "Check for JavaScript errors in Sentry and the logs",
    "MANUAL_SCORE_OVERRIDE_USER_GUIDE.md",
    "Expected downtime: less than 5 minutes",
    "above 0.1 %",
    "| Day 1 after the deployment (hourly) | 1 hour | 1 day |",
    "| Week 1 after the deployment (daily) | 1 day | 7 days |",
    "MANUAL_SCORE_OVERRIDE: rollout_percentage 10",
    "MANUAL_SCORE_OVERRIDE: rollout_percentage 100",
    "Lead Developer",
    "DevOps",
    "Product Owner",
    "Support Team",
]
ITEMS = {
    "code_review": 4,
    "testing_complete": 4,
    "documentation": 3,
    "risks_mitigated": 4,
    "internal_team": 3,
    "users_informed": 4,
    "staging_verification": 6,
    "performance_monitoring": 3,
    "immediate_verification": 6,
    "first_hour": 5,
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    made: Plan = made_by("manual_score_override")["plan"]
    return made


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_document_000_is_in_the_plan(plan: Plan, fact: str) -> None:
    assert fact in markdown(compile_plan(plan))


def test_the_lists_of_document_000_are_checklists(plan: Plan) -> None:
    items: list[Any] = [*plan.preflight, *plan.validate, *plan.verify]
    items += [each for stage in plan.strategies[0].stages for each in stage.require]
    assert {each.name: len(each.items) for each in items if isinstance(each, Checklist)} == ITEMS


def test_the_two_days_wait_for_the_times_of_the_document(plan: Plan) -> None:
    def waits(steps: Any) -> list[tuple[int, time]]:
        return [(step.day, step.at) for step in steps if isinstance(step, WaitUntil)]

    assert waits(plan.on_staging) == [(0, time(9)), (0, time(14))]
    assert waits(plan.on_production) == [(1, time(8)), (1, time(10)), (1, time(10, 15))]
    for rollout in plan.strategies:
        assert waits(step for stage in rollout.stages for step in stage.steps) == [(1, time(11))]


def test_the_steps_of_production_come_in_the_order_of_the_document(plan: Plan) -> None:
    order = ["back_up_database", "deploy", "migrate", "clear_cache", "collect_static_files"]
    assert [step.name for step in plan.on_production if step.name in order] == order


def test_a_rollback_takes_the_document_s_way(plan: Plan) -> None:
    back = [node.task_id for node in compile_plan(plan).nodes if node.task_id.startswith("rollback.")]
    way = ["undo_migrate", "undo_deploy", "restore_database", "undo_try_one_off_dyno"]
    assert [name.removeprefix("rollback.") for name in back if name.removeprefix("rollback.") in way] == way


def test_only_damaged_data_is_restored(plan: Plan) -> None:
    assert plan.risk is Risk.MEDIUM
    assert not any(check.on_failure is Severity.CRITICAL for check in plan.verify)
    names = [step.name for step in plan.on_production]
    critical = [step.name for step in plan.on_production if step.on_failure is Severity.CRITICAL]
    assert critical == ["see_rows_unharmed"]
    assert names.index("see_rows_unharmed") == names.index("migrate") + 1
    assert not any(limit.severity is Severity.CRITICAL for limit in plan.watch.thresholds)
    restoring = [r.severity for r in plan.matrix.rules if r.action is Action.ROLL_BACK_AND_RESTORE]
    assert restoring == [Severity.CRITICAL]


def test_an_hour_on_a_difference_of_rows_is_for_a_person(plan: Plan) -> None:
    for rollout in plan.strategies:
        [late] = [each for stage in rollout.stages for each in stage.require if each.name == "data_is_intact"]
        assert late.on_failure is Severity.MEDIUM
    assert plan.matrix.rule_for(Severity.MEDIUM, "").action is Action.ASK
    check: Any = next(each for each in plan.verify if each.name == "data_is_intact")
    assert check.compared is Compared.EQUAL_UP_TO_LAST
    assert [table.users_change for table in check.tables] == [10, 10]


def test_one_error_never_takes_back_a_week_of_manual_scores(plan: Plan) -> None:
    limits = [limit for limit in plan.watch.thresholds if limit.metric == "error_rate"]
    quarter = timedelta(minutes=15)
    found = [
        (each.above, each.lasting, plan.matrix.rule_for(each.severity, each.scenario)) for each in limits
    ]
    assert [(above, lasting, rule.action) for above, lasting, rule in found] == [
        (0.1, timedelta(0), Action.ALERT),
        (0.1, quarter, Action.ASK),
        (5, quarter, Action.ROLL_BACK),
        (5, timedelta(0), Action.ROLL_BACK),
        (2, timedelta(0), Action.ASK),
    ]
    # What has not to last is of so many requests that a single one is nothing.
    assert [each.of_at_least for each in limits if not each.lasting] == [0, 100, 100]
    assert found[1][2].within == timedelta(hours=8)
    for stage in (stage for rollout in plan.strategies for stage in rollout.stages):
        assert [(each.above, each.severity, each.of_at_least) for each in stage.thresholds] == [
            (5, Severity.HIGH, 100)
        ]


def test_the_feature_is_announced_when_everyone_has_it(plan: Plan) -> None:
    told = {notice.name: notice for notice in plan.notices}
    assert told["users_hear_of_the_feature"].moment is Moment.RELEASED
    # Before production nobody knows who has it first: of `gradual` it is 10 %.
    before = told["users_hear_of_the_maintenance"].text
    assert "New, for some of you at once and for everyone within the next days: you can override" in before


def test_the_immediate_rollback_takes_less_than_five_minutes(plan: Plan) -> None:
    within = {each.name: each.within for each in plan.procedures}
    assert within["immediate_rollback"] == timedelta(minutes=5)


def test_the_flag_begins_with_ten_percent_and_only_grows(plan: Plan) -> None:
    exposures = {each.strategy: [stage.exposure for stage in each.stages] for each in plan.strategies}
    assert exposures == {"direct": [100, 100], "gradual": [10, 10, 25, 50, 100]}


def test_users_hear_of_the_maintenance_and_how_to_clear_their_cache(plan: Plan) -> None:
    told = {notice.name: notice for notice in plan.notices}
    before = told["users_hear_of_the_maintenance"]
    assert before.moment is Moment.BEFORE_PRODUCTION
    assert [channel.kind for channel in before.channels] == ["email", "in_app"]
    assert "less than 5 minutes" in before.text
    assert "clear your browser's cache" in before.text
    assert told["team_hears_of_day_3"].moment == Day(1)


def test_the_duties_are_those_of_day_3_and_week_2(plan: Plan) -> None:
    titles = [duty.title for duty in plan.after]
    assert [title.partition(":")[0] for title in titles].count("Day 3") == 4
    assert [title.partition(":")[0] for title in titles].count("Week 2") == 4
