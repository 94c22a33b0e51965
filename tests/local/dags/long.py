"""A DAG whose task starts a process of its own and does not end by itself."""

import subprocess

from airflow.sdk import dag, task


@dag(dag_id="long", schedule=None)
def long():
    @task
    def sleep():
        subprocess.run(["sleep", "600"], check=True)

    sleep()


long()
