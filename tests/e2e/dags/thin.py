"""The thin plan: few steps and a watch of seconds over a system of the practice range.

Its approvers are product_owner and tech_lead, so devops_lead may mark tasks but not give this approval.
The watch is six hours long: at a pace of 1800 it takes twelve seconds.
"""

from datetime import timedelta

from slipway.checks import HttpCheck, VersionServed
from slipway.checks.version_served import Expected
from slipway.environment import Environment
from slipway.metrics import CounterRatio
from slipway.plan import Approval, Criterion, DecisionMatrix, Gate, Plan, Rule
from slipway.steps import (
    BackUpPostgres,
    DeployRelease,
    FetchRelease,
    FlagValue,
    SetFlag,
    UpgradeAlembic,
)
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Risk, Severity

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
fetch = FetchRelease(name="fetch_release")


def environment(name: str, **other: str) -> Environment:
    """Return an environment of the planner; `other` names connections that are not the usual ones."""
    usual = {
        "database": f"planner_{name}_db",
        "service": f"planner_{name}_service",
        "host": f"planner_{name}_host",
        "repository": "planner_repository",
    }
    return Environment(system="planner", name=name, **usual | other)


def thin_plan(name: str, **other: str) -> Plan:
    """Return the thin plan under a name; `other` are connections of production."""
    return Plan(
        name=name,
        title=name.replace("_", " ").capitalize(),
        summary="Backup, migration, deployment and a flag, with a short watch.",
        risk=Risk.LOW,
        owner="planner-team",
        staging=environment("staging"),
        production=environment("production", **other),
        preflight=[VersionServed(name="note_running_version", expects=Expected.ANY)],
        on_staging=[fetch],
        gate=Gate(
            question="Release the planner?",
            approvals=[Approval(role="Release owner", people=["product_owner", "tech_lead"])],
            criteria=[Criterion(text="The release is there", checks=["fetch_release"])],
            timeout=HOUR,
        ),
        on_production=[
            BackUpPostgres(name="back_up_database"),
            fetch,
            UpgradeAlembic(name="upgrade_schema"),
            # It counts the restarts, and waits where a test holds it.
            DeployRelease(name="deploy_application", restart=["bin/counted-restart"]),
            SetFlag(name="enable_features", flags=[FlagValue(flag="enhanced_models")]),
        ],
        verify=[HttpCheck(name="is_healthy", path="/health")],
        watch=Watch(
            metrics=[CounterRatio(name="error_rate", counter="http_requests_total", part={"status": "5.."})],
            thresholds=[Threshold(metric="error_rate", severity=Severity.CRITICAL, above=1)],
            checkpoints=[Every(interval=2 * HOUR, until=6 * HOUR)],
            sample_every=10 * MINUTE,
        ),
        matrix=DecisionMatrix(
            rules=[
                Rule(severity=Severity.CRITICAL, action=Action.ROLL_BACK, within=5 * MINUTE),
                Rule(severity=Severity.HIGH, action=Action.ROLL_BACK, within=5 * MINUTE),
                Rule(severity=Severity.MEDIUM, action=Action.ASK, within=HOUR),
                Rule(severity=Severity.LOW, action=Action.ALERT, within=HOUR),
            ]
        ),
        verify_rollback=[
            VersionServed(
                name="version_before", expects=Expected.BEFORE, noted_by="preflight.note_running_version"
            )
        ],
    )
