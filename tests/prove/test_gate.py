"""Faults of the gate, by their exact text."""

from dataclasses import replace

from tests.prove.plans import SOUND, faults_of

from slipway.plan import Approval, Criterion


def test_a_gate_that_asks_nobody_is_refused() -> None:
    assert faults_of(gate=replace(SOUND.gate, approvals=()))[0] == (
        "gate.approvals: the gate asks nobody, so nothing stands between staging and production. "
        "Add at least one Approval with its role and its people."
    )


def test_an_approval_that_nobody_can_give_is_refused() -> None:
    approvals = [Approval(role="Product owner", people=())]
    assert faults_of(gate=replace(SOUND.gate, approvals=approvals)) == [
        'gate.approvals[0] "Product owner": nobody may approve as "Product owner". '
        "List the Airflow user names in people=[...]."
    ]


def test_a_gate_without_a_criterion_is_refused() -> None:
    assert faults_of(gate=replace(SOUND.gate, criteria=())) == [
        "gate.criteria: the gate has no criterion, so whoever decides would be shown no evidence. "
        "Add Criterion(text=..., checks=[...]) for each condition of a GO."
    ]


def test_a_criterion_without_a_check_is_refused() -> None:
    assert faults_of(gate=replace(SOUND.gate, criteria=[Criterion(text="All well", checks=())])) == [
        'gate.criteria[0] "All well": this criterion names no check, so no evidence would be shown '
        "beside it. "
        "Name the checks, checklists or staging steps that show it in checks=[...]."
    ]


def test_a_criterion_on_an_unknown_check_is_refused_with_the_nearest_name() -> None:
    assert faults_of(
        gate=replace(SOUND.gate, criteria=[Criterion(text="All well", checks=("look_well",))])
    ) == [
        'gate.criteria[0] "All well": "look_well" is no check, checklist or staging step before the gate. '
        'Did you mean "looks_well"? Valid names: "reviewed", "back_up", "migrate", "looks_well".'
    ]


def test_more_approvals_than_people_are_refused() -> None:
    approvals = [
        Approval(role="Product owner", people=("alice", "bob")),
        Approval(role="DevOps lead", people=("bob",)),
        Approval(role="Tech lead", people=("alice",)),
    ]
    assert faults_of(gate=replace(SOUND.gate, approvals=approvals)) == [
        'gate.approvals: the 3 approvals need a person each, and "alice", "bob" cannot give them all. '
        "Name further people, so that every approval can be given by another one."
    ]


def test_two_approvals_that_share_a_person_are_fine_if_another_can_give_one() -> None:
    approvals = [
        Approval(role="Product owner", people=("alice", "bob")),
        Approval(role="DevOps lead", people=("bob",)),
    ]
    assert faults_of(gate=replace(SOUND.gate, approvals=approvals)) == []
