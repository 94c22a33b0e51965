"""What every task needs, imported once for each Airflow component and not again for each task it forks."""

import importlib
from typing import Final

MODULES: Final = (
    "airflow.timetables.base",
    "airflow.sdk.definitions.timetables.trigger",
    "airflow.providers.http.hooks.http",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.hooks.filesystem",
    "psycopg",
    "requests",
)


def preload() -> None:
    """Import the libraries of the steps and checks, and what Airflow itself imports for the first asset."""
    from airflow.sdk import Asset

    for name in MODULES:
        importlib.import_module(name)
    # The first address of an asset makes Airflow import the address handlers of all its providers.
    Asset(name="slipway", uri="slipway://preload/asset")
