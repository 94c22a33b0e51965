"""A release as a step or check sees it, inside an Airflow task."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from airflow.sdk.execution_time.context import NEVER_EXPIRE

from slipway.environment import Environment
from slipway.graph import undo_of
from slipway.masking import Masks, masked_texts
from slipway.run import Evidence, Finding, Json
from slipway.undoing import Fate

BEFORE = "before"
LOG = logging.getLogger("slipway")
LOG.addFilter(Masks())


@dataclass(frozen=True)
class AirflowRun:
    """Implements `slipway.run.Run` over the context of a running task.

    :param earlier: evidence of an earlier release by task id, in a later rollback
    :param earlier_id: the id of that release
    """

    context: Mapping[str, Any]
    environment: Environment
    earlier: Mapping[str, Json] | None = None
    earlier_id: str = ""

    @cached_property
    def log(self) -> logging.Logger:
        """The task's log, without the name of a class in front and without what looks like a secret."""
        return LOG

    @property
    def release_id(self) -> str:
        return str(self.context["run_id"])

    @property
    def undone_release(self) -> str:
        return self.earlier_id or self.release_id

    @property
    def began(self) -> datetime:
        began: datetime = self.context["dag_run"].run_after
        return began

    @property
    def plan_name(self) -> str:
        return str(self.context["ti"].dag_id)

    @property
    def task_id(self) -> str:
        return str(self.context["ti"].task_id)

    @property
    def parameters(self) -> Mapping[str, Json]:
        return dict(self.context["params"])

    @property
    def version(self) -> str:
        return str(self.context["params"]["version"])

    def remember(self, key: str, capture: Callable[[], Json]) -> Json:
        """Keep in the task state store, which survives retries, and show as an XCom, which does not.

        What looks like a secret is not shown, but in the state before: the undo goes back to it.
        """
        store = self.context["task_state_store"]
        value = store.get(key)
        if value is None:
            value = capture()
            store.set(key, value, retention=NEVER_EXPIRE)
        self.context["ti"].xcom_push(key=key, value=value if key == BEFORE else masked_texts(value))
        return value

    def recall(self, key: str) -> Json | None:
        return self.context["task_state_store"].get(key)

    def evidence(self, task_id: str) -> Evidence | None:
        value = self.returned(task_id)
        return Evidence.from_json(value) if value and "before" in value else None

    def finding(self, task_id: str) -> Finding | None:
        value = self.returned(task_id)
        return Finding.from_json(value) if value and "answer" in value else None

    def kept(self, task_id: str) -> bool:
        undo = undo_of(task_id)
        left = self.returned(undo) or self.returned(undo, "evidence") or {}
        return not left.get("undone") and str(left.get("why", "")).startswith(Fate.KEPT)

    def counting(self, key: str) -> str:
        """Return the name under which this round of something is remembered, e.g. "going_since_2".

        A round lasts over retries and restarts, until it is `over`: what is cleared later begins a new one.
        """
        number = 1
        while self.recall(f"{key}_{number}_over"):
            number += 1
        return f"{key}_{number}"

    def over(self, name: str) -> None:
        """End a round, by the name that `counting` gave it."""
        self.remember(f"{name}_over", lambda: True)

    def returned(self, task_id: str, key: str = "return_value") -> Json | None:
        """Return an XCom of another task of this release, or of the earlier one that is undone."""
        if self.earlier is not None and task_id in self.earlier:
            return self.earlier[task_id]
        return self.context["ti"].xcom_pull(task_ids=task_id, key=key)
