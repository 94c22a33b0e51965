"""Faults of names, by their exact text."""

from dataclasses import replace

import pytest
from tests.prove.plans import SOUND, BackUp, Change, Figure, Flag, Look, Migrate, Ship, ShipPackage, faults_of

from slipway.checks import Part, ReadinessScore
from slipway.kinds import Checklist
from slipway.plan import Approval, Parameter, Procedure

TWICE = "Give one of the two another name."


def test_a_name_that_cannot_be_a_task_id_is_refused() -> None:
    assert faults_of(verify=[Look(name="Looks well!")]) == [
        'verify[0] "Looks well!": "Looks well!" cannot be a name in Airflow and in a file. '
        'Write it in lower case with underscores, a letter first, e.g. "looks_well".'
    ]


def test_a_name_of_the_plan_that_cannot_be_a_dag_id_is_refused() -> None:
    assert faults_of(name="2nd shop") == [
        'name: "2nd shop" cannot be a name in Airflow and in a file. '
        'Write it in lower case with underscores, a letter first, e.g. "nd_shop".'
    ]


def test_two_steps_of_a_phase_with_one_name_are_refused() -> None:
    steps = [*SOUND.on_production, Flag(name="new_baskets")]
    assert faults_of(on_production=steps)[0] == (
        'on_production[4] "new_baskets": the name "production.new_baskets" is already taken by '
        f'on_production[3] "new_baskets". {TWICE}'
    )


def test_the_same_name_may_stand_on_staging_and_in_production() -> None:
    assert (
        faults_of(on_staging=[BackUp(name="back_up"), Migrate(name="migrate"), Flag(name="new_baskets")])
        == []
    )


def test_one_name_for_two_things_before_the_gate_is_refused() -> None:
    assert faults_of(preflight=[Look(name="looks_well")]) == [
        'validate[0] "looks_well": the name "looks_well" is already taken by '
        f'preflight[0] "looks_well". {TWICE}'
    ]


def test_a_name_that_every_release_uses_is_refused() -> None:
    assert faults_of(preflight=[Checklist(name="check_connections", items=("Done",))]) == [
        'preflight[0] "check_connections": the name "preflight.check_connections" is already taken by '
        f"every release. {TWICE}"
    ]


@pytest.mark.parametrize("name", ["watch_meanwhile", "close_the_forms"])
def test_a_name_of_what_stands_beside_a_form_is_refused(name: str) -> None:
    assert faults_of(verify=[*SOUND.verify, Checklist(name=name, items=("Done",))]) == [
        f'verify[{len(SOUND.verify)}] "{name}": the name "verification.{name}" is already taken by '
        f"every release. {TWICE}"
    ]


def test_a_stage_named_like_the_task_that_picks_the_strategy_is_refused() -> None:
    rollout = SOUND.strategies[0]
    stages = [replace(rollout.stages[0], name="strategy"), rollout.stages[1]]
    assert faults_of(strategies=[replace(rollout, stages=stages)]) == [
        f'strategies[0].stages[0] "strategy": the name "strategy" is already taken by every release. {TWICE}'
    ]


def test_two_stages_with_one_name_are_refused() -> None:
    rollout = SOUND.strategies[0]
    assert (
        'strategies[1].stages[0] "some": the name "some" is already taken by strategies[0].stages[0] '
        f'"some". {TWICE}'
        in faults_of(strategies=[rollout, replace(rollout, strategy="quick", stages=rollout.stages[:1])])
    )


def test_two_metrics_with_one_name_are_refused() -> None:
    metrics = [*SOUND.watch.metrics, Figure(name="latency")]
    assert faults_of(watch=replace(SOUND.watch, metrics=metrics)) == [
        'watch.metrics[2] "latency": the name "latency" is already taken by watch.metrics[1] '
        f'"latency". {TWICE}'
    ]


def test_two_procedures_with_one_name_are_refused() -> None:
    procedures = [*SOUND.procedures, Procedure(name="code_only", title="Again")]
    assert faults_of(procedures=procedures) == [
        'procedures[2] "code_only": the name "code_only" is already taken by procedures[1] '
        f'"code_only". {TWICE}'
    ]


def test_two_approvals_by_one_role_are_refused() -> None:
    roles = [Approval(role="DevOps lead", people=("bob",)), Approval(role="devops lead", people=("carol",))]
    assert (
        'gate.approvals[1] "devops lead": the name "devops lead" is already taken by '
        f'gate.approvals[0] "DevOps lead". {TWICE}'
    ) in faults_of(gate=replace(SOUND.gate, approvals=roles))


def test_a_parameter_that_every_release_has_is_refused() -> None:
    assert faults_of(parameters=[Parameter(name="pace", default=1, description="Speed")]) == [
        'parameters[0] "pace": every release already has a parameter "pace". '
        'Choose a name other than "version", "intent", "strategy", "procedure", "pace", "break_glass".'
    ]


def test_a_check_on_an_environment_that_no_plan_has_is_refused() -> None:
    assert faults_of(verify=[Look(name="looks_well", on="prod")]) == [
        'verify[0] "looks_well": it looks at "prod", which is no environment. '
        'Valid environments: "staging", "production".'
    ]


def test_a_step_named_like_the_undo_of_another_is_no_clash_across_phases() -> None:
    assert faults_of(on_production=[*SOUND.on_production, Change(name="undo_migrate", how="redo it")]) == []


def test_a_check_that_reads_what_no_task_before_it_left_is_refused() -> None:
    assert faults_of(validate=[Look(name="looks_well", since="staging.migrat")]) == [
        'validate[0] "looks_well": since is "staging.migrat", and no such task runs before it. Did you mean '
        '"staging.migrate"? Valid tasks: "preflight.reviewed", "staging.back_up", "staging.migrate".'
    ]


@pytest.mark.parametrize("names", [{"tried_by": "ship_ap"}, {"name": "ship_ap"}, {"tried_by": "migrate"}])
def test_what_goes_out_but_no_step_on_staging_tried_is_refused(names: dict[str, str]) -> None:
    on_staging = [*SOUND.on_staging, Ship(name="ship_app")]
    step = Ship(**{"name": "ship"} | names)
    wanted = step.tried_by or step.name
    near = 'Did you mean "ship_app"? ' if wanted == "ship_ap" else ""
    assert faults_of(on_staging=on_staging, on_production=[*SOUND.on_production, step]) == [
        f'on_production[4] "{step.name}": it takes the commit that the step "{wanted}" tried on staging, and '
        "no step there has this name and proves one: nothing would hold what goes out against what was "
        "tried. Name that step in "
        f'tried_by. {near}Valid steps: "ship_app".'
    ]


def test_a_check_that_reads_a_parameter_that_nobody_could_give_is_refused() -> None:
    part = Part(title="Report", parameter="tickett")
    score = ReadinessScore(name="score", parts=[part, replace(part, parameter="ticket")], floor=75)
    assert faults_of(preflight=[*SOUND.preflight, score]) == [
        f'preflight[{len(SOUND.preflight)}] "score": it reads the parameter "tickett", which nobody could '
        'give. Did you mean "ticket"? Valid parameters: "ticket", "version", "intent", "strategy", '
        '"procedure", "pace", "break_glass".'
    ]


def test_a_package_is_not_taken_from_a_step_that_proves_a_commit() -> None:
    on_staging = [*SOUND.on_staging, Ship(name="ship_app")]
    step = ShipPackage(name="ship_app")
    [fault] = faults_of(on_staging=on_staging, on_production=[*SOUND.on_production, step])
    assert 'it takes the package_sha256 that the step "ship_app" tried on staging, and no step' in fault
    proves_both = [*on_staging, ShipPackage(name="ship_package")]
    named = ShipPackage(name="ship_app", tried_by="ship_package")
    assert faults_of(on_staging=proves_both, on_production=[*SOUND.on_production, named]) == []


@pytest.mark.parametrize("names", [{"tried_by": "ship_app"}, {"name": "ship_app"}])
def test_what_staging_tried_may_go_out(names: dict[str, str]) -> None:
    on_staging = [*SOUND.on_staging, Ship(name="ship_app")]
    step = Ship(**{"name": "ship"} | names)
    assert faults_of(on_staging=on_staging, on_production=[*SOUND.on_production, step]) == []


def test_a_check_may_read_what_an_earlier_phase_left() -> None:
    assert faults_of(verify=[Look(name="looks_well", since="staging.migrate")]) == []
