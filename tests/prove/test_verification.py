"""Faults of verification, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, faults_of

from slipway.checks import Expected, VersionServed
from slipway.words import Action


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


def test_a_rollback_that_may_keep_the_deployment_does_not_want_the_version_before_in_any_case() -> None:
    note = VersionServed(name="noted", expects=Expected.ANY)
    back = VersionServed(name="back", expects=Expected.BEFORE, noted_by="preflight.noted")
    preflight, rules = [*SOUND.preflight, note], SOUND.matrix.rules
    assert faults_of(preflight=preflight, verify_rollback=[*SOUND.verify_rollback, back]) == [
        f'verify_rollback[{len(SOUND.verify_rollback)}] "back": it wants the version before, and a breach '
        "that only turns flags off keeps what was deployed. "
        'Name the step that deployed: deployed_by="production.<step>".'
    ]
    known = replace(back, deployed_by="production.migrate")
    assert faults_of(preflight=preflight, verify_rollback=[known]) == []
    no_flags = [replace(r, action=Action.ASK) if r.action is Action.FLAGS_OFF else r for r in rules]
    matrix = replace(SOUND.matrix, rules=no_flags)
    assert faults_of(preflight=preflight, verify_rollback=[back], matrix=matrix) == []
