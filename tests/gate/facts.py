"""Facts of a gate with one thing changed at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.gate.records import (
    Asked,
    CriterionState,
    FormAnswer,
    GateQuestion,
    Mark,
    Release,
)
from slipway.plan import Approval
from slipway.words import Answer

ENDED = datetime(2026, 3, 7, 6, 30, tzinfo=UTC)
RELEASE = Release(digest="d1", parameters_digest="p1", commits={"deploy": "abc123"})
OWNER = Approval(role="Product owner", people=["ann", "bob"])
LEAD = Approval(role="Tech lead", people=["lea", "ann"])

QUESTION = GateQuestion(
    release=RELEASE,
    criteria=[CriterionState(text="health is good", answer=Answer.PASS)],
    requester="rita",
    requester_may_approve=True,
    window_open=True,
)


def question(**changes: Any) -> GateQuestion:
    return replace(QUESTION, **changes)


def mark(
    person: str = "ann",
    *,
    before: float = 0.2,
    state: str = "success",
    note: str = "staging is fine",
    **changes: Any,
) -> Mark:
    """A row of the audit log, `before` seconds before the task ended (negative: after)."""
    return Mark(person=person, at=ENDED - timedelta(seconds=before), state=state, note=note, **changes)


def form(
    person: str = "ann", option: str = "GO", rationale: str = "looks good", **changes: Any
) -> FormAnswer:
    at = ENDED - timedelta(seconds=2)
    return FormAnswer(person=person, at=at, option=option, rationale=rationale, **changes)


def asked(**changes: Any) -> Asked:
    """The product owner's task, marked success by ann unless said otherwise."""
    by_mark = Asked(
        task_id="gate.go_no_go",
        approval=OWNER,
        state="success",
        ended_at=ENDED,
        shown=RELEASE,
        marks=() if "form" in changes else (mark(),),
    )
    return replace(by_mark, **changes)
