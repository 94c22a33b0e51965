"""The gate in Airflow: a question per approval, and the decision that proves who answered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, Context, TriggerRule
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import NEVER_EXPIRE

from slipway.airflow.ask import AnswerOperator, AskOperator
from slipway.airflow.checklist import ChecklistOperator
from slipway.airflow.form import (
    FormAnswerJson,
    form_answer,
    leave_note,
    people_as_users,
    text_field,
)
from slipway.airflow.gate_facts import (
    SHOWN,
    answers_now,
    criteria_now,
    production_outlook,
    question_now,
    release_now,
    requester_of,
    results,
)
from slipway.airflow.gather import task_states
from slipway.airflow.rest import AirflowApi
from slipway.compile import compile_plan
from slipway.errors import SlipwayError
from slipway.facts import NOT_REACHED
from slipway.gate.criteria import unproved
from slipway.gate.deferral import DeferRefused, defer_until
from slipway.gate.policy import judge
from slipway.gate.records import Decision
from slipway.gate.text import OVERRIDE, RATIONALE, Asking, decision_table, question_text, shown_json
from slipway.gate.way_back import way_back
from slipway.plan import Approval, Plan
from slipway.prove.wording import spoken
from slipway.words import GateAnswer

__all__ = [
    "AnswerOperator",
    "AskOperator",
    "ChecklistOperator",
    "DecisionOperator",
    "GateOperator",
    "decide",
    "prove_go",
]

DECISION_TASK_ID = "gate.decision"
ANSWERS = "answers"  # the XCom of a gate with every form answer it was given, oldest first
KEPT = "decision"  # what the decision keeps in its task state store
STANDS = "A NO-GO stays. Trigger a new release."


class GateOperator(HITLOperator):
    """Asks one approval of the gate: GO, NO-GO or DEFER.

    Success is GO and failed is NO-GO, whether by form or by mark; whether it counts is the decision's to say.
    """

    template_fields = ()  # the text is made when it asks, from what staging left

    def __init__(self, *, plan: Plan, approval: Approval, digest: str, **kwargs: Any) -> None:
        gate = plan.gate
        super().__init__(
            subject=gate.question,
            options=[str(option) for option in GateAnswer],
            params={
                "rationale": text_field("Rationale", RATIONALE),
                "defer_until": text_field("Defer until", _defer_help(plan)),
                "override": text_field("Override", OVERRIDE),
            },
            assigned_users=people_as_users(approval.people),
            response_timeout=gate.timeout,
            **{"retries": 0, **kwargs},
        )
        self.plan = plan
        self.approval = approval
        self.digest = digest

    def execute(self, context: Context) -> Any:
        """Show the question, push what it shows, and wait for a person."""
        ti = context["ti"]
        if ti.try_number > 1:
            self._refuse_after_no_go(ti)
        return self._ask(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the form's answer: end, wait, or ask again."""
        if "error" in event:
            raise AirflowFailException(f"NO-GO: nobody answered as {self.approval.role} in time.")
        answer = form_answer(event)
        ti, why = context["ti"], answer["rationale"] or "no rationale"
        ti.xcom_push(ANSWERS, [*(ti.xcom_pull(task_ids=self.task_id, key=ANSWERS) or []), answer])
        self.log.info("%s by %s: %s", answer["option"], answer["person"], why)
        if answer["option"] == GateAnswer.NO_GO:
            raise AirflowFailException(f"NO-GO by {answer['person']}: {why}")
        if not answer["rationale"]:
            return self._ask_again(context, f"{answer['person']} gave no rationale")
        if answer["option"] == GateAnswer.DEFER:
            return self._defer(context, answer)
        return answer

    def ask_again(self, context: Context, event: Any = None) -> Any:
        """Ask again after a DEFER."""
        return self._ask(context)

    def _ask(self, context: Context) -> Any:
        ti, run = context["ti"], context["dag_run"]
        found = results(self.plan, ti)
        release = release_now(self.plan, self.digest, found, run.conf or {})
        criteria = criteria_now(self.plan, found)
        ti.xcom_push(SHOWN, shown_json(release, criteria))
        self.body = question_text(
            Asking(
                plan=self.plan,
                approval=self.approval,
                release=release,
                unproved=unproved(self.plan, found),
                criteria=criteria,
                version=str(context["params"].get("version") or ""),
                parameters=dict(context["params"]),
                way_back=way_back(compile_plan(self.plan), str(context["params"].get("strategy") or "")),
                requester=requester_of(context),
                at=datetime.now(UTC),
                deadline=datetime.now(UTC) + self.plan.gate.timeout,
                begins=production_outlook(self.plan, context),
            )
        )
        self.log.info("%s\n%s", self.subject, self.body)
        return super().execute(context)

    def _ask_again(self, context: Context, why: str) -> Any:
        self.log.warning("Asking again: %s", why)
        # Airflow keeps the first body of a form when a task asks again, so the note says why.
        leave_note(context["ti"], f"Asked again: {why}", self.log)
        return self._ask(context)

    def _defer(self, context: Context, answer: FormAnswerJson) -> Any:
        now = datetime.now(UTC)
        gate, zone = self.plan.gate, _zone(self.plan)
        try:
            until = defer_until(answer["defer_until"], now=now, at_most=gate.defer_at_most, zone=zone)
        except DeferRefused as refused:
            return self._ask_again(context, str(refused))
        pace = max(1.0, float(context["params"].get("pace") or 1))
        moment = now + (until - now) / pace
        self.log.info("Put off until %s (pace %g: asks again at %s)", until, pace, moment)
        return self.defer(trigger=DateTimeTrigger(moment=moment), method_name="ask_again")

    def _refuse_after_no_go(self, ti: Any) -> None:
        kept = AirflowApi().state_store(ti.dag_id, ti.run_id, DECISION_TASK_ID, KEPT)
        if kept and kept["answer"] != GateAnswer.GO:
            raise AirflowFailException(f"This release was answered NO-GO already. {STANDS}")


class DecisionOperator(BaseOperator):
    """Proves who answered the gate and decides. Only its GO leads to production; its NO-GO stays."""

    def __init__(self, *, plan: Plan, gate_tasks: Mapping[str, Approval], digest: str, **kwargs: Any) -> None:
        super().__init__(**{"retries": 0, "trigger_rule": TriggerRule.ALL_DONE, **kwargs})
        self.plan = plan
        self.gate_tasks = dict(gate_tasks)
        self.digest = digest

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the decision as JSON when it is GO; fail with the reasons when it is not.

        Skips itself where the gate was not reached: nobody was asked, so nobody said NO-GO.
        """
        states = task_states(context)
        if all(states.get(task_id, "") in NOT_REACHED for task_id in self.gate_tasks):
            self.log.info("The gate was not reached: nobody was asked, and nothing is decided.")
            raise AirflowSkipException("the gate was not reached")
        store = context["task_state_store"]
        kept: Any = store.get(KEPT)
        if kept and kept["answer"] != GateAnswer.GO:
            context["ti"].xcom_push("return_value", kept)
            raise AirflowFailException(f"NO-GO was decided already: {'; '.join(kept['reasons'])}. {STANDS}")
        decision = self._decide(context)
        value = decision.to_json()
        store.set(KEPT, value, retention=NEVER_EXPIRE)
        self.log.info("%s", decision_table(decision))
        if decision.answer is not GateAnswer.GO:
            context["ti"].xcom_push("return_value", value)
            raise AirflowFailException(f"NO-GO: {'; '.join(decision.reasons)}. {STANDS}")
        return value

    def _decide(self, context: Context) -> Decision:
        try:
            return decide(context, self.plan, self.gate_tasks, self.digest)
        except SlipwayError as error:
            raise AirflowFailException(
                f"It cannot be proven who decided: {error} Nothing was decided; clear this task to try again."
            ) from error


def decide(context: Any, plan: Plan, gate_tasks: Mapping[str, Approval], digest: str) -> Decision:
    """Gather the facts of a gate and judge them."""
    answers = answers_now(AirflowApi(), context["ti"], gate_tasks)
    return judge(question_now(plan, digest, context), answers)


def prove_go(context: Any, plan: Plan, gate_tasks: Mapping[str, Approval], digest: str) -> Decision:
    """Return the decision that opens production, proven anew; the first production step calls it.

    A decision task that was merely marked success opens nothing, nor does one whose facts changed since.

    :raises AirflowFailException: with every reason why production stays closed
    """
    ti = context["ti"]
    kept = AirflowApi().state_store(ti.dag_id, ti.run_id, DECISION_TASK_ID, KEPT)
    if not kept:
        raise AirflowFailException(
            f"{DECISION_TASK_ID} never decided, it was marked by hand; production stays closed. Clear it."
        )
    if kept["answer"] != GateAnswer.GO:
        raise AirflowFailException(f"NO-GO was decided: {'; '.join(kept['reasons'])}. {STANDS}")
    decision = decide(context, plan, gate_tasks, digest)
    if decision.answer is not GateAnswer.GO:
        raise AirflowFailException(f"The GO no longer holds: {'; '.join(decision.reasons)}. {STANDS}")
    return decision


def _zone(plan: Plan) -> Any:
    return plan.windows[0].timezone if plan.windows else UTC


def _defer_help(plan: Plan) -> str:
    longest = spoken(plan.gate.defer_at_most)
    return f"For DEFER: HH:MM ({_zone(plan)}) or a time with its zone; at most {longest} away."
