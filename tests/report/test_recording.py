from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.report.releases import (
    BEGAN,
    RELEASES,
    SECOND,
    Course,
    aborted,
    held,
    rejected,
    released,
    rollback_failed,
    rolled_back,
    rolled_back_later,
    to_its_rollback,
    undo,
)

from slipway.compile import compile_plan
from slipway.graph import OUTCOME, REPORT
from slipway.outcome import RollbackResult, ending_of
from slipway.plan import Window
from slipway.report.markdown import markdown
from slipway.report.recording import record_from
from slipway.steps import WaitUntil
from slipway.words import Intent


@pytest.mark.parametrize("name", RELEASES)
def test_the_same_facts_give_the_same_record(name: str) -> None:
    assert RELEASES[name]() == RELEASES[name]()
    assert RELEASES[name]().digest == RELEASES[name]().digest


def test_the_record_leaves_out_the_closeout_itself_so_that_a_second_try_repeats_it() -> None:
    assert {REPORT, OUTCOME}.isdisjoint(task.task_id for task in released().tasks)


def test_a_released_record_has_what_a_later_rollback_needs() -> None:
    record = released()
    assert list(record.evidences()) == [
        "production.back_up_database",
        "production.migration_020",
        "production.deploy_backend",
        "production.enable_calibration",
    ]
    assert record.evidences()["production.deploy_backend"]["before"] == {"version": "v1"}
    assert list(record.findings()) == ["preflight.production_is_healthy"]
    assert record.kept == ()
    assert record.verification is None


def test_the_watch_is_planned_in_the_pace_of_the_rehearsal() -> None:
    watch = next(task for task in released().tasks if task.task_id == "watch.watch_production")
    assert watch.planned == timedelta(minutes=14)  # seven days at pace 720


def test_a_watch_is_planned_as_long_as_its_log_says_where_the_pace_would_leave_no_time_to_look() -> None:
    course = Course(parameters={"version": "v2", "pace": 10_000_000})
    watch = next(task for task in course.record().tasks if task.task_id == "watch.watch_production")
    # 96 checkpoints on the first day and 144 until the seventh, each as long as five samples 0.2 s apart
    assert watch.planned == timedelta(seconds=240)


def test_a_notice_that_was_not_sent_has_the_facts_of_the_release_in_it() -> None:
    course = Course()
    again = replace(
        course.graph.plan.notices[1], subject="{title} {version} after {version_before}: {reason}"
    )
    course.graph = compile_plan(replace(course.graph.plan, notices=[again]))
    [notice] = course.record().notices
    assert (notice.state, notice.subject) == ("not needed", "Projection calibration v2 after v1: …")


def test_undone_steps_stand_newest_first_with_their_reason() -> None:
    assert [(undo.step, undo.undone, undo.why) for undo in rolled_back().undone] == [
        ("production.enable_calibration", True, "production.enable_calibration ran."),
        ("production.deploy_backend", True, "production.deploy_backend ran."),
        ("production.migration_020", True, "production.migration_020 ran."),
    ]
    assert rolled_back().verification is RollbackResult.SUCCESS


def test_an_undo_that_skipped_itself_says_why_and_keeps_only_what_the_procedure_keeps() -> None:
    course = to_its_rollback(errors=[0.1, 7.5])
    undo(course)
    task_id = "rollback.undo_migration_020"
    for why, kept in (("kept: The procedure goes back to …", True), ("covered by the restore: …", False)):
        course.states[task_id] = "skipped"
        course.returned[task_id] = {"undone": False, "why": why}
        record = course.record()
        assert [(undo.state, undo.undone, undo.why) for undo in record.undone][-1] == ("skipped", False, why)
        assert ("Migration 020: calibrated columns" in [each.title for each in record.kept]) is kept
        assert "| Undo: Migration 020: calibrated columns | left as it is |" in " ".join(
            markdown(record).split()
        )
        assert record.verification is RollbackResult.SUCCESS
    del course.returned[task_id]
    assert task_id not in [undo.task_id for undo in course.record().undone]  # another way was taken


def test_what_a_failed_rollback_leaves_is_kept_with_the_reason() -> None:
    record = rollback_failed()
    assert [(kept.title, kept.why, kept.harmless) for kept in record.kept] == [
        ("Migration 020: calibrated columns", "the table player_pools is locked by a report", False),
        ("Back up database", "nothing to undo: a backup harms nobody", True),
    ]
    assert record.verification is RollbackResult.FAILED


def test_a_held_release_keeps_everything() -> None:
    assert [kept.title for kept in held().kept if not kept.harmless] == [
        "Migration 020: calibrated columns",
        "Deploy backend",
        "Enable calibration",
    ]


def test_overrides_name_person_rule_and_reason() -> None:
    assert rolled_back().overrides == (
        "Break glass by rosa: Customers cannot log in since 06:40",
        "petra (Product owner) passed over an open criterion: Staging has too little data to import",
    )
    assert held().overrides == (
        "dana marked `staging.deploy_to_staging` success by hand: The host was busy, I deployed it",
    )


def test_marking_a_watch_or_a_gate_is_no_override() -> None:
    watch = next(task for task in held().tasks if task.task_id == "watch.watch_production")
    assert watch.marked_by == "petra"
    assert not any("petra" in override for override in held().overrides)


def test_a_release_that_did_not_reach_production_has_changed_nothing() -> None:
    for record in (rejected(), aborted()):
        assert record.steps == ()
        assert record.kept == ()
        assert record.undone == ()


def test_duties_are_dated_from_the_end_of_the_release() -> None:
    record = released()
    assert [duty.due - record.ended_at for duty in record.duties] == [timedelta(days=7), timedelta(weeks=2)]


@pytest.mark.parametrize("name", ["rolled_back", "rollback_failed", "held"])
def test_what_was_taken_back_or_is_held_has_duties_of_its_own(name: str) -> None:
    assert [duty.title for duty in RELEASES[name]().duties] == ["Post-mortem"]


@pytest.mark.parametrize("name", ["rejected", "aborted"])
def test_what_did_not_reach_production_leaves_no_duty(name: str) -> None:
    assert RELEASES[name]().duties == ()


def test_a_later_rollback_names_the_release_that_it_undid() -> None:
    record = rolled_back_later()
    assert record.intent is Intent.ROLL_BACK
    assert record.rolls_back == "manual__2026-03-01T06:00:00+00:00"
    assert [undo.undone for undo in record.undone] == [True, True, True]


def test_the_release_ends_with_its_last_task() -> None:
    record = aborted()
    assert record.triggered_at == BEGAN
    assert record.ended_at == max(task.ended for task in record.tasks if task.ended)
    assert record.took == 7.25 * SECOND


def test_a_run_that_was_cleared_and_began_anew_still_began_before_its_tasks() -> None:
    course = Course()
    record = replace(course.trace(), triggered_at=BEGAN + timedelta(days=1))
    again = record_from(
        course.graph, course.facts(), record, ending_of(course.graph, course.facts(), None), None
    )
    assert again.triggered_at == BEGAN + SECOND / 4
    assert again.took == 2 * SECOND


def test_an_answer_that_cannot_be_proven_has_nobody_behind_it() -> None:
    course = Course(answer={"answer": "roll_back", "reasons": ["the answer cannot be proven"]})
    [decision] = course.record().decisions
    assert decision.answer == "roll_back"
    assert decision.approvals == ()
    assert decision.reasons == ("the answer cannot be proven",)


def test_a_plain_airflow_operator_may_return_anything() -> None:
    course = Course()
    course.run("staging.migrate_staging", value=[1, 2])
    task = next(task for task in course.record().tasks if task.task_id == "staging.migrate_staging")
    assert task.evidence is not None
    assert task.evidence.proof == {"returned": [1, 2]}


def test_a_wait_for_a_time_is_no_beginning_of_a_line_of_the_timeline() -> None:
    course = Course()
    wait = WaitUntil(name="wait_for_ten", at=time(7), timezone=ZoneInfo("UTC"))
    course.graph = compile_plan(
        replace(course.graph.plan, on_production=[wait, *course.graph.plan.on_production])
    )
    course.run("production.wait_for_ten", takes=timedelta(hours=2))
    course.run("production.back_up_database")
    [_, production] = course.record().schedule
    first = next(task for task in course.record().tasks if task.task_id == "production.back_up_database")
    assert production.began == first.started
    assert not production.failed


def test_a_line_of_the_timeline_knows_its_own_clock_and_whether_a_task_of_it_failed() -> None:
    course = Course()
    course.run("production.back_up_database", state="failed")
    staging, production = course.record().schedule
    assert (staging.local[-9:], production.local) == ("08:00 CET", "")
    assert (staging.failed, production.failed) == (False, True)


@pytest.mark.parametrize(("opens", "days_later"), [(2, 1), (7, 0), (6, 0)])
def test_what_belongs_into_a_window_is_planned_for_the_next_opening(opens: int, days_later: int) -> None:
    course = Course()
    utc = ZoneInfo("UTC")
    window = Window(days=range(7), start=time(opens), end=time(opens + 2), timezone=utc)
    staging, production = course.graph.plan.schedule
    production = replace(production, begins=time(opens, 10))
    plan = replace(course.graph.plan, windows=[window], schedule=[staging, production])
    usual = course.record().schedule[0].due
    course.graph = compile_plan(plan)
    record = course.record()
    assert record.schedule[0].due == usual  # no window holds it
    day = record.triggered_at.date() + timedelta(days=days_later)
    assert record.schedule[1].due == datetime.combine(day, time(opens, 10), utc)
