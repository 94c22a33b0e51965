"""All faults at once, in the same order every time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.prove.plans import SOUND, Change, Look, Migrate, but

from slipway.compile import compile_plan
from slipway.errors import PlanRefused
from slipway.plan import Approval, Criterion, DecisionMatrix, Plan
from slipway.prove import prove, proven
from slipway.watching import Every, Threshold
from slipway.words import Severity

BROKEN = but(
    name="the shop",
    validate=[Look(name="looks_well", on="prod")],
    gate=replace(
        SOUND.gate,
        approvals=[Approval(role="Product owner", people=())],
        criteria=[Criterion(text="Staging is well", checks=("looks",))],
        timeout=timedelta(0),
    ),
    on_production=[Migrate(name="migrate"), Change(name="migrate", retries=-1)],
    strategies=[replace(SOUND.strategies[0], stages=())],
    watch=replace(
        SOUND.watch,
        thresholds=[Threshold(metric="errors", severity=Severity.HIGH)],
        checkpoints=[Every(interval=timedelta(0), until=timedelta(hours=1))],
    ),
    matrix=DecisionMatrix(rules=SOUND.matrix.rules[:1]),
)


def kinds(plan: Plan) -> list[str]:
    return [type(fault).__name__ for fault in prove(compile_plan(plan))]


def test_all_faults_of_a_thoroughly_broken_plan_come_at_once() -> None:
    assert kinds(BROKEN) == [
        "UnusableName",
        "DuplicateName",
        "UnknownEnvironment",
        "MissingUndo",
        "MigrationWithoutBackup",
        "NegativeRetries",
        "NobodyMayApprove",
        "UnknownCheck",
        "UnknownMetric",
        "LimitsGiven",
        "SeverityWithoutAction",
        "SeverityWithoutAction",
        "SeverityWithoutAction",
        "RestoreWithoutBackup",
        "UnknownStep",
        "NoStage",
        "ZeroDuration",
        "ZeroDuration",
    ]


def test_the_order_of_the_faults_is_the_same_every_time() -> None:
    assert prove(compile_plan(BROKEN)) == prove(compile_plan(BROKEN))


def test_a_refused_plan_says_its_name_and_numbers_its_faults() -> None:
    plan = but(
        gate=replace(SOUND.gate, timeout=timedelta(0)), matrix=DecisionMatrix(rules=SOUND.matrix.rules[:3])
    )
    with pytest.raises(PlanRefused) as refused:
        proven(plan)
    assert str(refused.value) == (
        'The plan "shop" has 2 faults:\n'
        '  1. matrix: nothing follows from LOW, the severity of watch.thresholds[2] "latency" and 2 more. '
        "Add Rule(severity=Severity.LOW, action=..., within=...).\n"
        "  2. gate: timeout is 0 seconds. Give timeout a duration longer than zero."
    )


def test_a_sound_plan_is_not_refused() -> None:
    assert proven(SOUND) == compile_plan(SOUND)
