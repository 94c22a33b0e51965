# ruff: noqa: AIR001  (task ids have the dots that the groups of a release give them)
"""Gates as an airflow dag has them, without the rest of a release: every edge case can be asked for."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param, TaskGroup, TriggerRule
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.closing import CloseOthersOperator
from slipway.airflow.gate import (
    AnswerOperator,
    AskOperator,
    ChecklistOperator,
    DecisionOperator,
    GateOperator,
    prove_go,
)
from slipway.compile import gate_task_ids
from slipway.environment import Environment
from slipway.kinds import Check, Checklist, ReleasingStep
from slipway.plan import Approval, Contact, Criterion, DecisionMatrix, Gate, Plan
from slipway.verdict import Branch, Verdict
from slipway.watching import Watch
from slipway.words import Action, Risk

DIGEST = "0123456789abcdef"
FORM = {
    "version": Param("v2", type="string"),
    "health": Param("PASS", type="string"),
    "within": Param(600, type="number"),
    "pace": Param(1, type="number"),
    "deploys": Param(True, type="boolean"),
}


@dataclass(frozen=True, kw_only=True)
class Deploy(ReleasingStep):
    kind: ClassVar[str] = "deploy"
    takes: ClassVar[str] = "commit"

    def undo_in_words(self) -> str:
        return "switch back to the release before"


@dataclass(frozen=True, kw_only=True)
class Health(Check):
    kind: ClassVar[str] = "health"


def plan(name: str, *approvals: Approval, **changes: Any) -> Plan:
    gate = Gate(
        question="Release to production?",
        approvals=approvals,
        criteria=[Criterion(text="staging is healthy", checks=["deploy", "health"])],
        timeout=timedelta(minutes=10),
        escalation="call the engineering manager",
    )
    return Plan(
        name=name,
        title="Toy",
        summary="A toy.",
        risk=Risk.LOW,
        owner="team",
        staging=Environment(system="toy", name="staging"),
        production=Environment(system="toy", name="production", backups=""),
        on_staging=[Deploy(name="deploy")],
        validate=[Health(name="health")],
        gate=replace(gate, **changes),
        on_production=[Deploy(name="deploy")],
        watch=Watch(metrics=[], thresholds=[], checkpoints=[]),
        contacts=[
            Contact(role="On call", name="oscar", contact="0123"),
            Contact(role="Manager", name="mia", contact="0456"),
        ],
        matrix=DecisionMatrix(rules=[]),
    )


def deployed(**context: Any) -> dict[str, Any]:
    if not context["params"]["deploys"]:
        raise AirflowFailException("staging is away")
    proof = {"commit": "abc123"}
    return {"before": {}, "after": {}, "proof": proof, "changed": True, "summary": "v2 is current"}


def looked_at(**context: Any) -> dict[str, Any]:
    return {"answer": context["params"]["health"], "summary": "GET /health", "evidence": {}}


def release(plan: Plan) -> DAG:
    """A release that is nothing but its gate."""
    gates = gate_task_ids(plan)
    with DAG(plan.name, schedule=None) as dag:
        group = TaskGroup("gate", prefix_group_id=False) if plan.name == "grouped" else None
        staging = PythonOperator(task_id="staging.deploy", python_callable=deployed)
        health = PythonOperator(task_id="validation.health", python_callable=looked_at)
        asking = [
            GateOperator(task_id=task_id, plan=plan, approval=approval, digest=DIGEST, task_group=group)
            for task_id, approval in gates.items()
        ]
        decision = DecisionOperator(
            task_id="gate.decision", plan=plan, gate_tasks=gates, digest=DIGEST, task_group=group
        )
        production = PythonOperator(
            task_id="production.deploy",
            python_callable=lambda **context: prove_go(context, plan, gates, DIGEST).to_json(),
        )
        staging >> health >> asking >> decision >> production
        if len(gates) > 1:
            close = CloseOthersOperator(
                task_id="gate.close_the_others",
                causes=list(gates),
                questions=list(gates),
                state="failed",
                why="NO-GO at {}",
                trigger_rule="one_failed",
            )
            asking >> close
    dag.params = ParamsDict(FORM)  # afterwards, as for a plan: a form has its own fields
    return dag


def verdict(**context: Any) -> dict[str, Any]:
    within = timedelta(seconds=context["params"]["within"])
    return Verdict(branch=Branch.ASK, action=Action.ASK, within=within, reasons=("error rate 9 %",)).to_json()


owner = Approval(role="Product owner", people=["product_owner", "tech_lead"])
lead = Approval(role="Tech lead", people=["tech_lead"])
alone = release(plan("alone", owner))
grouped = release(plan("grouped", owner))
strict = release(plan("strict", owner, requester_may_approve=False))
brief = release(plan("brief", owner, timeout=timedelta(seconds=1)))
both = release(plan("both", owner, lead))

with DAG("ask", schedule=None) as ask:
    judged = PythonOperator(task_id="verdict", python_callable=verdict)
    question = AskOperator(task_id="ask.fix_forward_or_roll_back", plan=plan("ask", owner))
    answer = AnswerOperator(
        task_id="ask.answer",
        plan=plan("ask", owner),
        ask_task_id=question.task_id,
        fix_forward="held",
        roll_back="rollback",
    )
    judged >> question >> answer >> [EmptyOperator(task_id="held"), EmptyOperator(task_id="rollback")]
ask.params = ParamsDict(FORM | {"intent": "release"})

with DAG("lists", schedule=None) as lists:
    for name, blocks in (("must", True), ("may", False)):
        items = Checklist(
            name=name, items=["Backup seen", "Team told"], blocking=blocks, people=["tech_lead"]
        )
        form = ChecklistOperator(task_id=f"preflight.{name}", checklist=items)
        form >> EmptyOperator(task_id=f"after_{name}", trigger_rule=TriggerRule.ALL_DONE)
