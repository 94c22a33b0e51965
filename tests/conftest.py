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


# What begins first: what takes longest, of what waits for an Airflow and of what computes.
ORDER = ("e2e", "plan", "local", "gate", "sandbox", "other", "simulation")
AIRFLOW = ORDER[:4]  # they wait for an Airflow while others compute
SHARES = ("e2e", "plan", "gate")  # the one Airflow of their process
PLANS = [path.stem for path in (Path(__file__).parents[1] / "dags").glob("*.py")]
OWN_AIRFLOW = ("test_a_running_airflow", "test_the_launcher")
TRIES_AGAIN = 1  # of a test on a running Airflow
FAILED = pytest.StashKey[bool]()
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
    """End the Airflow of this process where the next test does not want it; it would take from all others."""
    try:
        yield
    finally:
        to_be_tried_again = (
            item.stash.get(FAILED, False) and getattr(item, "execution_count", 2) <= TRIES_AGAIN
        )
        wanted = to_be_tried_again or (nextitem and _kind(nextitem.nodeid) in SHARES)
        if _kind(item.nodeid) in SHARES and not wanted:
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
    items.sort(key=lambda item: ORDER.index(_kind(item.nodeid)))  # keeps the order within each
    for item in items:
        if item.get_closest_marker("e2e"):
            if _kind(item.nodeid) not in AIRFLOW:
                raise pytest.UsageError(f"{item.nodeid} wants an Airflow, and its file is not named so")
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))
        if _kind(item.nodeid) == "simulation" and "toy" not in item.nodeid:
            item.add_marker(pytest.mark.slow)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Says which tests stay in one process, when there are several, and which process takes what.

    Each file does; so do all end-to-end tests of the small plans, for they share a running Airflow; all tests
    of the sandbox, for they share its services; and each plan's simulation, for its tests share the plan's
    ways. Of four processes two wait for Airflow and the others compute, as long as there is both: beside two
    other Airflows a service that is well was found to be slow, and the release rolled back.
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
            wanted = (scope for scope in self.workqueue if (_kind(scope) in AIRFLOW) is waits)
            self.workqueue.move_to_end(next(wanted, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        kind = _kind(nodeid)
        if kind == "simulation":
            plan = nodeid.partition("[")[2].rstrip("]").split("-")[0]
            return f"tests/{kind}/{plan}"
        return f"tests/{kind}" if kind in ("e2e", "sandbox") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    return Together(config, log)


def _number(process: str) -> int:
    """Return the number of a process of pytest-xdist, e.g. of "gw1"."""
    return int(process.removeprefix("gw"))


def _kind(nodeid: str) -> str:
    """Return which of ORDER a test, a file or a folder of tests is."""
    file = nodeid.partition("::")[0]
    folder, stem = file.split("/")[1], Path(file).stem
    if folder == "e2e":
        return "plan" if stem.removeprefix("test_") in PLANS else "e2e"
    if (folder == "gate" and stem.endswith("_in_airflow")) or (folder == "local" and stem in OWN_AIRFLOW):
        return folder
    return folder if folder in ("sandbox", "simulation") else "other"


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
