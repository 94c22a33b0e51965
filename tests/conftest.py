"""An Airflow home of its own for the tests, set before anything imports Airflow."""

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

HOME = Path(tempfile.mkdtemp(prefix="slipway-tests-"))
INCLUDE = Path(__file__).parents[1] / "include"
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

# Whoever started the tests in the background had them ignore Ctrl-C, and what they start would too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# As Airflow's processes here do (slipway.local.home): it took a sixth of the simulation's time.
gc.set_threshold(20_000, 20, 50)

os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "PYTHONPATH": str(INCLUDE),  # the processes that tests start see the library too
}


AIRFLOW = ("e2e", "gate", "local")  # they wait for an Airflow of their own while others compute
SHARES = ("e2e", "gate")  # one Airflow of this process
PLANS = list((Path(__file__).parents[1] / "dags").glob("*.py"))
TRIES_AGAIN = 1  # of a test on a running Airflow
FAILED = pytest.StashKey[bool]()
LAST = "simulation"  # computes all the time, and lowers its own priority
WAITING = 2  # so many processes wait for an Airflow, any others compute
NICER = 5  # those that compute: as nice as Airflow is, for the service that it measures comes first


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test failed, for its second try."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End the Airflow of this process with the last test that wants it; it would take from all others."""
    try:
        yield
    finally:
        to_be_tried_again = (
            item.stash.get(FAILED, False) and getattr(item, "execution_count", 2) <= TRIES_AGAIN
        )
        wanted = to_be_tried_again or (nextitem and _folder(nextitem.nodeid) in SHARES)
        if _folder(item.nodeid) in SHARES and not wanted:
            _stop_airflow()


def pytest_sessionstart() -> None:
    """Lower the priority of a process that computes beside those that wait for an Airflow."""
    if _number(os.environ.get("PYTEST_XDIST_WORKER", "gw0")) >= WAITING:
        os.nice(NICER)


def pytest_unconfigure() -> None:
    """End it, too, when a person has stopped the tests."""
    _stop_airflow()


def _stop_airflow() -> None:
    if running := sys.modules.get("tests.running"):  # only who wants an Airflow imports it
        running.RUNNING.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order, and try a test on a running Airflow a second time when it fails.

    Such a test waits for six processes on two cores, and Airflow itself takes a starved task for a lost one.
    A fault of ours fails both times; a second try shows as "rerun" in the closing line.
    """
    items.sort(key=lambda item: _order(item.nodeid))
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))
        if _folder(item.nodeid) == LAST and "toy" not in item.nodeid:
            item.add_marker(pytest.mark.slow)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Says which tests stay in one process, when there are several, and which process takes what.

    Each file does; so do all end-to-end tests that share a running Airflow; and each plan's simulation does,
    for its tests share the plan's ways. Of four processes two wait for Airflow and the others compute, as
    long as there is both: three Airflows at once would starve each other on two cores.
    """

    def _reschedule(self, node: Any) -> None:
        """Give a process what comes next with the last test of what it has, which waits for its next one.

        With the test before it already, as pytest-xdist does, a release of minutes would wait behind another
        one while other processes have nothing left.
        """
        if not self.workqueue or self._pending_of(self.assigned_work[node]) <= 1:
            super()._reschedule(node)

    def _assign_work_unit(self, node: Any) -> None:
        if len(self.nodes) > WAITING:
            waits = _number(node.gateway.id) < WAITING
            wanted = (scope for scope in self.workqueue if (_folder(f"{scope}/") in AIRFLOW) is waits)
            self.workqueue.move_to_end(next(wanted, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        if folder == LAST:
            plan = nodeid.partition("[")[2].rstrip("]").split("-")[0]
            return f"tests/{folder}/{plan}"
        shares_airflow = folder == "e2e" and not _is_of_one_plan(nodeid)
        return f"tests/{folder}" if shares_airflow else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    return Together(config, log)


def _number(process: str) -> int:
    """Return the number of a process of pytest-xdist, e.g. of "gw1"."""
    return int(process.removeprefix("gw"))


def _folder(nodeid: str) -> str:
    return nodeid.split("/")[1]


def _is_of_one_plan(nodeid: str) -> bool:
    """Say whether an end-to-end test has an Airflow of its own, for the system of one plan."""
    return any(f"test_{plan.stem}.py" in nodeid for plan in PLANS)


def _order(nodeid: str) -> float:
    """Return the place of a test, what takes longest first; the sort keeps the order within each."""
    folder = _folder(nodeid)
    if folder in AIRFLOW:
        return AIRFLOW.index(folder) + (0.5 if _is_of_one_plan(nodeid) else 0)
    return len(AIRFLOW) + (folder == LAST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a test needed its second try; a fault that comes now and then is a fault."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_sep("_", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let steps and channels wait for no answer for long, and between two tries not at all."""
    from tests.bad_answers import TIMEOUT

    from slipway import vendor

    send = vendor._send

    def sooner(*asked: Any) -> Any:
        *rest, timeout = asked
        return send(*rest, min(timeout, TIMEOUT))

    monkeypatch.setattr(vendor, "_send", sooner)
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
