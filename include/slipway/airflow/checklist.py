"""A checklist in Airflow: a form with one box per item."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.form import form_answer, people_as_users
from slipway.kinds import Checklist
from slipway.plan import DecisionMatrix
from slipway.run import Finding, Json
from slipway.verdict import severity_unknown
from slipway.words import Action, Answer, Severity

DONE = "DONE"


@dataclass(frozen=True)
class Follows:
    """What an unticked item and no answer in time lead to, and what goes on meanwhile, in words."""

    unticked: str
    unanswered: str
    meanwhile: str = ""


MEANWHILE = "Production is watched meanwhile: a limit that ends a watch closes this form."
STOPS = Follows("the release stops", "the release stops")
_WORDS = {
    Action.FLAGS_OFF: "the flags are turned off",
    Action.ROLL_BACK: "production is rolled back",
    Action.ROLL_BACK_AND_RESTORE: "production is rolled back, with its data",
}


def follows_after_production(checklist: Checklist, matrix: DecisionMatrix) -> Follows:
    """Return what a checklist leads to once production was changed, by the rows of the matrix."""
    unknown = severity_unknown(checklist)
    return Follows(_said(checklist.on_failure, matrix), _said(unknown, matrix), MEANWHILE)


def _said(severity: Severity, matrix: DecisionMatrix) -> str:
    # The release has stopped where it is: the mildest that may follow is a question.
    what = _WORDS.get(matrix.rule_for(severity).action, "a person is asked whether to roll back")
    return f"{severity}, {what}"


class ChecklistOperator(HITLOperator):
    """Asks a person to tick items; its finding is FAIL with anything unticked, INCONCLUSIVE unanswered."""

    template_fields = ()

    def __init__(self, *, checklist: Checklist, follows: Follows | None = None, **kwargs: Any) -> None:
        follows = follows or STOPS
        super().__init__(
            subject=checklist.heading,
            body="\n".join([*_listed(checklist), "", _effect(checklist, follows)]),
            options=[DONE],
            params={key: _box(item) for key, item in _keys(checklist).items()},
            assigned_users=people_as_users(checklist.people) or None,
            response_timeout=checklist.timeout,
            **{"retries": 0, **kwargs},
        )
        self.checklist, self.follows = checklist, follows

    def execute(self, context: Context) -> Any:
        """Say in the log what is asked, of whom and until when, and wait for a person."""
        self.log.info(
            "%s", waiting_text(self.checklist, datetime.now(UTC) + self.checklist.timeout, self.follows)
        )
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Return the finding; fail when items are unticked and the checklist blocks."""
        finding = self._finding(event)
        self.log.info("%s", finding.summary)
        for item in finding.evidence["unticked"]:
            self.log.warning("Not ticked: %s", item)
        if finding.answer is Answer.PASS or not self.checklist.blocking:
            return finding.to_json()
        context["ti"].xcom_push("return_value", finding.to_json())
        raise AirflowFailException(finding.summary)

    def _finding(self, event: Mapping[str, Any]) -> Finding:
        if "error" in event:
            unticked = list(self.checklist.items)
            evidence: dict[str, Json] = {"ticked": [], "unticked": unticked, "by": "", "at": None}
            late = event.get("error_type") == "timeout"
            summary = "nobody answered in time" if late else f"no answer could be read: {event['error']}"
            return Finding(answer=Answer.INCONCLUSIVE, summary=summary, evidence=evidence)
        answer = form_answer(event)
        boxes = event["params_input"] or {}
        ticked = [item for key, item in _keys(self.checklist).items() if boxes.get(key) is True]
        unticked = [item for key, item in _keys(self.checklist).items() if boxes.get(key) is not True]
        return Finding(
            answer=Answer.FAIL if unticked else Answer.PASS,
            summary=f"{len(ticked)} of {len(self.checklist.items)} ticked by {answer['person']}",
            evidence={"ticked": ticked, "unticked": unticked, "by": answer["person"], "at": answer["at"]},
        )


def waiting_text(checklist: Checklist, until: datetime, follows: Follows = STOPS) -> str:
    """Return what the log of a checklist says while it waits.

    :param until: when its time is over
    :param follows: what an unticked item and no answer lead to, where the checklist blocks
    """
    people = ", ".join(checklist.people) or "anyone who may edit this run"
    goes_on = "the release goes on, and all items are reported as unticked"
    end = follows.unanswered if checklist.blocking else goes_on
    return "\n".join(
        [
            f"{checklist.heading}: a person ticks what is true.",
            *_listed(checklist),
            f"May answer: {people}.",
            f"Unanswered at {until:%Y-%m-%d %H:%M:%S %Z}: {end}.",
            f"Answer it under Required Actions: tick the items, then {DONE}. {_effect(checklist, follows)}",
            "Marking this task ticks nothing, and the report says so.",
        ]
    )


def _listed(checklist: Checklist) -> list[str]:
    return [f"- {item}" for item in checklist.items]


def _effect(checklist: Checklist, follows: Follows) -> str:
    unticked = (
        f"An unticked item: {follows.unticked}." if checklist.blocking else "Unticked items are reported."
    )
    return f"{unticked} {follows.meanwhile}".strip()


def _keys(checklist: Checklist) -> dict[str, str]:
    return {f"item_{number}": item for number, item in enumerate(checklist.items, 1)}


def _box(item: str) -> Param:
    return Param(False, type="boolean", title=item, source="task")
