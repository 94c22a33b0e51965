"""An Airflow of its own for one plan and the one system of the sandbox that it releases to."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.local.port import any_free
from slipway.local.service import REPOSITORY
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until

SHARED: list[Stack] = []  # the one of all other end-to-end tests, which are over when this one begins


@contextmanager
def stack_of(system: str, plan: str) -> Iterator[Stack]:
    """Start both, and end them; two of them in one process would only starve each other."""
    while SHARED:
        SHARED.pop().stop()
    # Not pytest's own folder: as root the database server runs under another account and must get in.
    root = Path(tempfile.mkdtemp(prefix="slipway-e2e-"))
    (root / "dags").mkdir()
    shutil.copy(REPOSITORY / "dags" / f"{plan}.py", root / "dags")
    running = Stack(root, port=any_free(), dags_folder=root / "dags")
    try:
        running.start([system])
        with running.airflow.client() as client:
            wait_until(lambda: client.dag(plan), f"the plan {plan}", timeout=120)
        yield running
    finally:
        running.stop()
        shutil.rmtree(root, ignore_errors=True)
