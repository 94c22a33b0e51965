"""Whether a check or checklist that failed was marked by a person or broke, as the audit log tells it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests import toy

from slipway.airflow import gather
from slipway.airflow.rest import ApiRefused, EventLog
from slipway.compile import compile_plan
from slipway.graph import Kind

LISTS = ["verification.seen", "verification.other"]
MARKED = datetime(2026, 1, 1, tzinfo=UTC)


def row(task_id: str, state: str) -> EventLog:
    return EventLog(
        event="patch_task_instance",
        task_id=task_id,
        owner="ann",
        at=MARKED,
        extra={"new_state": state},
    )


def marked(
    monkeypatch: pytest.MonkeyPatch, answer: Any, began: datetime | None = MARKED - timedelta(minutes=1)
) -> frozenset[str]:
    def event_logs(*_: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    api = SimpleNamespace(event_logs=event_logs, task_instance=lambda *_: SimpleNamespace(started_at=began))
    monkeypatch.setattr(gather, "AirflowApi", lambda: api)
    return gather.marked_failed(SimpleNamespace(dag_id="toy", run_id="r"), LISTS)


def test_only_what_a_person_marked_failed_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row("verification.seen", "failed"), row("verification.other", "success")]
    assert marked(monkeypatch, rows) == {"verification.seen"}


def test_what_the_audit_log_does_not_tell_is_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    assert marked(monkeypatch, ApiRefused("GET", "/eventLogs", 503, "busy")) == frozenset()
    assert marked(monkeypatch, []) == frozenset()


def test_a_mark_from_before_the_task_began_anew_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row("verification.seen", "failed")]
    assert marked(monkeypatch, rows, began=MARKED + timedelta(minutes=1)) == frozenset()
    assert marked(monkeypatch, rows, began=None) == {"verification.seen"}  # it was marked before it began


def test_an_undo_that_skipped_itself_has_left_something_and_a_step_that_was_passed_over_has_not() -> None:
    graph = compile_plan(toy.plan())
    [undo, *_] = graph.of_kind(Kind.UNDO)
    [step, *_] = graph.of_kind(Kind.STEP)
    assert gather._left_something(undo, "skipped")
    assert gather._left_something(step, "failed")
    assert not gather._left_something(step, "skipped")
    assert not gather._left_something(undo, "upstream_failed")
