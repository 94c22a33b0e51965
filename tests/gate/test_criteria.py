"""What the checks behind a criterion say."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.prove.plans import Ship, ShipPackage
from tests.toy import ToyStep, plan

from slipway.airflow.gate_facts import question_now
from slipway.gate.criteria import packages, parameters_digest, state_of, unproved
from slipway.plan import Criterion, Rollout, Stage
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


SHIPS = plan(
    on_staging=[Ship(name="ship_api"), ShipPackage(name="ship_ui"), ToyStep(name="seed")],
    on_production=[
        Ship(name="ship_green", tried_by="ship_api"),
        ShipPackage(name="ship_ui"),
        ToyStep(name="seed"),
    ],
)
PROVED = {
    "ship_api": {**DEPLOYED, "proof": {"commit": "abc123"}},
    "ship_ui": {**DEPLOYED, "proof": {"package_sha256": "5ec0"}},
}


def test_all_that_production_takes_is_proved() -> None:
    assert unproved(SHIPS, PROVED) == ()


@pytest.mark.parametrize("proof", [{}, {"commit": "abc123"}, {"package_sha256": ""}])
def test_a_step_on_staging_without_the_fact_that_production_takes_is_named(proof: Json) -> None:
    assert unproved(SHIPS, {**PROVED, "ship_ui": {**DEPLOYED, "proof": proof}}) == ("staging.ship_ui",)
    assert unproved(SHIPS, {**PROVED, "ship_ui": None}) == ("staging.ship_ui",)
    assert unproved(SHIPS, {}) == ("staging.ship_api", "staging.ship_ui")


def test_what_a_stage_of_the_rollout_takes_must_be_proved_too() -> None:
    steps, hour = [Ship(name="ship_api")], timedelta(hours=1)
    stage = Stage(name="all", title="All", exposure=100, steps=steps, soak=hour, every=hour)
    rollout = Rollout(strategy="full", title="At once", stages=[stage])
    late = replace(SHIPS, on_production=[], strategies=[rollout])
    assert unproved(late, {}) == ("staging.ship_api",)


def test_the_question_names_what_staging_left_unproved() -> None:
    run = SimpleNamespace(conf={}, triggering_user_name="rita")
    left = {"staging.ship_api": PROVED["ship_api"]}
    ti = SimpleNamespace(xcom_pull=lambda *, task_ids: left.get(task_ids))
    found = question_now(SHIPS, "d1", {"ti": ti, "dag_run": run, "params": {}})
    assert (found.unproved, dict(found.release.commits)) == (("staging.ship_ui",), {"ship_api": "abc123"})
