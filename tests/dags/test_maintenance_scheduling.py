"""A reader with document 004 in hand finds every number of it in the plan."""

from datetime import timedelta
from typing import Any

import pytest
from tests.dags.conftest import made_by

from slipway.checks import BaselineLimit, Compared, HttpCheck, HttpSeries, RowChecksums
from slipway.compile import compile_plan, soak_of
from slipway.explain import markdown
from slipway.kinds import Checklist
from slipway.plan import Day, Moment, Opened, Plan, Rule
from slipway.steps import RunCheck
from slipway.watch.judge import Situation, breaches_of, judge
from slipway.watch.limits import Sample
from slipway.watching import Missing, Watch
from slipway.words import Action, Severity

DOCUMENT = [
    # metadata and checklist
    "FEAT-MS-001",
    "02:00 to 04:00",
    "| 02:00 (UTC) | Phase 1: database migration | 15 minutes | - |",
    "| 02:15 (UTC) | Phase 2: application deployment | 30 minutes | - |",
    "| 02:45 (UTC) | Phase 3: frontend deployment | 15 minutes | - |",
    "| 03:00 (UTC) | Phase 4: post-deployment validation | 30 minutes | - |",
    "about 2 hours",
    "less than 15 minutes",
    "PR #342",
    "2+ reviewers",
    "Unit: 156/156, Integration: 23/23",
    "at least 80 % (current: 87 %)",
    "all endpoints < 200 ms p95",
    "Notification Service v2.3+",
    "Resource Management v1.3+",
    # deployment
    "v2.4.0 -> v2.5.0-maintenance",
    "maintenance_scheduling_enabled",
    "daily at 06:00 (0 6 * * *)",
    "maintenance-checker",
    # phases
    "Phase 1: internal team (day 0-2)",
    "~10 internal team members",
    "Phase 2: beta users (day 3-5)",
    "~100 beta testers (opted-in community admins)",
    "user satisfaction score > 4/5",
    "Phase 3: 25 % rollout (day 6-7)",
    "~2,500 users (random selection)",
    "Phase 4: 50 % rollout (day 8-9)",
    "~5,000 users",
    "Phase 5: 100 % rollout (day 10+)",
    "all users (~10,000)",
    "All 10 internal users created a schedule",
    # monitoring
    "above 0.5 %",
    "above 200 ms",
    "below 95 %",
    "below 90 %",
    "above 5 %",
    "above 10 %",
    "below 80 %",
    "above 500 ms",
    "above 300 s",
    "above 1000 ms",
    "2 times the baseline",
    "| First 24 hours of the watch | 1 hour | 1 day |",
    "| First week of the watch | 1 day | 7 days |",
    "| First month of the watch | 7 days | 30 days |",
    # rollback
    "flag off (< 1 minute), job deleted (< 2 minutes), code back (< 5 minutes)",
    "restored from S3 (< 10 minutes)",
    "Investigating issues with new maintenance feature",
    "within 24 hours",
    # people and goals
    "Alex Thompson",
    "sarah.c@communityshare.io",
    "james.w@communityshare.io",
    "maria.g@communityshare.io",
    "david.k@communityshare.io",
    "lisa.p@communityshare.io",
    "emma.r@communityshare.io",
    "20 % of eligible users",
    "50 % of created schedules have alerts",
    "feature adoption rate > 50 %",
    "50 % of resources have maintenance schedules",
    "3+ schedules per resource",
    "15 % reduction in emergency repair requests",
    "95 % maintenance completion rate",
]


def plan() -> Plan:
    found: Plan = made_by("maintenance_scheduling")["plan"]
    return found


@pytest.mark.parametrize("number", DOCUMENT)
def test_a_number_of_document_004_is_in_the_plan(number: str) -> None:
    assert number in markdown(compile_plan(plan())).replace("\\", "")


def test_the_checklist_of_the_document_is_whole() -> None:
    lists = [part for part in plan().preflight if isinstance(part, Checklist)]
    assert [len(each.items) for each in lists] == [6, 5, 5, 4, 4]
    [manual] = [part for part in plan().verify if isinstance(part, Checklist)]
    assert len(manual.items) == 7


def test_the_five_phases_expose_soak_and_look_as_the_document_says() -> None:
    [phased] = plan().strategies
    assert [(s.exposure, s.soak, s.every) for s in phased.stages] == [
        (0.1, timedelta(hours=48), timedelta(hours=1)),
        (1.1, timedelta(hours=72), timedelta(hours=4)),
        (25, timedelta(hours=48), timedelta(hours=6)),
        (50, timedelta(hours=48), timedelta(days=1)),
        (100, timedelta(days=1), timedelta(hours=12)),  # ours: its monitoring is ongoing
    ]


def test_what_no_metric_knows_of_a_phase_is_asked_of_people() -> None:
    [phased] = plan().strategies
    asked = {s.name: [c.items for c in s.require if isinstance(c, Checklist)] for s in phased.stages}
    assert asked == {
        "internal_team": [["All internal users created a schedule, or it will do without those who did not"]],
        "beta_users": [["User satisfaction score > 4/5"]],
        "a_quarter": [],
        "a_half": [["Support ticket volume normal"]],
        "everybody": [],
    }


def test_the_eight_rows_of_the_matrix_are_rules_with_their_timelines() -> None:
    def row(severity: Severity, scenario: str) -> tuple[Action, int, str]:
        rule: Rule = plan().matrix.rule_for(severity, scenario)
        assert rule.scenario == scenario
        return rule.action, int(rule.within.total_seconds() // 60), rule.procedure

    high, critical, medium = Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM
    assert row(high, "api_error_rate_5_to_10_percent") == (Action.ALERT, 10, "")
    assert row(critical, "api_error_rate_above_10_percent") == (Action.ROLL_BACK, 5, "code_rollback")
    assert row(high, "one_or_two_critical_bugs") == (Action.ASK, 30, "code_rollback")
    assert row(critical, "three_or_more_critical_bugs") == (Action.ROLL_BACK, 5, "code_rollback")
    assert row(high, "twice_as_slow") == (Action.ASK, 15, "code_rollback")
    assert row(critical, "data_corruption") == (Action.ROLL_BACK_AND_RESTORE, 15, "full_rollback")
    assert row(medium, "background_job_failure") == (Action.ASK, 30, "disable_job")
    assert row(medium, "alert_delivery_below_80_percent") == (Action.ALERT, 30, "")


def test_a_rollback_goes_flag_job_code_database() -> None:
    undone = [
        node.task_id.removeprefix("rollback.undo_")
        for node in compile_plan(plan()).nodes
        if node.task_id.startswith("rollback.undo_")
    ]
    assert undone[-9:] == [
        "let_the_test_user_in",
        "schedule_maintenance_checker",
        "deploy_front_end",
        "restart_api_servers",
        "deploy_api",
        "insert_seed_data",
        "create_maintenance_tables",
        "fetch_release",
        "create_flag",
    ]
    assert undone[:-9] == [
        "everybody_enable_for_everybody",
        "a_half_enable_for_a_half",
        "a_quarter_enable_for_a_quarter",
        "beta_users_enable_for_beta_users",
        "internal_team_enable_for_internal_team",
    ]


def test_announcements_are_on_the_days_of_the_document() -> None:
    days = [notice.moment.number for notice in plan().notices if isinstance(notice.moment, Day)]
    assert days == [3, 7, 7, 14, 30, 30]
    # Day 0 is when the first group has access; each later one hears when it has.
    opened = [each.moment.stage for each in plan().notices if isinstance(each.moment, Opened)]
    assert opened == [stage.name for stage in plan().strategies[0].stages]
    [coming] = [notice for notice in plan().notices if "New Feature Coming" in notice.subject]
    # Day -3: no release waits three days behind its GO, and before it there may still be a NO-GO.
    assert coming.moment is Moment.BEFORE_PRODUCTION
    assert Moment.AT_START not in {notice.moment for notice in plan().notices}
    assert "October" not in coming.text


def test_a_success_metric_is_asked_for_on_its_day_and_noted_at_the_end() -> None:
    """The release ends on day 40: a duty alone would be read a month too late."""
    asked = {notice.name: notice.text for notice in plan().notices}
    assert [asked[name].count("\n- ") for name in ("team_hears_of_day_7", "team_hears_of_day_30")] == [3, 5]
    noted = [each.title for each in plan().after if each.title.startswith("Noted")]
    assert [title.split(":")[0] for title in noted] == ["Noted as of day 7"] * 3 + ["Noted as of day 30"] * 5
    for title in noted:
        day, _, figure = title.removeprefix("Noted as of ").partition(": ")
        assert figure.lower() in asked[f"team_hears_of_{day.replace(' ', '_')}"].lower()


def test_what_people_write_themselves_is_asked_of_them_and_not_said_to_be_there() -> None:
    [shared] = [notice for notice in plan().notices if notice.name == "beta_users_hear_of_day_7"]
    assert shared.subject.startswith("Share today")
    assert [channel.place for channel in shared.channels] == ["to emma.r@communityshare.io"]


def test_what_the_document_looks_at_after_the_launch_stands_with_the_phases() -> None:
    first, second, third, *_ = (
        soak_of(plan(), stage).checkpoints[0] for stage in plan().strategies[0].stages
    )
    assert "Error rates, performance, user feedback" in first.look_at
    assert "Primary and secondary engineer are available in the first 24 hours" in first.look_at
    for week in (second, third):
        assert "Adoption metrics, user satisfaction, edge cases" in week.look_at


def test_a_bug_that_hits_more_than_a_tenth_of_the_users_is_in_sight_wherever_production_is_watched() -> None:
    watches = [*(soak_of(plan(), stage) for stage in plan().strategies[0].stages), plan().watch]
    for watch in watches:
        assert any("more than 10 % of users" in item for item in watch.checkpoints[0].look_at)
    follows = plan().matrix.rule_for(Severity.HIGH)  # of a watch that is marked failed
    assert follows.action is Action.ROLL_BACK


def test_a_member_of_the_team_has_access_before_the_team_is_told() -> None:
    first = plan().strategies[0].stages[0]
    _, look = first.steps
    assert isinstance(look, RunCheck)
    assert isinstance(look.check, HttpCheck)
    assert (look.check.path, look.check.headers, look.check.status) == (
        "/api/maintenance/schedules",
        {"X-User": "1000000"},
        (200,),
    )
    graph = compile_plan(plan())
    told = [edge.before for edge in graph.edges if edge.after == "notices.tell_that_internal_team_is_open"]
    assert told == [f"rollout.internal_team.{look.name}"]


def test_a_rollback_is_looked_at_by_requests_that_need_no_user() -> None:
    [series] = [check for check in plan().verify_rollback if isinstance(check, HttpSeries)]
    assert (series.times, series.failed_at_most, series.p95_within) == (100, 0, timedelta(milliseconds=500))
    assert "maintenance" not in series.path  # a rollback takes those away


def test_the_status_page_promises_no_data_that_a_restore_took() -> None:
    [resolved] = [
        n for n in plan().notices if n.name.startswith("status_page") and n.moment is Moment.ROLLED_BACK
    ]
    assert "restored" in resolved.text
    assert "contact support" in resolved.text
    assert any("database was restored" in duty.title for duty in plan().after_rollback)


def test_of_a_rollback_that_failed_all_hands_and_the_public_hear_too() -> None:
    told = [[c.place for c in n.channels] for n in plan().notices if n.moment is Moment.ROLLBACK_FAILED]
    _, all_hands, public = told
    assert "to all-hands@communityshare.io" in all_hands
    assert public == ["communityshare (identified)"]


def test_who_is_told_of_a_breach_reads_who_may_answer() -> None:
    people = ", ".join(plan().gate.approvals[0].people)
    for notice in plan().notices:
        if notice.moment is Moment.BREACH:
            assert f"Only {people} can fix forward" in notice.text


def test_only_what_is_found_right_after_the_migration_restores() -> None:
    [look] = [
        each
        for each in plan().on_production
        if isinstance(each, RunCheck) and isinstance(each.check, RowChecksums)
    ]
    assert (look.name, look.on_failure, look.scenario) == (
        "no_row_changed",
        Severity.CRITICAL,
        "data_corruption",
    )
    steps = [step.name for step in plan().on_production]
    assert steps.index("no_row_changed") == steps.index("insert_seed_data") + 1
    later, _ = plan().strategies[0].stages[3].require
    assert (later.name, later.blocking) == ("no_row_lost", False)  # it tells, and stops nothing
    for check in (look.check, later):
        assert isinstance(check, RowChecksums)
        assert check.compared is not Compared.EQUAL
        assert all(table.users_change for table in check.tables)


def test_what_asks_or_takes_back_is_no_figure_of_a_second() -> None:
    """CloudWatch's newest datapoint counts again at every sample until there is a newer one."""
    everywhere = [
        *plan().watch.thresholds,
        *(limit for stage in plan().strategies[0].stages for limit in stage.thresholds),
    ]
    of_answers = [each for each in everywhere if each.metric in ("error_rate", "latency", "typical_latency")]
    acting = [
        each
        for each in of_answers
        if plan().matrix.rule_for(each.severity, each.scenario).action.ends_the_watch
    ]
    assert acting
    assert all(each.lasting for each in acting)


def job_figures(watch: Watch) -> set[Missing]:
    return {each.missing for each in watch.thresholds if each.metric in ("job_success", "alert_delivery")}


def test_only_in_the_phase_before_the_first_night_no_figure_of_the_job_is_not_judged() -> None:
    first, *others = (soak_of(plan(), stage) for stage in plan().strategies[0].stages)
    assert job_figures(first) == {Missing.NOT_JUDGED}
    for watch in (*others, plan().watch):
        assert job_figures(watch) == {Missing.BREACH, Missing.INCONCLUSIVE}
    assert (
        len(first.thresholds) == len(plan().watch.thresholds) + 1
    )  # its own; what it repeats is not doubled


def test_at_the_end_of_that_phase_the_job_must_have_told_of_itself() -> None:
    [told] = [each for each in plan().strategies[0].stages[0].require if isinstance(each, BaselineLimit)]
    assert {(each.metric, each.below) for each in told.thresholds} == {
        ("job_success", 95),
        ("alert_delivery", 95),
    }
    follows = plan().matrix.rule_for(told.on_failure, told.scenario)
    assert (follows.action, follows.procedure) == (Action.ASK, "disable_job")  # and not the code's rollback


def test_whoever_hears_of_the_launch_hears_that_it_is_off_and_nobody_else() -> None:
    launched = {n.moment.stage: n.channels for n in plan().notices if isinstance(n.moment, Opened)}
    off = {n.stage: n.channels for n in plan().notices if n.stage and n.moment is Moment.ROLLBACK_STARTED}
    assert off == launched
    assert list(launched) == [stage.name for stage in plan().strategies[0].stages]


def test_nobody_is_let_in_before_errors_and_latency_were_looked_at() -> None:
    [calm] = [each for each in plan().verify if isinstance(each, BaselineLimit)]
    assert {(each.metric, each.above) for each in calm.thresholds} == {("error_rate", 0.5), ("latency", 200)}
    assert plan().matrix.rule_for(calm.on_failure).within == timedelta(minutes=30)
    assert calm.on_unknown
    assert plan().matrix.rule_for(calm.on_unknown).within == timedelta(days=1)  # a quiet night takes nothing


def test_a_nightly_job_that_never_runs_asks_a_person() -> None:
    good = dict.fromkeys((metric.name for metric in plan().watch.metrics), 0.0)
    good |= {"alert_delivery": 100.0, "available": 1.0}
    without = {name: value for name, value in good.items() if name != "job_success"}

    def found(watch: Watch) -> list[tuple[str, Action]]:
        samples = [Sample(at=n, values=without) for n in range(3)]
        rows = judge(Situation(watch=watch, matrix=plan().matrix, pace=1, baseline=good, samples=samples))
        return [(each.reason, each.action) for each in breaches_of(rows, plan().matrix, 1)]

    why = "job_success: 0 of 3 good samples, and no data counts as a breach"
    assert found(plan().watch) == [(why, Action.ASK)]
    assert plan().matrix.rule_for(Severity.MEDIUM, "background_job_failure").procedure == "disable_job"
    first, second, *_ = plan().strategies[0].stages
    assert found(soak_of(plan(), first)) == []
    assert found(soak_of(plan(), second)) == [(why, Action.ASK)]


def test_a_warning_has_15_minutes_after_its_checkpoint_and_a_critical_one_none() -> None:
    found: Any = {notice.name: notice for notice in plan().notices}
    assert found["on_call_is_warned"].within == timedelta(minutes=15)
    assert found["on_call_is_warned"].severities == [Severity.MEDIUM]
    assert found["on_call_is_paged"].within is None
    assert found["on_call_is_paged"].severities == [Severity.CRITICAL, Severity.HIGH]


def test_all_rollbacks_are_to_take_less_than_15_minutes() -> None:
    assert [each.within for each in plan().procedures] == [timedelta(minutes=15)] * 3
