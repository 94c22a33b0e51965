"""A release of a plan without Airflow: its steps one after the other, and their undos newest first."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from slipway.kinds import Check, Checklist, Step
from slipway.plan import Plan
from slipway.run import Evidence, Finding
from slipway.still_going import StillGoing
from slipway.testing import LocalRun

A_DAY_IN_A_SECOND = 86_400


@dataclass(kw_only=True)
class LocalRelease:
    """One release; `done` are the steps that were begun in production, with their evidence.

    :param leaves_out: kinds of steps that need what is not there, e.g. load
    """

    plan: Plan
    version: str
    strategy: str = ""
    leaves_out: tuple[type[Step], ...] = ()
    evidences: dict[str, Evidence] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    done: list[tuple[str, Step, LocalRun]] = field(default_factory=list)

    def on_staging(self) -> None:
        """Do the steps of staging, and pass its checks."""
        for step in self._with(self.plan.on_staging):
            self._do(step, self._run("staging", step.name, "staging"))
        self.check("validation", self.plan.validate)

    def on_production(self) -> None:
        """Do the steps of production."""
        for step in self._with(self.plan.on_production):
            run = self._run("production", step.name, "production")
            self.done.append((f"production.{step.name}", step, run))
            self._do(step, run)

    def roll_out(self) -> None:
        """Do the steps of the strategy's stages, and pass the checks that each requires."""
        chosen = next(each for each in self.plan.strategies if each.strategy == self.strategy)
        for stage in chosen.stages:
            for step in self._with(stage.steps):
                run = self._run(f"rollout.{stage.name}", step.name, "production")
                self.done.append((run.task_id, step, run))
                self._do(step, run)
            self.check(f"rollout.{stage.name}", stage.require)

    def roll_back(self, *, restores: bool = False) -> list[str]:
        """Undo what was begun, newest first, with the restore where its backup stood; return the order."""
        order = []
        restore = next((each.restore for each in self.plan.procedures if each.restore), None)
        for task_id, step, run in reversed(self.done):
            name = f"rollback.undo_{task_id.rpartition('.')[2]}"
            evidence = self.evidences.get(task_id) or Evidence(before=run.recall("before") or {})
            if step.undoing().how and not step.leaves_nothing:
                undo = self._run("rollback", name.removeprefix("rollback."), "production")
                through(lambda step=step, undo=undo, evidence=evidence: step.undo(undo, evidence))
                order.append(name)
            if restores and restore and getattr(restore, "backup", "") == step.name:
                self._do(restore, self._run("rollback", restore.name, "production"))
                order.append(f"rollback.{restore.name}")
        return order

    def check(self, phase: str, checks: Any) -> dict[str, str]:
        """Look with each check; return what is not PASS, by name."""
        bad = {}
        on = "staging" if phase == "validation" else "production"
        for check in checks:
            if isinstance(check, Checklist) or check.name == "downtime_within_limit":
                continue
            finding = self._look(check, self._run(phase, check.name, on))
            self.findings[f"{phase}.{check.name}"] = finding
            if finding.answer != "PASS":
                bad[check.name] = finding.summary
        return bad

    def _look(self, check: Check, run: LocalRun) -> Finding:
        deadline = time.monotonic() + min(3.0, check.patience.total_seconds())
        while True:
            try:
                finding = check.probe(run)
            except Exception as error:  # an ERROR, as a check's task counts it
                finding = Finding(answer="ERROR", summary=str(error))  # type: ignore[arg-type]
            if finding.answer == "PASS" or time.monotonic() > deadline:
                return finding
            time.sleep(0.1)

    def _with(self, steps: Any) -> Iterator[Step]:
        return (step for step in steps if not isinstance(step, self.leaves_out))

    def _do(self, step: Step, run: LocalRun) -> None:
        self.evidences[run.task_id] = through(lambda: step.do(run))

    def _run(self, phase: str, name: str, environment: str) -> LocalRun:
        return LocalRun(
            environment=getattr(self.plan, environment),
            version=self.version,
            parameters={"pace": A_DAY_IN_A_SECOND},  # a rehearsal, at any hour
            plan_name=self.plan.name,
            task_id=f"{phase}.{name}",
            evidences=self.evidences,
            findings=self.findings,
            log=logging.getLogger("slipway.local_release"),
        )


def through(act: Callable[[], Evidence]) -> Evidence:
    """Call it again while something is still going, as the task does."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return act()
        except StillGoing:
            assert time.monotonic() < deadline
            time.sleep(0.05)
