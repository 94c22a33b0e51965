"""A small plan of kinds that touch nothing, for tests of what is made of a plan."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from slipway.environment import Environment
from slipway.kinds import Check, Checklist, Metric, Scrape, Step
from slipway.plan import (
    Approval,
    Criterion,
    DecisionMatrix,
    Gate,
    Plan,
    Procedure,
    Rollout,
    Rule,
    Stage,
)
from slipway.run import Evidence, Finding, Run
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Answer, Risk, Severity

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class ToyStep(Step):
    """Notes that it was done."""

    kind: ClassVar[str] = "toy_step"
    migrates: bool = False
    backs_up: bool = False
    sets_flag: bool = False
    how: str = "take it back"

    def undo_in_words(self) -> str:
        return self.how

    def do(self, run: Run) -> Evidence:
        return Evidence(before=run.remember("before", lambda: {"was": "old"}), after={"is": run.version})

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        return Evidence(after=evidence.before)


@dataclass(frozen=True, kw_only=True)
class ToyRestore(Step):
    kind: ClassVar[str] = "toy_restore"
    backup: str

    def do(self, run: Run) -> Evidence:
        return Evidence()


@dataclass(frozen=True, kw_only=True)
class ToyCheck(Check):
    kind: ClassVar[str] = "toy_check"

    def probe(self, run: Run) -> Finding:
        return Finding(answer=Answer.PASS, summary="fine")


@dataclass(frozen=True, kw_only=True)
class ToyMetric(Metric):
    kind: ClassVar[str] = "toy_metric"

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        return 0.0


def steps() -> tuple[Step, ...]:
    return (
        ToyStep(name="back_up", backs_up=True, how="", leaves_nothing="A backup harms nothing."),
        ToyStep(name="migrate", migrates=True),
        ToyStep(name="deploy"),
    )


def plan(**changes: Any) -> Plan:
    """Return the toy plan, with fields replaced."""
    toy = Plan(
        name="toy",
        title="Toy",
        summary="A plan that touches nothing.",
        risk=Risk.LOW,
        owner="team",
        staging=Environment(system="toy", name="staging", service="toy_staging_service"),
        production=Environment(system="toy", name="production", service="toy_production_service"),
        preflight=(ToyCheck(name="reachable"), Checklist(name="reviewed", items=("Code reviewed",))),
        on_staging=steps(),
        validate=(ToyCheck(name="staging_answers"),),
        gate=Gate(
            question="Deploy to production?",
            approvals=(Approval(role="Tech lead", people=("tech_lead",)),),
            criteria=(Criterion(text="Staging answers", checks=("staging_answers",)),),
            timeout=HOUR,
        ),
        on_production=steps(),
        verify=(ToyCheck(name="answers"),),
        watch=Watch(
            metrics=(ToyMetric(name="errors", unit="%"),),
            thresholds=(
                Threshold(metric="errors", severity=Severity.CRITICAL, above=5),
                Threshold(metric="errors", severity=Severity.CRITICAL, above=50, scenario="corruption"),
            ),
            checkpoints=(Every(interval=MINUTE, until=HOUR),),
        ),
        matrix=DecisionMatrix(
            rules=(
                Rule(severity=Severity.CRITICAL, action=Action.ROLL_BACK, within=5 * MINUTE),
                Rule(severity=Severity.HIGH, action=Action.ROLL_BACK, within=5 * MINUTE, procedure="code"),
                Rule(severity=Severity.MEDIUM, action=Action.ASK, within=30 * MINUTE),
                Rule(severity=Severity.LOW, action=Action.ALERT, within=HOUR),
                Rule(
                    severity=Severity.CRITICAL,
                    action=Action.ROLL_BACK_AND_RESTORE,
                    within=15 * MINUTE,
                    scenario="corruption",
                    procedure="full",
                ),
            )
        ),
        procedures=(
            Procedure(name="code", title="Code only", back_to="deploy"),
            Procedure(
                name="full",
                title="Full restore",
                restore=ToyRestore(name="restore_database", backup="back_up"),
            ),
        ),
        verify_rollback=(ToyCheck(name="old_version_answers"),),
    )
    return replace(toy, **changes)


def rollouts() -> tuple[Rollout, ...]:
    """Return two strategies: one of two stages, one of one."""
    return (
        Rollout(strategy="gradual", title="One by one", stages=(stage("first", 50), stage("second", 100))),
        Rollout(strategy="full", title="All at once", stages=(stage("all", 100),)),
    )


def stage(name: str, exposure: float) -> Stage:
    return Stage(
        name=name,
        title=name.capitalize(),
        exposure=exposure,
        steps=(ToyStep(name="enable", sets_flag=True),),
        soak=HOUR,
        every=MINUTE,
    )
