"""A run outside Airflow, for tests of steps and checks against real systems."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from slipway.environment import Environment
from slipway.run import Evidence, Finding, Json


@dataclass(kw_only=True)
class LocalRun:
    """A `Run` that keeps what is remembered in a dict; hand the same one to a second try.

    Connections come from AIRFLOW_CONN_* variables, as anywhere in Airflow.
    """

    environment: Environment
    version: str = "v2"
    release_id: str = "manual__2026-01-01T00:00:00+00:00"
    earlier_id: str = ""
    began: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    plan_name: str = "test_plan"
    task_id: str = "production.step"
    parameters: Mapping[str, Json] = field(default_factory=dict)
    memory: dict[str, Json] = field(default_factory=dict)
    evidences: dict[str, Evidence] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    kept_steps: frozenset[str] = frozenset()
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("slipway.test"))

    @property
    def undone_release(self) -> str:
        """The earlier release in a later rollback, else this one."""
        return self.earlier_id or self.release_id

    def remember(self, key: str, capture: Callable[[], Json]) -> Json:
        """Return what was captured under `key`, capturing it first if need be."""
        if key not in self.memory:
            self.memory[key] = capture()
        return self.memory[key]

    def recall(self, key: str) -> Json | None:
        """Return what was remembered under `key`, or None."""
        return self.memory.get(key)

    def evidence(self, task_id: str) -> Evidence | None:
        """Return the evidence that the test laid down for that task."""
        return self.evidences.get(task_id)

    def finding(self, task_id: str) -> Finding | None:
        """Return the finding that the test laid down for that task."""
        return self.findings.get(task_id)

    def kept(self, task_id: str) -> bool:
        """Return whether the test says that the rollback leaves that step as it is."""
        return task_id in self.kept_steps

    def later(self) -> "LocalRun":
        """Return the later rollback of this release, which Airflow knows under another run id."""
        return replace(self, release_id="manual__later", earlier_id=self.release_id, memory={})

    def at(self, task_id: str) -> "LocalRun":
        """Return the same release seen from another task, with a memory of its own."""
        return replace(self, task_id=task_id, memory={})
