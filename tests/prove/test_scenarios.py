"""Faults of scenarios, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, Migrate, faults_of

from slipway.kinds import Check
from slipway.plan import DecisionMatrix
from slipway.steps.run_check import RunCheck
from slipway.watching import Watch
from slipway.words import Severity

HIGH, MEDIUM = SOUND.matrix.rules[1:3]
MATRIX = DecisionMatrix(rules=[*SOUND.matrix.rules, replace(HIGH, scenario="night")])
UNUSED = (
    'matrix.rules[4] "HIGH": nothing of HIGH names the scenario "night", so this row is never chosen. '
    'Name it (scenario="night") on a threshold, production step or check, or leave the row out.'
)


def in_scenario(name: str, observe_only: bool = False) -> Watch:
    first, *others = SOUND.watch.thresholds
    limit = replace(first, scenario=name, observe_only=observe_only)
    return replace(SOUND.watch, thresholds=[limit, *others])


def migrating(scenario: str) -> list[object]:
    failing = Migrate(name="migrate", on_failure=Severity.HIGH, scenario=scenario)
    return [failing if step.name == "migrate" else step for step in SOUND.on_production]


def test_a_threshold_in_a_scenario_without_a_row_is_refused_with_the_nearest_name() -> None:
    assert faults_of(matrix=MATRIX, watch=in_scenario("nigth")) == [
        'watch.thresholds[0] "error_rate": the matrix has no row for HIGH in the scenario "nigth". '
        'Did you mean "night"? Valid scenarios: "night".',
        UNUSED,
    ]


def test_a_step_in_a_scenario_without_a_row_is_refused_with_the_nearest_name() -> None:
    assert faults_of(matrix=MATRIX, on_production=migrating("nigth")) == [
        'on_production[2] "migrate": the matrix has no row for HIGH in the scenario "nigth". '
        'Did you mean "night"? Valid scenarios: "night".',
        UNUSED,
    ]


def test_a_row_whose_scenario_nothing_names_is_refused() -> None:
    assert faults_of(matrix=MATRIX) == [UNUSED]


def test_a_threshold_that_only_observes_chooses_no_row() -> None:
    assert UNUSED in faults_of(matrix=MATRIX, watch=in_scenario("night", observe_only=True))


def test_a_scenario_of_a_threshold_or_of_a_step_is_fine() -> None:
    assert faults_of(matrix=MATRIX, watch=in_scenario("night")) == []
    assert faults_of(matrix=MATRIX, on_production=migrating("night")) == []


def checked(scenario: str, *, blocking: bool = True) -> list[object]:
    first, *others = SOUND.verify
    assert isinstance(first, Check)
    return [replace(first, on_failure=Severity.HIGH, scenario=scenario, blocking=blocking), *others]


def test_a_check_in_a_scenario_without_a_row_is_refused_and_one_that_blocks_uses_the_row() -> None:
    assert faults_of(matrix=MATRIX, verify=checked("night")) == []
    assert UNUSED in faults_of(matrix=MATRIX, verify=checked("night", blocking=False))
    [unknown, unused] = faults_of(matrix=MATRIX, verify=checked("nigth"))
    assert unknown.startswith("verify[0] ")
    assert unknown.endswith('Did you mean "night"? Valid scenarios: "night".')
    assert unused == UNUSED


def test_a_row_that_only_a_check_without_an_answer_chooses_is_used() -> None:
    first, *others = checked("night")
    assert isinstance(first, Check)
    at_night = replace(MEDIUM, scenario="night")
    either = DecisionMatrix(rules=[*MATRIX.rules, at_night])
    assert faults_of(matrix=either, verify=[replace(first, on_unknown=Severity.MEDIUM), *others]) == []
    assert any("MEDIUM" in fault for fault in faults_of(matrix=either, verify=[first, *others]))


def test_a_scenario_that_picks_nothing_is_refused() -> None:
    first, *_ = checked("night")
    assert isinstance(first, Check)
    idle = 'its scenario "night" picks nothing here. Only a check that blocks after production has one; '
    idle += "give it to a RunCheck itself, or leave it out."
    in_a_step = RunCheck(name="look", check=first, scenario="night", on_failure=Severity.HIGH)
    for field, placed in (("verify", replace(first, blocking=False)), ("preflight", first)):
        assert f'{field}[0] "{first.name}": {idle}' in faults_of(matrix=MATRIX, **{field: [placed]})
    assert any(
        idle in fault for fault in faults_of(matrix=MATRIX, on_production=[*SOUND.on_production, in_a_step])
    )
