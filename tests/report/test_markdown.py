import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.report.releases import OUTCOMES, RELEASES, released, rollback_failed, rolled_back
from tests.report.write_golden import GOLDEN

from slipway.graph import Kind
from slipway.record import LogEntry, ReleaseRecord, TaskRecord, from_json, to_json
from slipway.report.markdown import markdown
from slipway.report.short import last_words, short
from slipway.report.timeline import time_split
from slipway.run import LEFT_DOWN, Evidence, Json
from slipway.undoing import Fate
from slipway.words import Answer, Outcome


@pytest.mark.parametrize("name", RELEASES)
def test_the_report_reads_as_the_golden_one(name: str) -> None:
    assert markdown(RELEASES[name]()) == (GOLDEN / f"{name}.md").read_text()


@pytest.mark.parametrize("name", RELEASES)
def test_the_first_line_says_the_outcome(name: str) -> None:
    record = RELEASES[name]()
    assert record.outcome is OUTCOMES[name]
    assert markdown(record).startswith(f"# {OUTCOMES[name]}: ")
    assert short(record).startswith(f"{OUTCOMES[name]}: ")


@pytest.mark.parametrize("name", RELEASES)
def test_a_record_renders_the_same_after_json_whatever_the_order_of_its_keys(name: str) -> None:
    record = RELEASES[name]()
    again = from_json(shuffled(to_json(record)))
    assert again.digest == record.digest
    assert markdown(again) == markdown(record)


def shuffled(value: Json) -> Json:
    if isinstance(value, dict):
        keys = random.Random(7).sample(list(value), len(value))
        return {key: shuffled(value[key]) for key in keys}
    return [shuffled(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", RELEASES)
def test_every_row_of_every_table_has_as_many_cells_as_its_head(name: str) -> None:
    assert_tables_hold(markdown(RELEASES[name]()))


def assert_tables_hold(text: str) -> None:
    width = 0
    for line in text.splitlines():
        cells = line.replace("\\|", "").count("|") if line.startswith("|") else 0
        assert not (cells and width) or cells == width, line
        width = cells


def test_a_release_that_is_not_healthy_says_why_at_the_top() -> None:
    why = "Released, but not healthy: at the end of watch.watch_production, errors 9% is above 5%."
    assert "**Why:**" not in markdown(released())
    assert f"**Why:** {why}" in markdown(replace(released(), reasons=(why,)))


def undone_with(record: ReleaseRecord, *proofs: Json) -> ReleaseRecord:
    """Return the record with these proofs in its undos, in their order."""
    undone = [
        replace(undo, evidence=replace(undo.evidence or Evidence(), proof=proof))
        for undo, proof in zip(record.undone, proofs, strict=True)
    ]
    return replace(record, undone=tuple(undone))


def test_a_flag_that_somebody_turned_down_is_not_called_as_before() -> None:
    record = undone_with(rolled_back(), {LEFT_DOWN: {"calibration": True}}, {}, {})
    text = last_words(record, Path("report.md"))
    assert "is as it was before (v1), but for calibration: somebody turned it down since" in text
    assert "Decide whether calibration is turned up again (rollback verification: SUCCESS)" in text


def test_a_flag_whose_last_undo_found_it_as_before_is_as_before() -> None:
    stays, goes_back = {LEFT_DOWN: {"calibration": True}}, {LEFT_DOWN: {"calibration": False}}
    record = undone_with(rolled_back(), stays, goes_back, {})
    assert "is as it was before (v1). 3 steps undone" in last_words(record, Path("report.md"))


def test_checks_are_counted_alike_at_the_top_and_below() -> None:
    record = released()
    good = [task for task in record.tasks if not (task.finding and task.finding.answer is not Answer.PASS)]
    said = "3 checks passed; 6 checkpoints of the watch"
    assert said in markdown(replace(record, tasks=tuple(good)))
    assert "\n  checks       3 PASS\n" in short(replace(record, tasks=tuple(good)))


def test_a_ticked_checklist_is_counted_as_a_checklist() -> None:
    record = released()
    ticked = replace(next(t for t in record.tasks if t.does is Kind.CHECK and t.ran), does=Kind.CHECKLIST)
    record = replace(record, tasks=(ticked,))
    assert "1 checklist ticked; 6 checkpoints of the watch" in markdown(record)
    assert "\n  checks       1 checklist ticked\n" in short(record)


def test_one_duty_is_all_that_is_next_where_there_is_one() -> None:
    record = released()
    assert "Next:** Retrospective (emil), due 2026-03-14 07:29:37 UTC." in markdown(
        replace(record, duties=record.duties[:1])
    )


def test_the_log_ends_with_what_happened_why_what_next_and_where_the_report_is() -> None:
    text = last_words(rolled_back(), Path("/reports/toy/r.md"))
    assert text.splitlines() == [
        "ROLLED_BACK: Projection calibration v2 on calibration production",
        *short(rolled_back()).splitlines()[1:7],
        "  report       above in this log, and in /reports/toy/r.md",
    ]
    names = [line.split()[0] for line in text.splitlines()[1:]]
    assert names == ["what", "OVERRIDE", "OVERRIDE", "why", "why", "next", "report"]


NASTY = 'a | b\n# RELEASED\n| x | y |\n<script>alert("x")</script> & ```'


def test_what_people_and_programs_write_breaks_neither_table_nor_page() -> None:
    record = rolled_back()
    tasks = tuple(replace(task, title=NASTY, note=NASTY, marked_by=NASTY) for task in record.tasks)
    decisions = tuple(
        replace(each, reasons=(NASTY,), approvals=tuple(replace(a, rationale=NASTY) for a in each.approvals))
        for each in record.decisions
    )
    event = LogEntry(at=record.ended_at, action=NASTY, status=NASTY, who=NASTY, note=NASTY)
    text = markdown(replace(record, tasks=tasks, decisions=decisions, events=(event,), reasons=(NASTY,)))
    assert_tables_hold(text)
    assert "<script>" not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        "# ROLLED_BACK: Projection calibration v2 on calibration production"
    ]


def with_evidence(**values: Json) -> ReleaseRecord:
    record = released()
    step = next(task for task in record.tasks if task.task_id == "production.deploy_backend")
    changed = replace(step, evidence=Evidence(after=values), title="Deploy")
    return replace(record, tasks=tuple(changed if task is step else task for task in record.tasks))


def test_long_evidence_is_cut_and_not_a_wall_of_json() -> None:
    values = {f"field_{number}": {"lines": ["x" * 100] * 100} for number in range(50)}
    text = markdown(with_evidence(**values))
    assert "; and 44 more" in text
    assert max(len(line) for line in text.splitlines()) < 800


def test_no_secret_is_in_a_report() -> None:
    secret = "hunter2SECRET"
    record = with_evidence(password=secret, api_key=secret, dsn=f"postgresql://u:{secret}@db/x", port=5432)
    leaks = (
        f"login failed: password={secret}",
        f"Authorization: Basic {secret}",
        f"curl -H 'Authorization: Bearer {secret}'",
        f'{{"token": "{secret}"}}',
        f"https://u:{secret}@host/path",
    )
    tasks = tuple(replace(task, note=" ; ".join(leaks)) for task in record.tasks)
    approval = replace(record.decisions[0].approvals[0], rationale=leaks[0], override=leaks[4])
    record = replace(
        record,
        tasks=tasks,
        reasons=leaks,
        decisions=(replace(record.decisions[0], reasons=leaks, approvals=(approval,)),),
        parameters={"db_password": secret, "url": leaks[4]},
        events=tuple(LogEntry(at=record.ended_at, action=a, status="", who="", note=a) for a in leaks),
    )
    assert secret not in markdown(record)
    assert secret not in short(record)
    assert "port: 5432" in markdown(record)


@pytest.mark.parametrize("name", RELEASES)
def test_the_short_report_reads_as_the_golden_one_and_fits_a_screen(name: str) -> None:
    text = short(RELEASES[name]())
    assert text == (GOLDEN / f"{name}.txt").read_text()
    assert len(text.splitlines()) <= 16


def test_a_moment_counts_once_and_the_shares_add_up() -> None:
    record = released()
    began = record.triggered_at
    gate = next(task for task in record.tasks if task.task_id == "gate.approve_as_product_owner")
    watch = next(task for task in record.tasks if task.task_id == "watch.watch_production")
    step = next(task for task in record.tasks if task.task_id == "production.deploy_backend")

    def lasting(task: TaskRecord, start: int, end: int) -> TaskRecord:
        times = {"started": began + timedelta(minutes=start), "ended": began + timedelta(minutes=end)}
        return replace(task, **times)

    tasks = (lasting(gate, 0, 10), lasting(watch, 5, 20), lasting(step, 18, 22))
    record = replace(record, tasks=tasks, ended_at=began + timedelta(minutes=25))
    assert time_split(record) == {
        "working": timedelta(minutes=4),
        "watching": timedelta(minutes=8),
        "waiting for a person": timedelta(minutes=10),
        "between tasks": timedelta(minutes=3),
    }


def test_the_schedule_says_what_was_late_and_what_was_not_reached() -> None:
    text = markdown(replace(RELEASES["rejected"](), pace=1.0))
    table = text[text.index("## Schedule") : text.index("## Timeline")]
    staging, production = (row.split("|") for row in table.splitlines() if "UTC" not in row and "20" in row)
    # 08:00 in Berlin is 07:00 in UTC, and staging began 4 min 6 s after that.
    assert [cell.strip() for cell in staging[1:7]] == [
        *("Staging", "DevOps", "done", "2026-03-07 07:00:00 (Sat 08:00 CET)", "2026-03-07 07:04:06"),
        "4 min 6 s",
    ]
    assert [cell.strip() for cell in production[1:7]] == [
        *("Production", "", "not reached", "2026-03-07 07:10:00", "", "")
    ]


def test_a_line_of_the_schedule_that_failed_or_came_early_says_so() -> None:
    record = RELEASES["rolled_back"]()
    begins = record.schedule[1].began
    assert begins
    late = replace(record.schedule[1], due=begins + timedelta(minutes=1), failed=True)
    text = markdown(replace(record, pace=1.0, schedule=(late,)))
    assert "| Production |       | **failed** |" in text
    assert "| in time |" in text


def test_a_rehearsal_is_not_called_late() -> None:
    text = markdown(released())
    table = text[text.index("## Schedule") : text.index("## Timeline")]
    assert "nothing is called late" in table
    assert "in time" not in table


def test_a_rollback_is_held_against_the_time_that_the_plan_gives_it() -> None:
    record = rolled_back()
    assert record.rollback_took == timedelta(seconds=7.25)
    assert "It took 7.2 s.\n" in markdown(record)
    in_time = replace(record, rollback_within=timedelta(seconds=8))
    assert "It took 7.2 s, within the 8.0 s that the plan gives it." in markdown(in_time)
    assert "LATE" not in short(in_time)
    late = replace(record, rollback_within=timedelta(seconds=7))
    assert "It took 7.2 s, **longer than the 7.0 s that the plan gives it**." in markdown(late)
    assert "  LATE         the rollback took 7.2 s, and the plan gives it 7.0 s" in short(late).splitlines()


def test_a_release_that_was_not_rolled_back_took_no_time_to_roll_back() -> None:
    assert released().rollback_took is None


def test_a_release_that_was_taken_back_in_part_is_not_called_begun_and_left() -> None:
    record = rolled_back()
    *others, oldest = record.undone
    left = replace(oldest, undone=False, why=f"{Fate.KEPT} by the procedure")
    held = replace(record, outcome=Outcome.HELD, in_part=True, undone=(*others, left))
    text = markdown(held)
    assert "v2 was taken back in part: 2 steps undone, newest first. What the plan keeps is still on" in text
    assert (
        "**Next:** Still in production: Migration 020: calibrated columns. Nothing is urgent (rollback "
        "verification: SUCCESS); a person decides what becomes of it. Call DevOps lead Dana"
    ) in text
    none = replace(held, undone=tuple(replace(each, undone=False) for each in held.undone))
    assert "v2 was taken back in part: no step had anything to undo. What the plan keeps" in markdown(none)


def test_a_release_that_is_held_behind_a_point_of_no_return_says_what_cannot_come_back() -> None:
    record = rolled_back()
    assert record.verdict
    passed = replace(record.verdict, no_return=("production.delete_old_tables",))
    text = markdown(replace(record, outcome=Outcome.HELD, in_part=True, verdict=passed))
    stays = "production.delete_old_tables cannot be taken back and stays on calibration production."
    assert f"v2 was taken back in part: 3 steps undone, newest first. {stays}" in text
    assert "see that it goes together with what could not be" in text
    assert "Nothing is urgent" not in text


def test_a_rollback_that_broke_off_is_not_said_to_be_in_time() -> None:
    record = replace(rollback_failed(), rollback_within=timedelta(minutes=15))
    assert "It broke off after 35 s; the plan gives it 15 min." in markdown(record)
    assert "within the" not in markdown(record)
