"""A small release-like DAG: a step, a gate, a step, an outcome."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import dag, task, task_group


@dag(dag_id="toy", schedule=None, tags=["toy"])
def toy():
    @task_group
    def staging():
        @task
        def deploy():
            return {"version": "v2"}

        deploy()

    @task_group
    def production():
        @task
        def deploy():
            return {"version": "v2"}

        deploy()

    go_no_go = HITLOperator(
        task_id="go_no_go",
        subject="Deploy to production?",
        options=["GO", "NO-GO"],
        execution_timeout=timedelta(minutes=10),
        retries=0,
    )

    @task
    def outcome():
        return {"outcome": "RELEASED", "report": "report.md"}

    staging() >> go_no_go >> production() >> outcome()


toy()
