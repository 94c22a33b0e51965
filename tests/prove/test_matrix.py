"""Faults of the decision matrix and the procedures, by their exact text."""

from dataclasses import replace
from typing import Any

from tests.prove.plans import SOUND, Change, Restore, faults_of

from slipway.plan import DecisionMatrix, Procedure, Rule
from slipway.words import Action, Severity

CRITICAL, HIGH, MEDIUM, LOW = SOUND.matrix.rules


def matrix(*rules: Rule, **changes: Any) -> list[str]:
    return faults_of(matrix=DecisionMatrix(rules=rules), **changes)


def test_a_severity_without_an_action_is_refused() -> None:
    assert matrix(CRITICAL, HIGH, MEDIUM) == [
        'matrix: nothing follows from LOW, the severity of watch.thresholds[2] "latency" and 2 more. '
        "Add Rule(severity=Severity.LOW, action=..., within=...)."
    ]


def test_high_always_wants_an_action() -> None:
    assert any(
        "nothing follows from HIGH, the severity of a watch that is marked failed" in fault
        for fault in matrix(CRITICAL, MEDIUM, LOW)
    )


def test_a_row_for_a_scenario_does_not_stand_in_for_the_severity() -> None:
    assert "nothing follows from LOW" in matrix(CRITICAL, HIGH, MEDIUM, replace(LOW, scenario="night"))[0]


def test_two_rows_for_one_case_are_refused() -> None:
    assert matrix(CRITICAL, HIGH, MEDIUM, LOW, HIGH) == [
        'matrix.rules[4] "HIGH": matrix.rules[1] "HIGH" already says what follows from HIGH. '
        "Keep one of the two, or give it a scenario of its own."
    ]


def test_a_row_that_names_no_procedure_is_refused_with_the_nearest_name() -> None:
    assert matrix(CRITICAL, replace(HIGH, procedure="code_onyl"), MEDIUM, LOW) == [
        'matrix.rules[1] "HIGH": "code_onyl" is no rollback procedure. '
        'Did you mean "code_only"? Valid procedures: "full_restore", "code_only".'
    ]


def test_an_action_that_restores_without_a_procedure_that_does_is_refused() -> None:
    assert matrix(replace(CRITICAL, procedure="code_only"), HIGH, MEDIUM, LOW) == [
        'matrix.rules[0] "CRITICAL": it says "roll back and restore", and its procedure restores nothing. '
        'Name a procedure with restore=...; those are "full_restore".'
    ]


def test_an_action_that_turns_flags_off_where_there_is_none_is_refused() -> None:
    steps = SOUND.on_production[:3]
    procedures = SOUND.procedures[:1]
    assert faults_of(on_production=steps, procedures=procedures, strategies=()) == [
        'matrix.rules[1] "HIGH": it says "turn the flags off", and no production step sets a flag. '
        "Add a SetFlag step that can be undone, or choose another action."
    ]


def test_a_rollback_in_whose_reach_nothing_can_be_undone_is_refused() -> None:
    mails = Change(name="send_mails", irreversible="mails cannot be called back")
    assert faults_of(
        on_production=[*SOUND.on_production, mails],
        strategies=(),
        procedures=[*SOUND.procedures, Procedure(name="mails", title="Mails", back_to="send_mails")],
        matrix=DecisionMatrix(rules=(CRITICAL, HIGH, replace(MEDIUM, procedure="mails"), LOW)),
    ) == [
        'matrix.rules[2] "MEDIUM": it says "ask", and none of the steps in its reach can be undone. '
        'Give one of them an undo ("send_mails"), or choose an action that only alerts.'
    ]


def test_a_procedure_back_to_no_step_is_refused_with_the_nearest_name() -> None:
    procedures = [SOUND.procedures[0], replace(SOUND.procedures[1], back_to="new_basket")]
    assert faults_of(procedures=procedures) == [
        'procedures[1] "code_only": it goes back to "new_basket", which is no production step. Did you mean '
        '"new_baskets"? Valid steps: "back_up", "take_baseline", "migrate", "new_baskets", "open".'
    ]


def test_a_procedure_that_restores_a_backup_nobody_makes_is_refused() -> None:
    procedures = [
        replace(SOUND.procedures[0], restore=Restore(name="restore", backup="backup")),
        SOUND.procedures[1],
    ]
    assert faults_of(procedures=procedures) == [
        'procedures[0] "full_restore": it restores the backup "backup", which no production step makes. '
        'Did you mean "back_up"? Valid backups: "back_up".'
    ]


def test_a_restore_step_with_no_backup_before_it_is_refused() -> None:
    steps = [Restore(name="restore_drill", backup="back_up"), *SOUND.on_staging]
    assert faults_of(on_staging=steps) == [
        'on_staging[0] "restore_drill": it restores the backup "back_up", which no step before it makes. '
        "Valid backups: none."
    ]


def test_an_action_that_only_alerts_wants_no_undo() -> None:
    mails = Change(name="send_mails", irreversible="mails cannot be called back")
    procedures = [*SOUND.procedures, Procedure(name="mails", title="Mails", back_to="send_mails")]
    assert (
        matrix(
            *(CRITICAL, HIGH, MEDIUM, replace(LOW, action=Action.ALERT, procedure="mails")),
            on_production=[*SOUND.on_production, mails],
            strategies=(),
            procedures=procedures,
        )
        == []
    )


def test_not_to_know_is_no_graver_than_to_have_seen_it() -> None:
    looks = replace(SOUND.verify[0], on_failure=Severity.HIGH, on_unknown=Severity.CRITICAL)
    assert faults_of(verify=[looks]) == [
        'verify[0] "looks_well": on_unknown is CRITICAL, graver than its on_failure HIGH. '
        "Give on_unknown the severity of on_failure or a milder one."
    ]
