"""What the log of a checklist says while it waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow import checklist
from slipway.airflow.checklist import ChecklistOperator, follows_after_production, waiting_text
from slipway.kinds import Checklist
from slipway.plan import DecisionMatrix, Rule
from slipway.run import Json
from slipway.words import Action, Severity

UNTIL = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
ITEMS = ("Input is validated", "Undo is settled")


def test_a_waiting_checklist_says_what_who_until_when_and_where() -> None:
    text = waiting_text(Checklist(name="security", title="6. Security review", items=ITEMS), UNTIL)
    assert text.splitlines() == [
        "6. Security review: a person ticks what is true.",
        "- Input is validated",
        "- Undo is settled",
        "May answer: anyone who may edit this run.",
        "Unanswered at 2026-03-08 07:00:00 UTC: the release stops.",
        "Answer it under Required Actions: tick the items, then DONE. An unticked item: the release stops.",
        "Marking this task ticks nothing, and the report says so.",
    ]


def test_one_that_does_not_block_names_its_people_and_says_that_the_release_goes_on() -> None:
    lines = waiting_text(
        Checklist(name="told", items=ITEMS, people=("ann", "bob"), blocking=False), UNTIL
    ).splitlines()
    assert lines[3:5] == [
        "May answer: ann, bob.",
        "Unanswered at 2026-03-08 07:00:00 UTC: the release goes on, and all items are reported as unticked.",
    ]
    assert lines[5].endswith("Unticked items are reported.")


def test_it_is_said_before_the_task_asks_with_the_time_that_the_checklist_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(checklist, "waiting_text", lambda *given: told.append(given) or "what is asked")
    monkeypatch.setattr(HITLOperator, "execute", lambda self, context: told.append("asked"))
    given = Checklist(name="security", items=ITEMS, timeout=timedelta(hours=3))
    ChecklistOperator(task_id="security", checklist=given).execute({})
    [(shown, until, follows), asked] = told
    assert (shown, follows, asked) == (given, checklist.STOPS, "asked")
    assert timedelta(0) <= datetime.now(UTC) + given.timeout - until < timedelta(minutes=1)


class Pushing:
    """A task instance that keeps what is left for others."""

    def __init__(self) -> None:
        self.left: dict[str, Json] = {}

    def xcom_push(self, key: str, value: Json) -> None:
        self.left[key] = value


def test_no_answer_in_time_is_no_item_that_somebody_left_unticked() -> None:
    given = ChecklistOperator(task_id="seen", checklist=Checklist(name="seen", items=ITEMS))
    ti = Pushing()
    with pytest.raises(AirflowFailException, match="nobody answered in time"):
        given.execute_complete({"ti": ti}, {"error": "timed out", "error_type": "timeout"})
    assert ti.left["return_value"]["answer"] == "INCONCLUSIVE"
    assert ti.left["return_value"]["evidence"]["unticked"] == list(ITEMS)


RULES = [
    Rule(severity=severity, action=action, within=timedelta(hours=1))
    for severity, action in ((Severity.HIGH, Action.ROLL_BACK), (Severity.MEDIUM, Action.ASK))
]


def test_after_production_it_says_what_an_unticked_item_and_no_answer_lead_to() -> None:
    items = Checklist(name="seen", items=ITEMS, on_unknown=Severity.MEDIUM)
    follows = follows_after_production(items, DecisionMatrix(rules=RULES))
    lines = waiting_text(items, UNTIL, follows).splitlines()
    assert (
        lines[4] == "Unanswered at 2026-03-08 07:00:00 UTC: MEDIUM, a person is asked whether to roll back."
    )
    said = (
        "An unticked item: HIGH, production is rolled back. "
        "Production is watched meanwhile: a limit that ends a watch closes this form."
    )
    assert lines[5].endswith(said)
    asked = ChecklistOperator(task_id="seen", checklist=items, follows=follows)
    assert asked.body.endswith(said)
