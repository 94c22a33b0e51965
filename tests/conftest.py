"""An Airflow home of its own for the tests, set before anything imports Airflow."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="slipway-tests-"))
INCLUDE = Path(__file__).parents[1] / "include"
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "PYTHONPATH": str(INCLUDE),  # the processes that tests start see the library too
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test on a running Airflow a second time when it fails.

    Such a test waits for six processes on two cores, and Airflow itself takes a starved task for a lost one.
    A fault of ours fails both times; a second try shows as "rerun" in the closing line.
    """
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))
