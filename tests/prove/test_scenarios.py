"""Faults of scenarios, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, Migrate, faults_of

from slipway.kinds import Check
from slipway.plan import DecisionMatrix
from slipway.watching import Watch
from slipway.words import Severity

HIGH = SOUND.matrix.rules[1]
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
    assert faults_of(matrix=MATRIX, verify=checked("night", blocking=False)) == [UNUSED]
    [unknown, unused] = faults_of(matrix=MATRIX, verify=checked("nigth"))
    assert unknown.startswith("verify[0] ")
    assert unknown.endswith('Did you mean "night"? Valid scenarios: "night".')
    assert unused == UNUSED
