"""Whether a checklist without a finding was marked by a person or broke, as the audit log tells it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.airflow import gather
from slipway.airflow.rest import ApiRefused, EventLog

LISTS = ["verification.seen", "verification.other"]


def row(task_id: str, state: str) -> EventLog:
    return EventLog(
        event="patch_task_instance",
        task_id=task_id,
        owner="ann",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        extra={"new_state": state},
    )


def marked(monkeypatch: pytest.MonkeyPatch, answer: Any) -> frozenset[str]:
    def event_logs(*_: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(gather, "AirflowApi", lambda: SimpleNamespace(event_logs=event_logs))
    return gather.marked_failed(SimpleNamespace(dag_id="toy", run_id="r"), LISTS)


def test_only_what_a_person_marked_failed_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row("verification.seen", "failed"), row("verification.other", "success")]
    assert marked(monkeypatch, rows) == {"verification.seen"}


def test_what_the_audit_log_does_not_tell_is_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    assert marked(monkeypatch, ApiRefused("GET", "/eventLogs", 503, "busy")) == frozenset()
    assert marked(monkeypatch, []) == frozenset()
