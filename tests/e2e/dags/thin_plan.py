"""A thin plan under a name of its own."""

from thin import thin_plan

from slipway.airflow import release_dag  # an Airflow DAG comes out of it

dag = release_dag(thin_plan("thin"))
