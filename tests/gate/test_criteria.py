"""What the checks behind a criterion say."""

import pytest
from tests.prove.plans import Ship
from tests.toy import ToyStep, plan

from slipway.gate.criteria import packages, parameters_digest, state_of, unproved
from slipway.plan import Criterion
from slipway.run import Json
from slipway.words import Answer

CRITERION = Criterion(text="staging is healthy", checks=["health", "deploy"])
HEALTHY = {"answer": "PASS", "summary": "200", "evidence": {}}
DEPLOYED = {"before": {}, "after": {}, "proof": {}, "changed": True, "summary": "v2 is current"}


def test_a_criterion_passes_when_all_its_checks_and_steps_do() -> None:
    state = state_of(CRITERION, {"health": HEALTHY, "deploy": DEPLOYED})

    assert state.answer is Answer.PASS
    assert state.findings == ("health: PASS: 200", "deploy: PASS: v2 is current")


@pytest.mark.parametrize("answer", [Answer.FAIL, Answer.INCONCLUSIVE, Answer.ERROR])
def test_the_worst_answer_counts(answer: Answer) -> None:
    results = {"health": {**HEALTHY, "answer": str(answer)}, "deploy": DEPLOYED}

    assert state_of(CRITERION, results).answer is answer


@pytest.mark.parametrize("left", [{}, {"health": None, "deploy": DEPLOYED}])
def test_a_check_that_left_nothing_is_inconclusive(left: dict[str, Json]) -> None:
    state = state_of(CRITERION, left)

    assert state.answer is Answer.INCONCLUSIVE
    assert state.findings[0] == "health: INCONCLUSIVE: it left no evidence"


def test_a_criterion_without_checks_is_inconclusive() -> None:
    assert state_of(Criterion(text="trust me", checks=[]), {}).answer is Answer.INCONCLUSIVE


def test_the_order_of_parameters_does_not_matter_but_their_values_do() -> None:
    digest = parameters_digest({"version": "v2", "pace": 1})

    assert digest == parameters_digest({"pace": 1, "version": "v2"})
    assert digest != parameters_digest({"pace": 2, "version": "v2"})


def test_the_packages_are_those_that_steps_on_staging_proved() -> None:
    two = plan(on_staging=[ToyStep(name="deploy"), ToyStep(name="back_up")])
    results = {
        "deploy": {**DEPLOYED, "proof": {"package": "ui.zip", "package_sha256": "5ec0"}},
        "back_up": {**DEPLOYED, "proof": {"sha256": "of a backup"}},
    }

    assert packages(two, results) == {"deploy": "5ec0"}


def test_what_staging_did_not_prove_and_production_must_take_is_named() -> None:
    ships = plan(
        on_staging=[Ship(name="ship_api"), Ship(name="ship_ui"), ToyStep(name="seed")],
        on_production=[
            Ship(name="ship_green", tried_by="ship_api"),
            Ship(name="ship_ui"),
            ToyStep(name="seed"),
        ],
    )
    proved = {"ship_api": {**DEPLOYED, "proof": {"commit": "abc123"}}, "ship_ui": DEPLOYED, "seed": None}

    assert unproved(ships, proved) == ("staging.ship_ui",)
    assert unproved(ships, {}) == ("staging.ship_api", "staging.ship_ui")
