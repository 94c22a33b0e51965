"""Faults of consequences, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, faults_of

from slipway.plan import DecisionMatrix
from slipway.words import Action, Severity

CRITICAL, HIGH, MEDIUM, LOW = SOUND.matrix.rules


def test_a_matrix_that_stops_no_release_is_refused() -> None:
    rules = [replace(rule, action=Action.ALERT) for rule in SOUND.matrix.rules]
    assert faults_of(matrix=DecisionMatrix(rules=rules)) == [
        "matrix: none of its rows asks a person or undoes anything, so no breach would stop a release. "
        "Give CRITICAL at least ASK, FLAGS_OFF, ROLL_BACK or ROLL_BACK_AND_RESTORE.",
        "watch.thresholds: no row of its severities (HIGH, MEDIUM) asks or undoes, so the watch would "
        "always end healthy. Give one of the thresholds a severity whose row asks a person or undoes.",
        'watch.on_no_data: from MEDIUM follows "alert", so a watch without data would end healthy. '
        "Choose a severity whose row asks a person or undoes.",
    ]


def test_a_watch_whose_thresholds_only_alert_is_refused() -> None:
    limits = [replace(limit, severity=Severity.LOW) for limit in SOUND.watch.thresholds]
    assert faults_of(watch=replace(SOUND.watch, thresholds=limits)) == [
        "watch.thresholds: no row of its severities (LOW) asks or undoes, so the watch would "
        "always end healthy. Give one of the thresholds a severity whose row asks a person or undoes."
    ]


def test_a_row_for_a_scenario_decides_for_its_thresholds() -> None:
    limits = [replace(limit, severity=Severity.LOW, scenario="night") for limit in SOUND.watch.thresholds]
    night = replace(LOW, action=Action.ASK, scenario="night", within=MEDIUM.within)
    matrix = DecisionMatrix(rules=[CRITICAL, HIGH, MEDIUM, LOW, night])
    assert faults_of(watch=replace(SOUND.watch, thresholds=limits), matrix=matrix) == []


def test_no_data_that_only_alerts_is_refused() -> None:
    assert faults_of(watch=replace(SOUND.watch, on_no_data=Severity.LOW)) == [
        'watch.on_no_data: from LOW follows "continue", so a watch without data would end healthy. '
        "Choose a severity whose row asks a person or undoes."
    ]
