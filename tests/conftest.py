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


FIRST = ("e2e", "gate", "local")  # they wait for Airflow while others compute
LAST = "simulation"  # computes all the time, and lowers its own priority


@pytest.hookimpl(tryfirst=True)  # before the processes learn of their groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test on a running Airflow twice; lay out the tests for several processes.

    Such a test waits for six processes on two cores, and Airflow itself takes a starved task for a lost one.
    A fault of ours fails both times; a second try shows as "rerun" in the closing line.

    With several processes each file stays in one, all end-to-end tests stay in one (they share a running
    Airflow), and each plan's simulation stays in one (the tests of a plan share its ways).
    """
    items.sort(key=lambda item: _order(_folder(item)))
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if _folder(item) == LAST and "toy" not in _group(item):
            item.add_marker(pytest.mark.slow)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


def _order(folder: str) -> int:
    """Return the place of a folder of tests; the sort keeps the order within each."""
    if folder in FIRST:
        return FIRST.index(folder)
    return len(FIRST) + (folder == LAST)


def _group(item: pytest.Item) -> str:
    folder = _folder(item)
    if folder == LAST:
        parameters = getattr(item, "callspec", None)
        return f"{folder} of {parameters.params.get('name') if parameters else ''}"
    return folder if folder == "e2e" else str(item.path)
