"""A small sound plan of toy kinds, to break in one place at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from slipway.compile import compile_plan
from slipway.environment import Environment
from slipway.kinds import Check, Checklist, Metric, ReleasingStep, Step
from slipway.notices import Email
from slipway.plan import (
    Approval,
    Contact,
    Criterion,
    DecisionMatrix,
    Duty,
    Gate,
    Moment,
    Notice,
    Parameter,
    Plan,
    Procedure,
    Rollout,
    Rule,
    Scheduled,
    Stage,
    Window,
)
from slipway.prove import prove
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Risk, Severity


@dataclass(frozen=True, kw_only=True)
class BackUp(Step):
    kind: ClassVar[str] = "back_up"
    needs: ClassVar[tuple[str, ...]] = ("database", "backups")
    backs_up: ClassVar[bool] = True
    leaves_nothing: str = "a backup changes nothing"


@dataclass(frozen=True, kw_only=True)
class Migrate(Step):
    kind: ClassVar[str] = "migrate"
    needs: ClassVar[tuple[str, ...]] = ("database",)
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        return "downgrade to the revision before"


@dataclass(frozen=True, kw_only=True)
class Ship(ReleasingStep):
    kind: ClassVar[str] = "ship"
    takes: ClassVar[str] = "commit"

    def undo_in_words(self) -> str:
        return "ships what was there before"


@dataclass(frozen=True, kw_only=True)
class ShipPackage(Ship):
    kind: ClassVar[str] = "ship_package"
    takes: ClassVar[str] = "package_sha256"


@dataclass(frozen=True, kw_only=True)
class Restore(Step):
    kind: ClassVar[str] = "restore"
    needs: ClassVar[tuple[str, ...]] = ("database",)
    backup: str = ""
    leaves_nothing: str = "it is an undo itself"


@dataclass(frozen=True, kw_only=True)
class Flag(Step):
    kind: ClassVar[str] = "flag"
    needs: ClassVar[tuple[str, ...]] = ("service",)
    sets_flag: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        return "the value before"


@dataclass(frozen=True, kw_only=True)
class Baseline(Step):
    kind: ClassVar[str] = "take_baseline"
    needs: ClassVar[tuple[str, ...]] = ("service",)
    metrics: Sequence[Metric] = ()
    leaves_nothing: str = "it only looks"


@dataclass(frozen=True, kw_only=True)
class Change(Step):
    kind: ClassVar[str] = "change"
    how: str = ""

    def undo_in_words(self) -> str:
        return self.how


@dataclass(frozen=True, kw_only=True)
class Look(Check):
    kind: ClassVar[str] = "look"
    needs: ClassVar[tuple[str, ...]] = ("service",)
    since: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure(Metric):
    kind: ClassVar[str] = "figure"


STAGING = Environment(system="shop", name="staging", database="shop_staging_db", service="shop_staging_http")
PRODUCTION = Environment(
    system="shop", name="production", database="shop_production_db", service="shop_production_http"
)

SOUND = Plan(
    name="shop",
    title="Shop 2",
    summary="New baskets.",
    document="The shop's deployment checklist",
    risk=Risk.MEDIUM,
    owner="shop-team",
    tags=("shop",),
    staging=STAGING,
    production=PRODUCTION,
    parameters=(Parameter(name="ticket", default="none", description="The change ticket"),),
    windows=(
        Window(
            days=(5, 6),
            start=time(6),
            end=time(12),
            timezone=ZoneInfo("Europe/Paris"),
            title="weekend morning",
        ),
    ),
    schedule=(
        Scheduled(
            title="The night",
            begins=time(22),
            timezone=ZoneInfo("Europe/Paris"),
            lasts=timedelta(hours=1),
            owner="DevOps",
            covers=("production", "watch"),
        ),
    ),
    preflight=(Checklist(name="reviewed", items=("Code reviewed", "Changelog written")),),
    on_staging=(BackUp(name="back_up"), Migrate(name="migrate", planned=timedelta(seconds=10))),
    validate=(Look(name="looks_well"),),
    gate=Gate(
        question="Release to production?",
        approvals=(
            Approval(role="Product owner", people=("alice",)),
            Approval(role="DevOps lead", people=("bob", "carol")),
        ),
        criteria=(Criterion(text="Staging is well", checks=("migrate", "looks_well")),),
        timeout=timedelta(hours=2),
    ),
    on_production=(
        BackUp(name="back_up"),
        Baseline(name="take_baseline", metrics=(Figure(name="latency", unit="ms"),)),
        Migrate(name="migrate", planned=timedelta(seconds=10)),
        Flag(name="new_baskets"),
    ),
    verify=(Look(name="looks_well", patience=timedelta(minutes=1)),),
    strategies=(
        Rollout(
            strategy="gradual",
            title="In two stages",
            stages=(
                Stage(
                    name="some",
                    title="Some customers",
                    exposure=25,
                    steps=(Flag(name="open"),),
                    soak=timedelta(hours=2),
                    every=timedelta(minutes=30),
                    audience="a quarter of the customers",
                    thresholds=(Threshold(metric="latency", severity=Severity.LOW, above=150),),
                    require=(Look(name="no_complaints"),),
                ),
                Stage(
                    name="all",
                    title="All customers",
                    exposure=100,
                    steps=(Flag(name="open"),),
                    soak=timedelta(hours=4),
                    every=timedelta(hours=1),
                ),
            ),
        ),
    ),
    watch=Watch(
        metrics=(Figure(name="error_rate", unit="%"), Figure(name="latency", unit="ms")),
        thresholds=(
            Threshold(metric="error_rate", severity=Severity.HIGH, above=5, lasting=timedelta(minutes=5)),
            Threshold(metric="latency", severity=Severity.MEDIUM, above_baseline_by=100),
            Threshold(
                metric="latency", severity=Severity.LOW, above_baseline_by_percent=10, observe_only=True
            ),
        ),
        checkpoints=(
            Every(interval=timedelta(minutes=15), until=timedelta(hours=1), look_at=("Error log",)),
            Every(interval=timedelta(hours=1), until=timedelta(hours=24), title="the rest of the day"),
        ),
    ),
    matrix=DecisionMatrix(
        rules=(
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=timedelta(minutes=5),
                procedure="full_restore",
            ),
            Rule(severity=Severity.HIGH, action=Action.FLAGS_OFF, within=timedelta(minutes=15)),
            Rule(severity=Severity.MEDIUM, action=Action.ASK, within=timedelta(hours=1)),
            Rule(severity=Severity.LOW, action=Action.CONTINUE, within=timedelta(0)),
        )
    ),
    procedures=(
        Procedure(
            name="full_restore",
            title="Everything back, data from the backup",
            restore=Restore(name="restore", backup="back_up"),
            within=timedelta(minutes=30),
        ),
        Procedure(name="code_only", title="Only the flag", back_to="new_baskets", note="The schema stays."),
    ),
    verify_rollback=(Look(name="old_looks_well"),),
    notices=(
        Notice(
            name="support_hears",
            moment=Moment.AT_START,
            audience="Support",
            channels=(Email(connection="shop_mail", recipients=("support@example.org",)),),
            subject="{title} {version}",
            text="Shop 2 goes out.",
        ),
        Notice(
            name="support_hears_of_breaches",
            moment=Moment.BREACH,
            audience="Support",
            channels=(Email(connection="shop_mail", recipients=("support@example.org",)),),
            subject="{title} {version}",
            text="{reason}",
        ),
    ),
    contacts=(Contact(role="On call", name="Dana", contact="dana@example.org"),),
    after=(Duty(title="Remove the flag", due=timedelta(days=3), owner="shop-team"),),
)


def but(**changes: Any) -> Plan:
    """Return the sound plan with some of its fields replaced."""
    return replace(SOUND, **changes)


def faults_of(**changes: Any) -> list[str]:
    """Return what `prove` says of the sound plan with some of its fields replaced."""
    return [str(fault) for fault in prove(compile_plan(but(**changes)))]
