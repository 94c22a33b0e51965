"""A reader with the document in hand finds every number of it in the plan.

The lists are written by hand from the documents, not from the plans.
"""

from typing import Any

import pytest
from tests.dags.conftest import made_by

from slipway.checks import Compared, RowChecksums, SqlCheck
from slipway.compile import compile_plan
from slipway.explain import markdown
from slipway.kinds import Checklist
from slipway.metrics import SqlValue
from slipway.plan import Plan
from slipway.steps import RunCheck, RunCommand, UpgradeAlembic
from slipway.words import Action, Severity

CALIBRATION = [
    # 12.1
    "11 task groups",
    "67+ tests",
    "33/33, 100 %",
    "Unit tests 16/16",
    "integration tests 17/17",
    "10 strategic end-to-end tests",
    "24 documented front-end scenarios",
    "Edge cases tested (10/10)",
    "0 critical and 0 high bugs",
    # 12.2
    "Migration 019: create projection_calibration (risk LOW",
    "Migration 020: add calibrated columns to player_pools",
    "Migration 021: seed the 18 default percentages (risk LOW",
    # 12.4, 12.5
    "5 backend services",
    "5 front-end components",
    "5 endpoints",
    "the 5 hooks",
    # 12.6
    "above 25 %",
    "above 5 %",
    "above 1 %",
    "more than 50 % above the baseline",
    "above 100 ms",
    "| First 24 hours (intensive) | 15 minutes | 1 day |",
    "| Days 2 to 7 (regular) | 1 hour | 7 days |",
    "| Week 2 and later (standard), to day 30 | 1 day | 30 days |",
    # rollback plan
    "1. Database-only rollback",
    "2. Code rollback (backend and front end)",
    "3. Full system restore",
    # next steps
    "30 to 45 minutes",
    "Less than 5 minutes without the service",
    "Saturday, Sunday, 06:00 to 12:00",
    "Monday, Tuesday, Wednesday, Thursday, Friday, 06:00 to 08:00",
    "Product Owner",
    "Engineering Manager",
    "DevOps Lead",
    # success metrics
    "100 % of the players",
    "import time below +5 %",
    "above 200 ms",
    "5-10 % higher",
    "15-25 % narrower",
    "RB, TE and WR",
    "above 80 % of the users within 2 weeks",
    "below 5 % are confused",
    "less than 2 minutes",
    # readiness
    "Technical implementation",
    "stated: 95",
]

PLANNER = [
    "5 enhanced models",
    "WorldUpdater",
    "UpdateResult",
    "4 phases",
    "Phase 1: enhanced models",
    "Phase 2: logging and undo stack",
    "Phase 3: conflict resolution and semantic memory",
    "Phase 4: LangGraph tools",
    "Option A, recommended",
    "Option B",
    "Option C",
    "Zero data loss",
    "more than 100 ms above the baseline",
    "At most 5 % more memory",
    "above 0.1 %",  # 99.9 % uptime
    "| First 24 hours | 1 hour | 1 day |",
    "| First week | 1 day | 7 days |",
    "| First month | 7 days | 30 days |",
]


def text_of(name: str) -> str:
    return markdown(compile_plan(made_by(name)["plan"]))


@pytest.mark.parametrize("number", CALIBRATION)
def test_a_number_of_document_001_is_in_the_plan(number: str) -> None:
    assert number in text_of("projection_calibration")


@pytest.mark.parametrize("number", PLANNER)
def test_a_number_of_document_002_is_in_the_plan(number: str) -> None:
    assert number in text_of("smart_personal_planner")


def test_the_eighteen_percentages_are_those_of_the_document() -> None:
    assert made_by("projection_calibration")["DEFAULTS"] == [
        ["QB", 5, 0, -5],
        ["RB", 10, 8, -10],
        ["WR", 8, 5, -12],
        ["TE", 10, 7, -10],
        ["K", 0, 0, 0],
        ["DST", 0, 0, 0],
    ]


def test_the_three_migrations_are_planned_for_ten_seconds() -> None:
    plan: Plan = made_by("projection_calibration")["plan"]
    migrations = [step for step in plan.on_production if step.migrates]
    assert [step.to for step in migrations] == ["019", "020", "021"]  # type: ignore[attr-defined]
    assert sum(step.planned.total_seconds() for step in migrations if step.planned) == 10


def test_the_readiness_shows_the_parts_and_both_totals() -> None:
    plan: Plan = made_by("projection_calibration")["plan"]
    readiness: Any = next(check for check in plan.preflight if check.name == "readiness")
    scores = [part.score for part in readiness.parts]
    assert scores == [100, 100, 100, 95, 75]
    assert sum(scores) / len(scores) == 94
    assert readiness.stated == 95


def test_the_checklist_of_document_002_is_whole() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    lists = [part for part in plan.preflight if isinstance(part, Checklist)]
    assert [len(each.items) for each in lists] == [4, 4, 4, 4, 4, 4]
    assert all(each.blocking for each in lists)


def test_the_gradual_rollout_enables_the_features_of_each_phase() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    gradual = next(each for each in plan.strategies if each.strategy == "gradual")
    steps: list[Any] = [stage.steps[0] for stage in gradual.stages]
    assert [[flag.flag for flag in step.flags] for step in steps] == [
        ["enhanced_models"],
        ["logging_hooks", "undo_stack"],
        ["conflict_resolution", "semantic_memory"],
        ["langgraph_tools"],
    ]
    assert [each.strategy for each in plan.strategies] == ["gradual", "full", "ab_test"]


def test_a_rollback_of_the_planner_turns_the_features_off_first() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    undone = [node.title for node in compile_plan(plan).nodes if node.task_id.startswith("rollback.undo_")]
    assert undone[0].startswith("Undo: Enable")
    assert undone[-3:] == [
        "Undo: Install dependencies",
        "Undo: Upgrade the schema to the newest revision",
        "Undo: Fetch release",
    ]


def test_the_matrix_of_document_001_chooses_each_of_its_three_procedures() -> None:
    plan: Plan = made_by("projection_calibration")["plan"]
    chosen = {
        step.name: plan.matrix.rule_for(step.on_failure, step.scenario).procedure
        for step in plan.on_production
    }
    assert chosen == {
        "back_up_database": "code_rollback",
        "take_baseline": "code_rollback",
        "note_downtime": "code_rollback",
        "fetch_release": "code_rollback",
        "install_dependencies": "code_rollback",
        "run_tests": "code_rollback",
        "build_front_end": "code_rollback",
        "note_log_end": "code_rollback",
        "create_projection_calibration": "database_only",
        "add_calibrated_columns": "full_restore",
        "seed_default_calibration": "database_only",
        "deploy_services": "code_rollback",
    }


def test_lost_data_is_looked_for_again_at_the_end_of_each_strategy() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    ends = [rollout.stages[-1].require for rollout in plan.strategies]
    assert [[check.name for check in require] for require in ends] == [
        ["memory_stays_below_limit", "walk_through_features", "no_data_lost"]
    ] * 3


def test_what_people_do_to_their_rows_takes_no_release_of_the_planner_back() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    [at_once] = [check for check in plan.verify if isinstance(check, RowChecksums)]
    assert {table.users_change for table in at_once.tables} == {10}
    assert at_once.on_failure is Severity.MEDIUM  # minutes after the migration users may have done it
    later = plan.strategies[0].stages[-1].require[-1]
    assert isinstance(later, RowChecksums)
    assert ({table.users_change for table in later.tables}, later.compared) == ({100}, Compared.NO_ROWS_LOST)
    assert not later.blocking  # it is shown, and stops nothing


def test_the_planner_looks_for_damaged_rows_right_after_its_migration() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    names = [step.name for step in plan.on_production]
    first = names.index("note_rows")  # nothing long lies between: what differs is the migration's doing
    assert names[first:][:4] == ["note_rows", "upgrade_schema", "verify_enhanced_models", "verify_rows"]
    [look] = [step for step in plan.on_production if step.name == "verify_rows"]
    assert isinstance(look, RunCheck)
    assert (look.on_failure, look.check.on_failure) == (Severity.CRITICAL, Severity.CRITICAL)


def test_a_blip_is_told_of_and_takes_nothing_of_the_planner_back() -> None:
    plan: Plan = made_by("smart_personal_planner")["plan"]
    limits = [each for each in plan.watch.thresholds if each.metric in ("downtime", "error_rate")]
    told = [(each.metric, each.above) for each in limits if each.severity is Severity.LOW]
    assert told == [("downtime", 0.1), ("error_rate", 0.1)]
    assert all(each.lasting or each.of_at_least for each in limits if each.severity is not Severity.LOW)


LOOKS_AT_ROWS = (RowChecksums, SqlCheck, UpgradeAlembic, SqlValue)


def test_only_what_looked_at_rows_brings_a_backup_back(made: dict[str, Any]) -> None:
    """A restore loses what was written since, so a service that merely fails never brings it."""
    plan: Plan = made["plan"]

    def restores(severity: Severity, scenario: str = "") -> bool:
        return plan.matrix.rule_for(severity, scenario).action is Action.ROLL_BACK_AND_RESTORE

    stages = [stage for rollout in plan.strategies for stage in rollout.stages]
    steps = [*plan.on_production, *(step for stage in stages for step in stage.steps)]
    checks = [*plan.verify, *(check for stage in stages for check in stage.require)]
    limits = [*plan.watch.thresholds, *(limit for stage in stages for limit in stage.thresholds)]
    metrics = {metric.name: metric for metric in plan.watch.metrics}
    restoring = [
        *(
            step.check if isinstance(step, RunCheck) else step
            for step in steps
            if restores(step.on_failure, step.scenario)
        ),
        *(check for check in checks if restores(check.on_failure)),
        *(metrics[limit.metric] for limit in limits if restores(limit.severity, limit.scenario)),
    ]
    scripts = [each for each in restoring if isinstance(each, RunCommand)]
    assert all(script.fault_statuses for script in scripts)
    assert [each.name for each in restoring if not isinstance(each, (*LOOKS_AT_ROWS, RunCommand))] == []
    assert restoring
