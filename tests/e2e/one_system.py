"""An Airflow of its own for one plan and the one system of the sandbox that it releases to."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.release import Release

from slipway.local.demo import has_settled
from slipway.local.errors import Refused
from slipway.local.person import Person
from slipway.local.port import any_free
from slipway.local.rest import Client
from slipway.local.service import REPOSITORY
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until
from slipway.words import GateAnswer

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


def answered(release: Release, answer: GateAnswer = GateAnswer.GO) -> Release:
    """Answer all that a release asks, as one of the people whom it asks, until it is over."""
    person = Person(airflow=release.stack.airflow, answer=answer, requester="release_manager")

    def is_over(client: Client) -> bool:
        run = client.dag_run(release.plan, release.id)
        tasks = client.task_instances(release.plan, release.id)
        for task in [task.task_id for task in tasks if task.state == "awaiting_input"]:
            question = client.question(release.plan, release.id, task)
            if has_settled(release.stack.airflow, run, question):
                with suppress(Refused):  # answered a moment ago
                    person.answer_question(run, question)
        return run.is_over

    release.wait(is_over, "the end of the release", every=1)
    return release
