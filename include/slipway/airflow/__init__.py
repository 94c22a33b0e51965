"""All that meets Airflow: the DAG builder, operators, sensors and triggers."""

from slipway.airflow.build import release_dag

__all__ = ["release_dag"]
