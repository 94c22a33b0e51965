"""Slipway's Airflow plugin. Thin: its code is in include/slipway."""

from airflow.plugins_manager import AirflowPlugin

# Imported with the plugin, once for each component: the tasks that a scheduler forks then have the library
# already, and need not import it again for each task.
import slipway.airflow  # noqa: F401


class SlipwayPlugin(AirflowPlugin):
    """Makes the library part of each Airflow component."""

    name = "slipway"
