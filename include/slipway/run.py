"""What a step or check is given when it runs, and what it hands on."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from slipway.environment import Environment
from slipway.words import Answer

Json = Any  # str, int, float, bool, None, list or dict: what XCom and the ledger can keep

# In the proof of a flag's undo: by name, whether somebody turned it down since the step, so that it stays so.
LEFT_DOWN = "left_down"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a step did: the state before, the state after, and what proves it. Small and JSON only.

    `before` is what `undo` goes back to, captured before the step acted. `changed` is False when the
    world was already as wanted, so that there is nothing to undo.
    """

    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)
    proof: Mapping[str, Json] = field(default_factory=dict)
    changed: bool = True
    summary: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the evidence as a JSON object."""
        return {
            "before": dict(self.before),
            "after": dict(self.after),
            "proof": dict(self.proof),
            "changed": self.changed,
            "summary": self.summary,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Evidence":
        """Read back what `to_json` wrote; unknown keys raise TypeError."""
        return cls(**value)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A check's answer, one line of why, and the figures behind it."""

    answer: Answer
    summary: str
    evidence: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the finding as a JSON object."""
        return {"answer": str(self.answer), "summary": self.summary, "evidence": dict(self.evidence)}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Finding":
        """Read back what `to_json` wrote."""
        return cls(answer=Answer(value["answer"]), summary=value["summary"], evidence=value["evidence"])


class Run(Protocol):
    """The release as a step or check sees it while it runs.

    The Airflow task implements it (slipway.airflow.run); tests use slipway.testing.LocalRun.
    """

    @property
    def release_id(self) -> str:
        """The Airflow run id: unique, and the same across retries."""

    @property
    def undone_release(self) -> str:
        """The release whose steps an undo takes back: this one or, in a later rollback, the earlier one."""

    @property
    def began(self) -> datetime:
        """When the release was triggered, with its time zone."""

    @property
    def plan_name(self) -> str: ...

    @property
    def task_id(self) -> str: ...

    @property
    def version(self) -> str:
        """The version that this release deploys."""

    @property
    def parameters(self) -> Mapping[str, Json]:
        """All run parameters, validated by Airflow."""

    @property
    def environment(self) -> Environment:
        """The environment that this task acts on (staging or production)."""

    @property
    def log(self) -> logging.Logger: ...

    def remember(self, key: str, capture: Callable[[], Json]) -> Json:
        """Return what was captured under `key`; capture and keep it first if this is the first try.

        Use it for the state before acting. It survives retries and crashes and is what `undo` reads, so
        that a second try never records the new version as the one before. `capture` may not return None.
        """

    def recall(self, key: str) -> Json | None:
        """Return what was remembered under `key` in this task, or None."""

    def evidence(self, task_id: str) -> Evidence | None:
        """Return what another step handed on (e.g. "production.back_up_database"), or None."""

    def finding(self, task_id: str) -> Finding | None:
        """Return what a check of this release found, or None."""

    def kept(self, task_id: str) -> bool:
        """Return whether the rollback that goes on leaves this step of production as it is."""


def pace_of(run: Run) -> float:
    """Return what the waiting times of a release are divided by, 1 or more; above 1 it is a rehearsal."""
    return max(1.0, float(run.parameters.get("pace") or 1))


def remembered(run: Run, key: str) -> list[Json]:
    """Return all that was remembered under `key`.0, `key`.1 and so on, oldest first."""
    found: list[Json] = []
    while (each := run.recall(f"{key}.{len(found)}")) is not None:
        found.append(each)
    return found
