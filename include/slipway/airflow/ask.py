"""Fix forward or roll back: a question with a deadline, whose safe answer is to roll back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, TriggerRule
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import NEVER_EXPIRE

from slipway.airflow.branch import BranchOperator
from slipway.airflow.flow import passed_by
from slipway.airflow.form import (
    form_answer,
    leave_note,
    people_as_users,
    text_field,
)
from slipway.airflow.gate_facts import SHOWN, answers_now
from slipway.airflow.gather import OVERTAKEN, gather, task_states, verdict_given
from slipway.airflow.rest import AirflowApi
from slipway.compile import compile_plan
from slipway.gate.proof import Proof, prove
from slipway.gate.records import Release
from slipway.gate.text import ask_text, shown_json
from slipway.gate.way_back import way_back_now
from slipway.graph import WATCH_WHILE_ASKING
from slipway.plan import Approval, Plan
from slipway.run import Json
from slipway.undoing import overtaken
from slipway.verdict import Verdict
from slipway.words import GateAnswer

FIX_FORWARD = "FIX FORWARD"
ROLL_BACK = "ROLL BACK"
VERDICT = "verdict"
_DEADLINE = "deadline"


def permitted(plan: Plan) -> tuple[str, ...]:
    """Return who may answer: every approver of the gate."""
    people = [person for approval in plan.gate.approvals for person in approval.people]
    return tuple(dict.fromkeys(people))


class AskOperator(HITLOperator):
    """Asks "fix forward or roll back?"; success is FIX FORWARD, failed is ROLL BACK.

    The time to answer is `within_seconds` of the verdict's XCom, counted once and not again for a second ask.
    """

    template_fields = ()

    def __init__(self, *, plan: Plan, **kwargs: Any) -> None:
        super().__init__(
            subject=f"{plan.title}: fix forward or roll back?",
            options=[FIX_FORWARD, ROLL_BACK],
            params={"rationale": text_field("Rationale", "Why. Required to fix forward.")},
            assigned_users=people_as_users(permitted(plan)),
            **{"retries": 0, **kwargs},
        )
        self.plan = plan

    def execute(self, context: Context) -> Any:
        """Show what happened and wait for a person until the deadline."""
        ti = context["ti"]
        verdict: Mapping[str, Json] = ti.xcom_pull(task_ids=VERDICT) or {}
        if not verdict:  # one that was marked success by hand skips none of the ways out
            raise passed_by("there is no verdict")
        deadline = self._deadline(context, verdict)
        left = deadline - datetime.now(UTC)
        if left <= timedelta(0):
            raise AirflowFailException(
                f"Nobody chose before {deadline:%H:%M:%S %Z}: the release is rolled back."
            )
        self.response_timeout = left
        ti.xcom_push(SHOWN, shown_json(Release(digest="", parameters_digest=""), ()))
        reasons: Sequence[str] = verdict.get("reasons") or ()
        graph = compile_plan(self.plan)
        self.body = ask_text(
            reasons=reasons,
            people=permitted(self.plan),
            deadline=deadline,
            way_back=way_back_now(graph, gather(context, graph), Verdict.from_json(verdict)),
            whom_to_call=self.plan.whom_to_call,
        )
        self.log.info("%s\n%s", self.subject, self.body)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the form's answer: fix forward, fail (roll back), or ask again."""
        if "error" in event:
            raise AirflowFailException("Nobody chose in time: the release is rolled back.")
        answer = form_answer(event)
        self.log.info("%s by %s: %s", answer["option"], answer["person"], answer["rationale"])
        if answer["option"] != FIX_FORWARD:
            raise AirflowFailException(f"ROLL BACK chosen by {answer['person']}: {answer['rationale']}")
        if answer["rationale"]:
            return answer
        leave_note(context["ti"], f"Asked again: {answer['person']} gave no rationale", self.log)
        return self.execute(context)

    def _deadline(self, context: Context, verdict: Mapping[str, Json]) -> datetime:
        store = context["task_state_store"]
        kept = store.get(_DEADLINE)
        if kept:
            return datetime.fromisoformat(str(kept))
        deadline = datetime.now(UTC) + timedelta(seconds=float(verdict.get("within_seconds") or 0))
        store.set(_DEADLINE, deadline.isoformat(), retention=NEVER_EXPIRE)
        return deadline


class AnswerOperator(BranchOperator):
    """Proves the answer to "fix forward or roll back?" and branches; whatever is not proven rolls back."""

    def __init__(
        self, *, plan: Plan, ask_task_id: str, fix_forward: str, roll_back: str, **kwargs: Any
    ) -> None:
        super().__init__(**{"retries": 0, "trigger_rule": TriggerRule.ALL_DONE, **kwargs})
        self.plan = plan
        self.ask_task_id = ask_task_id
        self.fix_forward = fix_forward
        self.roll_back = roll_back

    def choose_branch(self, context: Context) -> str:
        """Return the branch, and push {answer, person, way, at, rationale, reasons} under "answer"."""
        proof = self._prove(context)
        self._close_the_watch(context)
        proven = proof is not None and not proof.reasons and proof.given.answer is GateAnswer.GO
        context["ti"].xcom_push("answer", _answer_json(proof, proven))
        if proven and proof:
            self.log.info("Fix forward: %s (%s)", proof.given.person, proof.given.rationale)
            return self.fix_forward
        self.log.info("Roll back: %s", "; ".join(proof.reasons) if proof else "the answer cannot be proven")
        self._overtake(context)
        return self.roll_back

    def _overtake(self, context: Context) -> None:
        """Leave what is undone instead of what the question named, if the watch beside it saw worse."""
        try:
            graph, verdict = compile_plan(self.plan), verdict_given(context)
            since = overtaken(graph, gather(context, graph), verdict) if verdict else None
        except Exception:
            self.log.exception("What the watch beside the question saw cannot be read: as the question named")
            return
        if verdict is None or since is None or since == verdict:
            return
        self.log.info("Overtaken by what %s saw: %s.", WATCH_WHILE_ASKING, since.action)
        for reason in since.reasons:
            self.log.info("  because: %s", reason)
        context["ti"].xcom_push(OVERTAKEN, {"asked": verdict.to_json(), "since": since.to_json()})

    def _close_the_watch(self, context: Context) -> None:
        """End the watch beside the question, which only a living triggerer ends; the report waits for it."""
        ti = context["ti"]
        try:
            if task_states(context).get(WATCH_WHILE_ASKING) == "deferred":
                AirflowApi().mark(ti.dag_id, ti.run_id, WATCH_WHILE_ASKING, "skipped", "closed: answered")
        except Exception:  # it may have ended this very moment
            self.log.warning("%s is left to end by itself", WATCH_WHILE_ASKING, exc_info=True)

    def _prove(self, context: Context) -> Proof | None:
        approval = Approval(role="fix forward or roll back", people=permitted(self.plan))
        try:
            asked = answers_now(AirflowApi(), context["ti"], {self.ask_task_id: approval}, go=FIX_FORWARD)
            return prove(asked[0])
        except Exception:  # rolling back is the safe answer to every doubt
            self.log.exception("The answer cannot be read")
            return None


def _answer_json(proof: Proof | None, proven: bool) -> dict[str, Json]:
    answer = "fix_forward" if proven else "roll_back"
    if proof is None:
        return {"answer": answer, "reasons": ["the answer cannot be proven"]}
    return {**proof.given.to_json(), "answer": answer, "reasons": list(proof.reasons)}
