"""Faults of notices, by their exact text."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.prove.plans import SOUND, faults_of

from slipway.environment import Environment
from slipway.notices import Email, InApp, PagerDuty, Slack, StatusPage
from slipway.plan import Moment, Notice, Opened
from slipway.words import Severity

[HEARS, OF_BREACHES] = SOUND.notices
VALID = (
    'Valid placeholders: "plan", "title", "version", "version_before", "who", "when", "now", "outcome", '
    '"reason", "follows", "report", "run_url", "contacts". For a brace itself write "{{".'
)
SPOT = 'notices[0] "support_hears"'


def faults_of_notice(**changes: Any) -> list[str]:
    return faults_of(notices=[replace(HEARS, **changes), OF_BREACHES])


def test_a_placeholder_that_is_no_fact_is_refused_with_the_nearest_one() -> None:
    assert faults_of_notice(text="{titel} goes out.") == [
        f'{SPOT}: its text holds {{titel}}, which no release has. Did you mean "title"? {VALID}'
    ]


def test_a_placeholder_that_reaches_into_a_fact_is_refused() -> None:
    assert faults_of_notice(subject="{plan.__class__}")[0].startswith(
        f"{SPOT}: its subject holds {{plan.__class__}}, which no release has."
    )
    assert faults_of_notice(subject="{version:>9}")[0].startswith(
        f'{SPOT}: its subject holds {{version:>9}}, which no release has. Did you mean "version"?'
    )


def test_a_brace_that_opens_nothing_is_refused() -> None:
    assert faults_of_notice(text="Set {version") == [
        f"{SPOT}: its text cannot be read: expected '}}' before end of string. "
        'Write a brace that is no placeholder twice: "{{" or "}}".'
    ]


def test_a_doubled_brace_and_every_fact_may_stand_in_a_text() -> None:
    text = (
        "{{}} {plan} {title} {version} {version_before} {who} {when} {outcome} {reason} {report} {run_url} "
        "{contacts}"
    )
    assert faults_of_notice(subject=text, text=text) == []


def test_a_notice_to_nobody_is_refused() -> None:
    assert faults_of_notice(channels=()) == [
        f"{SPOT}: it goes to no channel, so nobody would be told. "
        "Give it a channel, e.g. Slack(connection=...), or leave it out."
    ]


def test_an_empty_subject_is_refused() -> None:
    assert faults_of_notice(subject=" ") == [f"{SPOT}: its subject is empty. Give it a subject."]


@pytest.mark.parametrize(
    ("channel", "address", "lacking"),
    [
        (Slack(channel="#ops"), "Slack #ops", "connection"),
        (Email(connection="mail"), "e-mail to", "recipients"),
        (StatusPage(connection="page"), "status page (investigating)", "page"),
        (PagerDuty(connection="pages", resolves=True), "PagerDuty pages", "incident"),
    ],
)
def test_a_channel_that_cannot_send_is_refused(channel: Any, address: str, lacking: str) -> None:
    assert faults_of_notice(channels=[channel]) == [
        f"{SPOT}: its channel {address} has no {lacking}. Give it {lacking}=...."
    ]


def test_a_notice_inside_an_application_that_is_not_given_is_refused() -> None:
    bare = replace(SOUND.production, service="")
    assert (
        f'{SPOT}: it goes to the production environment\'s "service" connection, which is not given. '
        'Give the environment service="<connection id>".'
    ) in faults_of(production=bare, notices=[replace(HEARS, channels=[InApp()])])


def test_a_notice_inside_the_application_needs_no_connection_of_its_own() -> None:
    assert isinstance(SOUND.production, Environment)
    assert faults_of_notice(channels=[InApp()]) == []


def test_one_channel_twice_in_a_notice_is_refused() -> None:
    twice: Sequence[Slack] = [Slack(connection="ops", channel="#ops")] * 2
    assert faults_of_notice(channels=twice) == [
        f"{SPOT}: it goes to Slack #ops twice. Leave one out, or make two notices of it."
    ]


def test_severities_of_a_moment_that_is_no_breach_are_refused() -> None:
    assert faults_of_notice(severities=[Severity.HIGH]) == [
        f'{SPOT}: it is told at the start, and severities ("HIGH") are of breaches only. '
        "Leave severities out, or make the moment Moment.BREACH."
    ]
    assert faults_of_notice(moment=Moment.BREACH, severities=[Severity.HIGH]) == []


def test_two_notices_with_one_name_are_refused() -> None:
    again: list[Notice] = [HEARS, replace(HEARS, moment=Moment.RELEASED), OF_BREACHES]
    assert faults_of(notices=again) == [
        f'notices[1] "support_hears": the name "support_hears" is already taken by {SPOT}. '
        "Give one of the two another name."
    ]


def test_a_stage_that_the_rollout_has_not_is_refused() -> None:
    stages = [stage.name for rollout in SOUND.strategies for stage in rollout.stages]
    valid = ", ".join(f'"{name}"' for name in stages)
    assert faults_of_notice(moment=Opened(stages[0])) == []
    assert faults_of_notice(moment=Opened("nowhere")) == [
        f'{SPOT}: it is for the users of "nowhere", which is no stage of the rollout. Valid stages: {valid}.'
    ]
    rollback = Moment.ROLLBACK_STARTED
    assert faults_of_notice(moment=rollback, stage=stages[0]) == []
    assert faults_of_notice(moment=rollback, stage="nowhere") == faults_of_notice(moment=Opened("nowhere"))
    for early in (Moment.AT_START, Moment.REJECTED, Moment.ABORTED):
        assert faults_of_notice(moment=early, stage=stages[0]) == [
            f"{SPOT}: it is told {early}, and a stage is of rollbacks, and of outcomes after it, only. "
            "Leave stage out; for the users whom a stage lets in, make the moment Opened(...)."
        ]


def test_a_severity_whose_breaches_nobody_is_told_of_is_refused() -> None:
    assert faults_of(notices=[HEARS]) == [_untold(severity) for severity in Severity]
    only_grave = replace(OF_BREACHES, severities=[Severity.HIGH, Severity.CRITICAL])
    untold = [severity for severity in Severity if severity not in only_grave.severities]
    assert faults_of(notices=[HEARS, only_grave]) == [_untold(severity) for severity in untold]
    assert faults_of(notices=[HEARS, replace(OF_BREACHES, severities=[])]) == []


def _untold(severity: Severity) -> str:
    it_may = "it may stop the release and ask, and no answer is a rollback"
    follows = {
        Severity.LOW: f'"continue": {it_may}',
        Severity.MEDIUM: f'"ask": {it_may}',
        Severity.HIGH: '"turn the flags off": with nobody asked',
        Severity.CRITICAL: '"roll back and restore": with nobody asked',
    }
    return (
        f"notices: nobody is told of a {severity} breach, from which follows {follows[severity]}. "
        f"Add a Notice of Moment.BREACH, or Severity.{severity.name} to the severities of one."
    )


def test_a_notice_of_a_stage_that_opens_nothing_is_refused() -> None:
    [rollout] = SOUND.strategies
    first = rollout.stages[0]
    closed = replace(rollout, stages=[replace(first, steps=[]), *rollout.stages[1:]])
    hears = replace(HEARS, moment=Opened(first.name))
    assert faults_of(notices=[hears, OF_BREACHES], strategies=[closed]) == [
        f'{SPOT}: it is told when "{first.name}" is open, and no step of that stage opens anything. '
        "Give the stage the step that lets its users in, or tell it at another moment."
    ]


def test_a_plan_that_tells_nobody_anything_need_not_tell_of_breaches() -> None:
    assert faults_of(notices=[]) == []
