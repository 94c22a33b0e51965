"""A release as the terminal shows it."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from slipway.local.demo import Wish
from slipway.local.follow import Follower, checkpoint_line, in_order
from slipway.local.picture import Picture
from slipway.local.records import Question, Run, Task

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def a_task(task_id: str, state: str | None, minute: int) -> Task:
    started = NOON + timedelta(minutes=minute) if state else None
    return Task(
        task_id=task_id, state=state, started=started, ended=None, try_number=1, operator=None, note=None
    )


def a_question(task_id: str) -> Question:
    return Question(
        task_id=task_id, subject="Go?", body="", options=["GO"], params={}, assigned=["tech_lead"]
    )


PICTURE = Picture(
    run=Run(dag_id="planner", run_id="r", state="running", conf={"version": "v2"}, started=NOON, ended=None),
    tasks=[
        a_task("production.deploy", None, 0),
        a_task("gate.approve_as_tech_lead", "awaiting_input", 3),
        a_task("gate.approve_as_owner", "success", 3),
        a_task("staging.deploy", "success", 1),
    ],
    questions=[a_question("gate.approve_as_owner"), a_question("gate.approve_as_tech_lead")],
    checkpoints=["watch.watch_production checkpoint_1: PASS, all well"],
    now=NOON + timedelta(minutes=4, seconds=5),
    address="http://127.0.0.1:8080",
)


def test_a_gate_that_was_marked_is_not_open_although_its_form_is() -> None:
    assert [each.task_id for each in PICTURE.open_questions] == ["gate.approve_as_tech_lead"]


def test_phases_stand_in_the_order_in_which_they_were_reached() -> None:
    assert list(PICTURE.phases()) == ["staging", "gate"]


def test_a_paused_plan_is_told() -> None:
    screen = io.StringIO()
    Console(file=screen, width=120).print(replace(PICTURE, paused=True).render())
    assert screen.getvalue().splitlines()[-1].startswith("The plan is paused in the UI: no task begins")


def test_the_picture_tells_version_time_and_who_is_asked() -> None:
    screen = io.StringIO()
    Console(file=screen, width=100).print(PICTURE.render())
    shown = [line.rstrip() for line in screen.getvalue().splitlines()]
    assert shown[0] == "planner v2  04:05  running"
    assert "  watch.watch_production checkpoint_1: PASS, all well" in shown
    assert shown[-3:] == [
        "waits for a person: gate.approve_as_tech_lead (asks tech_lead)",
        "  Go?",
        "  http://127.0.0.1:8080/dags/planner/runs/r/tasks/gate.approve_as_tech_lead",
    ]


def test_a_checklist_is_answered_on_the_page_of_its_form() -> None:
    assert PICTURE.asked(a_question("preflight.reviewed"))[-1] == (
        "  http://127.0.0.1:8080/dags/planner/runs/r/tasks/preflight.reviewed/required_actions"
    )


def test_checkpoint_ten_comes_after_nine() -> None:
    assert sorted(["checkpoint_10", "checkpoint_9"], key=in_order) == ["checkpoint_9", "checkpoint_10"]


def test_a_checkpoint_is_one_line() -> None:
    value = {
        "answer": "FAIL",
        "summary": "Checkpoint 3 at 1 h: FAIL",
        "breaches": [{"reason": "errors 7 % is above 1 %"}],
    }
    assert checkpoint_line("watch.w", "checkpoint_3", value) == (
        "watch.w Checkpoint 3 at 1 h: FAIL. errors 7 % is above 1 %"
    )
    assert checkpoint_line("watch.w", "checkpoint_3", None) == "watch.w checkpoint_3: None"


def test_a_demo_gives_what_only_a_person_could_say_whatever_its_value() -> None:
    wish = Wish(plan="toy", pace=9, parameters={"score": 0, "urgent": False})
    assert wish.conf == {"version": "v2", "pace": 9, "score": 0, "urgent": False}


def test_what_was_told_to_run_and_skips_itself_is_told_and_what_was_passed_over_is_not() -> None:
    follower = Follower(None, PICTURE.run, Console(file=io.StringIO()), "")  # type: ignore[arg-type]
    runs = replace(PICTURE, tasks=[a_task("rollback.restore", "running", 1)], questions=[], checkpoints=[])
    assert follower._news(runs) == ["rollback.restore: running"]
    skipped = [a_task("rollback.restore", "skipped", 1), a_task("closeout.hold", "skipped", 1)]
    assert follower._news(replace(runs, tasks=skipped)) == ["rollback.restore: skipped"]
    assert follower._news(replace(runs, tasks=skipped)) == []
