"""Faults of verification, by their exact text."""

from tests.prove.plans import faults_of


def test_a_plan_that_does_not_verify_production_is_refused() -> None:
    assert faults_of(verify=()) == [
        "verify: there is no check, so nothing would prove that the release works in production. "
        "Add the checks that tell it, e.g. HttpCheck and VersionServed."
    ]


def test_a_plan_that_does_not_verify_a_rollback_is_refused() -> None:
    assert faults_of(verify_rollback=()) == [
        "verify_rollback: there is no check, so nothing would prove that a rollback brought back what was "
        "before. "
        "Add the checks that tell it, e.g. VersionServed(expects=Expected.BEFORE, noted_by=...)."
    ]
