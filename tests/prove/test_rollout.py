"""Faults of rollouts, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, faults_of

ROLLOUT = SOUND.strategies[0]
SOME, ALL = ROLLOUT.stages


def test_a_rollout_whose_stages_shrink_is_refused() -> None:
    stages = [SOME, replace(ALL, exposure=20)]
    assert faults_of(strategies=[replace(ROLLOUT, stages=stages)]) == [
        'strategies[0].stages[1] "all": it exposes 20 %, less than the stage before it (25 %). '
        "Order the stages by exposure; going back is what the rollback is for."
    ]


def test_an_exposure_above_a_hundred_percent_is_refused() -> None:
    stages = [SOME, replace(ALL, exposure=110)]
    assert faults_of(strategies=[replace(ROLLOUT, stages=stages)]) == [
        'strategies[0].stages[1] "all": an exposure of 110 % is not possible. Give a percentage from '
        "0 to 100."
    ]


def test_a_strategy_without_a_stage_is_refused() -> None:
    assert faults_of(strategies=[ROLLOUT, replace(ROLLOUT, strategy="quick", stages=())]) == [
        'strategies[1] "quick": this strategy has no stage, so it would expose nothing and watch nothing. '
        "Add a Stage, or leave the strategy out."
    ]
