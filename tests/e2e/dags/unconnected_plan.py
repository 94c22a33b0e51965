"""A thin plan whose production names a connection that nobody has added."""

from thin import thin_plan

from slipway.airflow import release_dag  # an Airflow DAG comes out of it

dag = release_dag(thin_plan("unconnected", database="planner_forgotten_db"))
