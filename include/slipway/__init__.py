"""Slipway: a deployment plan, written as one typed Python value, becomes an Airflow DAG."""
