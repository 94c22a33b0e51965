"""What the forms that people fill in have in common."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from airflow.sdk import Param
from airflow.sdk.execution_time.hitl import HITLUser

from slipway.airflow.rest import AirflowApi


class FormAnswerJson(TypedDict):
    """A form's answer as it is pushed as XCom; `at` is an ISO time."""

    option: str
    person: str
    at: str
    rationale: str
    defer_until: str
    override: str


def people_as_users(people: Sequence[str]) -> list[HITLUser]:
    """Return user names as those whom the form lets answer (their ids are their names)."""
    return [HITLUser(id=person, name=person) for person in people]


def text_field(title: str, description: str) -> Param:
    """Return a text field of a form; empty is valid, or the task would fail before it asks."""
    return Param("", type=["string", "null"], title=title, description=description, source="task")


def form_answer(event: Mapping[str, Any]) -> FormAnswerJson:
    """Read the event with which Airflow resumes a task whose form was answered.

    `params_input` may be empty: the REST API does not insist on any field.
    """
    given = event["params_input"] or {}
    at = event["responded_at"]
    return FormAnswerJson(
        option=event["chosen_options"][0],
        person=(event["responded_by_user"] or {}).get("id", ""),
        at=at.isoformat() if isinstance(at, datetime) else str(at),
        rationale=str(given.get("rationale") or "").strip(),
        defer_until=str(given.get("defer_until") or "").strip(),
        override=str(given.get("override") or "").strip(),
    )


def leave_note(ti: Any, text: str, log: Any) -> None:
    """Put a note on this task for the UI; only a courtesy, so a failure is logged and no more."""
    try:
        AirflowApi().note(ti.dag_id, ti.run_id, ti.task_id, text)
    except Exception as error:  # the answer to a form must not depend on a note
        log.warning("Could not leave a note on the task: %s", error)
