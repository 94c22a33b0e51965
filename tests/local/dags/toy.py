"""A small DAG in the form of a release: staging, checklist, gate, production, watch, rollback, outcome."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLEntryOperator, HITLOperator
from airflow.sdk import Param, TaskGroup, dag, get_current_context, task
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException


@task
def deploy():
    print("deployed")
    return get_current_context()["params"]["version"]


@task
def watch_production():
    for number in (1, 2):
        checkpoint = {"summary": f"error rate {number} of 5 %"}
        get_current_context()["ti"].xcom_push(f"checkpoint_{number}", checkpoint)


@task.run_if(lambda context: context["params"]["version"] != "v2")
@task
def undo_deploy():
    print("back to v1")
    return {"undone": True}


@task(trigger_rule="all_done")
def outcome():
    context = get_current_context()
    deployed = context["ti"].xcom_pull(task_ids="production.deploy")
    ending = "REJECTED" if not deployed else "RELEASED" if deployed == "v2" else "ROLLED_BACK"
    value = {"outcome": ending, "reasons": [f"it ended {ending} [so]"], "report": "reports/toy.md"}
    context["ti"].xcom_push("return_value", value)
    if ending != "RELEASED":
        raise AirflowFailException(ending)


def ask_go_no_go():
    product_owner = {"id": "product_owner", "name": "product_owner"}
    return HITLOperator(
        task_id="go_no_go",
        subject="Deploy to production?",
        options=["GO", "NO-GO"],
        assigned_users=product_owner,
        execution_timeout=timedelta(minutes=10),
        retries=0,
    )


@dag(dag_id="toy", schedule=None, params={"version": Param("v1", type="string"), "pace": 1}, tags=["toy"])
def toy():
    preparations = HITLEntryOperator(
        task_id="preparations",
        subject="Tick what is prepared",
        params=ParamsDict({"people informed": Param(False, type="boolean")}),
        retries=0,
    )
    phases = []
    for phase, make in {
        "staging": deploy,
        "gate": ask_go_no_go,
        "production": deploy,
        "watch": watch_production,
        "rollback": undo_deploy,
    }.items():
        with TaskGroup(phase) as group:
            make()
        phases.append(group)
    staging, gate, production, watch, rollback = phases
    staging >> preparations >> gate >> production >> watch >> rollback >> outcome()


toy()
