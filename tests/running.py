"""The one Airflow of a test process, with the plans and the one system of the sandbox that a test wants.

Tests on a running Airflow follow each other; each start would take half a minute.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from slipway.local.port import any_free
from slipway.local.service import REPOSITORY
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until

PLANS = REPOSITORY / "dags"
# Some Airflows keep the two cores busy all of the time, and their schedulers were a fifth of it, mostly for
# looks at what had not changed. A release alone goes on sooner with half a second.
SPARING = {
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    # Each transaction first asked whether its connection lives; no test stops the database under an Airflow.
    "DATABASE__SQL_ALCHEMY_POOL_PRE_PING": "False",
}


class Running:
    """What runs in this process, if anything does."""

    def __init__(self) -> None:
        self._stack: Stack | None = None
        self._wanted: tuple[str, tuple[Path, ...]] | None = None

    def serve(self, system: str, files: Sequence[Path], dags: Sequence[str]) -> Stack:
        """Return an Airflow that knows these files and no others, beside this system and no other.

        :param system: "" for an Airflow without a sandbox
        :param dags: what the files make, where they make something
        """
        stack = self._stack = self._stack or self._begun()
        if self._wanted == (system, tuple(files)):
            return stack
        self._wanted = None  # should this fail half-way, the next test begins it anew
        for old in stack.airflow.dags_folder.glob("*.py"):
            old.unlink()
        for file in files:
            shutil.copy(file, stack.airflow.dags_folder)
        stack.sandbox.stop(postgres=False)
        if system:
            stack.start([system])
        else:
            stack.airflow.start()
        with stack.airflow.client() as client:
            for dag in dags:
                wait_until(lambda dag=dag: client.dag(dag), f"the plan {dag}", timeout=120)
        self._wanted = (system, tuple(files))
        return stack

    @staticmethod
    def _begun() -> Stack:
        # Not pytest's own folder: as root the database server runs under another account and must get in.
        root = Path(tempfile.mkdtemp(prefix="slipway-running-"))
        (root / "dags").mkdir()
        return Stack(root, port=any_free(), dags_folder=root / "dags", options=SPARING)

    def stop(self) -> None:
        """End all of it; the next test that wants one gets a new one."""
        if self._stack:
            self._stack.stop()
            shutil.rmtree(self._stack.sandbox.root, ignore_errors=True)
        self._stack = self._wanted = None


RUNNING = Running()


def one_plan(system: str, plan: str) -> Stack:
    """Return the Airflow of this process with one plan of the project and the system that it releases to."""
    return RUNNING.serve(system, [PLANS / f"{plan}.py"], [plan])
