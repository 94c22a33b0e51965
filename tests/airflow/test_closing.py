"""Questions that nobody needs to answer any more."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.airflow import closing
from slipway.airflow.closing import CloseOthersOperator
from slipway.airflow.rest import ApiRefused

FORMS, GUARD = ["verification.look", "verification.try"], "verification.watch_meanwhile"
CONTEXT = {"ti": SimpleNamespace(dag_id="toy", run_id="r1")}


class Api:
    """Airflow's states, and what was marked."""

    def __init__(self, refuses: int = 0, answered: str = "", **states: str) -> None:
        self.states = {f"verification.{name}": state for name, state in states.items()}
        self.refuses, self.answered, self.marked = refuses, answered, []

    def hitl_detail(self, dag_id: str, run_id: str, task_id: str) -> SimpleNamespace | None:
        if task_id not in FORMS:
            return None
        return SimpleNamespace(responded_at=datetime.now(UTC) if task_id == self.answered else None)

    def task_instance(self, dag_id: str, run_id: str, task_id: str) -> SimpleNamespace:
        return SimpleNamespace(task_id=task_id, state=self.states[task_id])

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str, note: str) -> None:
        if self.refuses:
            raise ApiRefused("PATCH", task_id, self.refuses, "Refused")
        self.marked.append((task_id, state, note))


def closed(monkeypatch: pytest.MonkeyPatch, api: Api) -> list[str]:
    monkeypatch.setattr(closing, "AirflowApi", lambda: api)
    task = CloseOthersOperator(
        task_id="close", causes=[*FORMS, GUARD], questions=FORMS, state="skipped", why="{} failed"
    )
    return task.execute(CONTEXT)  # type: ignore[arg-type]


def test_a_breach_closes_every_form_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(look="awaiting_input", **{"try": "awaiting_input"}, watch_meanwhile="failed")
    assert closed(monkeypatch, api) == FORMS
    note = f"closed: {GUARD} failed"
    assert api.marked == [(form, "skipped", note) for form in FORMS]


def test_a_form_that_says_no_closes_only_those_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(look="failed", **{"try": "awaiting_input"}, watch_meanwhile="deferred")
    assert closed(monkeypatch, api) == ["verification.try"]
    assert api.marked == [("verification.try", "skipped", "closed: verification.look failed")]


def test_a_form_that_is_about_to_be_asked_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(look="failed", **{"try": "queued"}, watch_meanwhile="queued")
    assert closed(monkeypatch, api) == ["verification.try"]


def test_nothing_is_closed_where_something_before_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(look="upstream_failed", **{"try": "upstream_failed"}, watch_meanwhile="upstream_failed")
    with pytest.raises(AirflowSkipException):
        closed(monkeypatch, api)
    assert api.marked == []


def test_an_answer_that_was_given_a_moment_ago_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(
        answered="verification.look", look="running", **{"try": "awaiting_input"}, watch_meanwhile="failed"
    )
    assert closed(monkeypatch, api) == ["verification.try"]


def test_what_ended_by_itself_meanwhile_keeps_nothing_else_open(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(refuses=409, look="awaiting_input", **{"try": "awaiting_input"}, watch_meanwhile="failed")
    assert closed(monkeypatch, api) == []


def test_what_cannot_be_closed_fails_so_that_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(refuses=403, look="awaiting_input", **{"try": "success"}, watch_meanwhile="failed")
    with pytest.raises(ApiRefused):
        closed(monkeypatch, api)


@pytest.mark.parametrize(
    ("breaches", "marked", "closes"),
    [
        ([], False, False),
        ([{"action": "continue"}], False, False),
        ([{"action": "roll back"}], False, True),
        ([], True, True),
    ],
)
def test_a_watch_that_broke_takes_no_decision_from_a_person(
    monkeypatch: pytest.MonkeyPatch, breaches: list[dict[str, str]], marked: bool, closes: bool
) -> None:
    api = Api(ask="awaiting_input", watch_meanwhile="failed")
    monkeypatch.setattr(closing, "AirflowApi", lambda: api)
    monkeypatch.setattr(closing, "marked_failed", lambda ti, tasks: frozenset(tasks if marked else ()))
    ti = SimpleNamespace(dag_id="toy", run_id="r1", xcom_pull=lambda task_ids, key: breaches)
    task = CloseOthersOperator(
        task_id="close", causes=[GUARD], questions=["verification.ask"], state="failed", why="{}", watch=GUARD
    )
    if closes:
        assert task.execute({"ti": ti}) == ["verification.ask"]  # type: ignore[arg-type]
    else:
        with pytest.raises(AirflowSkipException):
            task.execute({"ti": ti})  # type: ignore[arg-type]
        assert api.marked == []
