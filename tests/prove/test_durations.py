"""Faults of durations and windows, by their exact text."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.prove.plans import SOUND, BackUp, Look, Migrate, faults_of

from slipway.plan import DecisionMatrix
from slipway.prove.wording import spoken
from slipway.steps import WaitUntil
from slipway.watching import Every

ZERO = timedelta(0)


def test_a_gate_that_closes_at_once_is_refused() -> None:
    assert faults_of(gate=replace(SOUND.gate, timeout=ZERO)) == [
        "gate: timeout is 0 seconds. Give timeout a duration longer than zero."
    ]


def test_a_step_without_time_is_refused() -> None:
    steps = [BackUp(name="back_up", timeout=timedelta(minutes=-5)), Migrate(name="migrate", planned=ZERO)]
    assert faults_of(on_staging=steps) == [
        'on_staging[0] "back_up": timeout is minus 5 minutes. Give timeout a duration longer than zero.',
        'on_staging[1] "migrate": planned is 0 seconds. Give planned a duration longer than zero.',
    ]


def test_a_soak_of_zero_is_refused() -> None:
    rollout = SOUND.strategies[0]
    stages = [replace(rollout.stages[0], soak=ZERO), rollout.stages[1]]
    assert faults_of(strategies=[replace(rollout, stages=stages)]) == [
        'strategies[0].stages[0] "some": soak is 0 seconds. Give soak a duration longer than zero.'
    ]


def test_a_checkpoint_interval_of_zero_is_refused() -> None:
    rows = [Every(interval=ZERO, until=timedelta(hours=1))]
    assert faults_of(watch=replace(SOUND.watch, checkpoints=rows)) == [
        "watch.checkpoints[0]: interval is 0 seconds. Give interval a duration longer than zero."
    ]


def test_a_question_without_time_to_answer_is_refused() -> None:
    rules = [replace(rule, within=ZERO) for rule in SOUND.matrix.rules]
    assert faults_of(matrix=DecisionMatrix(rules=rules)) == [
        'matrix.rules[2] "MEDIUM": within is 0 seconds. Give within a duration longer than zero.'
    ]


def test_negative_patience_is_refused() -> None:
    assert faults_of(verify=[Look(name="looks_well", patience=timedelta(seconds=-1))]) == [
        'verify[0] "looks_well": patience is minus 1 second. Give patience zero or more.'
    ]


def test_a_window_on_no_day_is_refused() -> None:
    assert faults_of(windows=[replace(SOUND.windows[0], days=())]) == [
        'windows[0] "weekend morning": this window never opens: its days are []. '
        "Give days from 0 (Monday) to 6 (Sunday), and an end other than the start."
    ]


def test_a_window_of_no_length_is_refused() -> None:
    assert faults_of(windows=[replace(SOUND.windows[0], end=time(6))]) == [
        'windows[0] "weekend morning": this window never opens: it starts and ends at 06:00. '
        "Give days from 0 (Monday) to 6 (Sunday), and an end other than the start."
    ]


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(days=1, hours=2), "1 day 2 hours"),
        (timedelta(seconds=90), "1 minute 30 seconds"),
        (timedelta(milliseconds=500), "0.5 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_durations_are_told_as_people_say_them(duration: timedelta, text: str) -> None:
    assert spoken(duration) == text


def test_a_wait_that_must_be_early_is_refused() -> None:
    wait = WaitUntil(
        name="wait", at=time(14), timezone=ZoneInfo("UTC"), day=-1, late_at_most=timedelta(minutes=-30)
    )
    assert faults_of(on_production=[wait, *SOUND.on_production]) == [
        'on_production[0] "wait": late_at_most is minus 30 minutes. Give late_at_most zero or more.',
        'on_production[0] "wait": day is minus 1 day. Give day zero or more.',
    ]
