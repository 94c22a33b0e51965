"""Faults of checklists and duties, by their exact text."""

from datetime import timedelta

import pytest
from tests.prove.plans import faults_of

from slipway.kinds import Checklist
from slipway.plan import Duty


@pytest.mark.parametrize("items", [(), ("Reviewed", " ")])
def test_a_checklist_that_says_nothing_is_refused(items: tuple[str, ...]) -> None:
    assert faults_of(preflight=[Checklist(name="ready", items=items)]) == [
        'preflight[0] "ready": it has no item, or one without a text, so that to tick it says nothing. '
        "Say in items=[...] what a person must have seen."
    ]


def test_an_item_that_stands_twice_is_refused() -> None:
    assert faults_of(preflight=[Checklist(name="ready", items=("Reviewed", "Tested", "Reviewed"))]) == [
        'preflight[0] "ready": "Reviewed" stands in it twice. Leave one out, or say what is different.'
    ]


@pytest.mark.parametrize("field", ["after", "after_rollback"])
def test_a_duty_without_a_title_is_refused(field: str) -> None:
    duty = Duty(title="", due=timedelta(days=1), owner="DevOps")
    assert faults_of(**{field: [duty]}) == [
        f"{field}[0]: it has no title, so nobody knows what to do. Say in title what is to be done."
    ]
