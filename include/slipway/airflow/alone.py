"""One process at a time works at a step, although Airflow may have given up one that still lives."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from airflow.sdk.execution_time.context import NEVER_EXPIRE

from slipway.airflow.rest import AirflowApi
from slipway.facts import Facts
from slipway.graph import ReleaseGraph

WORKING = "working"  # in the task state store while a try works; a killed one leaves it there
# A task that was marked by hand, or taken over after the scheduler died, hears of it at its next heartbeat
# (5 seconds) and is killed when it has not ended 5 seconds later.
GRACE = 15.0  # seconds
LOG = logging.getLogger("slipway")


@contextmanager
def alone(context: Mapping[str, Any]) -> Iterator[None]:
    """Do the block's work when no earlier try of this task can still be at it."""
    store = context["task_state_store"]
    if store.get(WORKING):
        LOG.warning("The try before did not say that it ended. Waiting %.0f s, until it surely has.", GRACE)
        time.sleep(GRACE)
    store.set(WORKING, True, retention=NEVER_EXPIRE)
    try:
        yield
    finally:
        with suppress(Exception):  # a task that is no longer wanted may not write; then others wait for it
            store.set(WORKING, False, retention=NEVER_EXPIRE)


def await_the_end_of_steps(context: Mapping[str, Any], graph: ReleaseGraph, facts: Facts) -> None:
    """Wait for steps that were marked while they ran: they must not go on while they are undone."""
    ti, api = context["ti"], AirflowApi()
    unproved = [node for node in graph.production_steps() if facts.reached(node.task_id)]
    unproved = [node for node in unproved if not facts.proved(node.task_id)]
    left = [n.task_id for n in unproved if api.state_store(ti.dag_id, ti.run_id, n.task_id, WORKING)]
    if left:
        LOG.warning("%s did not say that it ended. Waiting %.0f s, until it has.", ", ".join(left), GRACE)
        time.sleep(GRACE)
