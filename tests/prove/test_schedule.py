"""Faults of the timeline, by their exact text."""

from dataclasses import replace
from datetime import timedelta

from tests.prove.plans import SOUND, faults_of

[NIGHT] = SOUND.schedule
SPOT = 'schedule[0] "The night"'


def test_a_line_that_covers_no_task_is_refused_with_the_nearest_one() -> None:
    [fault] = faults_of(schedule=[replace(NIGHT, covers=["production.new_basket"])])
    assert fault.startswith(
        f'{SPOT}: it covers "production.new_basket", which is no phase and no task. '
        'Did you mean "production.new_baskets"? Valid phases and tasks: "preflight", "staging", '
    )


def test_a_line_that_covers_nothing_is_refused() -> None:
    assert faults_of(schedule=[replace(NIGHT, covers=())]) == [
        f"{SPOT}: no phase and no task belongs to it, so nothing that came could be shown beside it. "
        'Name them in covers=[...], e.g. "staging" or "production.deploy".'
    ]


def test_a_line_that_lasts_no_time_is_refused() -> None:
    assert faults_of(schedule=[replace(NIGHT, lasts=timedelta(0))]) == [
        f"{SPOT}: lasts is 0 seconds. Give lasts a duration longer than zero."
    ]
