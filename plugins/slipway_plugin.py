"""Slipway's Airflow plugin. Thin: its code is in include/slipway."""

from airflow.plugins_manager import AirflowPlugin

from slipway.airflow.preload import preload


class SlipwayPlugin(AirflowPlugin):
    """Makes the library part of each Airflow component."""

    name = "slipway"


preload()
