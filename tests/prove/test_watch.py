"""Faults of the watch and of soaks, by their exact text."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.prove.plans import SOUND, faults_of

from slipway.metrics import GaugeValue
from slipway.watching import Every, Threshold
from slipway.words import Severity

HIGH = Severity.HIGH


def watch(**changes: Any) -> list[str]:
    return faults_of(watch=replace(SOUND.watch, **changes))


def test_a_watch_without_thresholds_is_refused() -> None:
    assert watch(thresholds=()) == [
        "watch.thresholds: no threshold decides anything, so the watch would always end healthy. "
        "Add a Threshold that is not observe_only."
    ]


def test_a_watch_whose_thresholds_only_observe_is_refused() -> None:
    assert watch(thresholds=[Threshold(metric="latency", severity=HIGH, above=5, observe_only=True)]) == [
        "watch.thresholds: no threshold decides anything, so the watch would always end healthy; 1 "
        "only observe. "
        "Add a Threshold that is not observe_only."
    ]


def test_a_threshold_on_an_unknown_metric_is_refused_with_the_nearest_name() -> None:
    assert watch(thresholds=[Threshold(metric="eror_rate", severity=HIGH, above=5)]) == [
        'watch.thresholds[0] "eror_rate": the watch does not sample a metric "eror_rate". '
        'Did you mean "error_rate"? Valid metrics: "error_rate", "latency".'
    ]


def test_a_comparison_with_an_unknown_metric_is_refused() -> None:
    limit = Threshold(metric="latency", severity=HIGH, above_baseline_by=5, versus="latency_a")
    assert watch(thresholds=[limit]) == [
        'watch.thresholds[0] "latency": the watch does not sample a metric "latency_a". '
        'Did you mean "latency"? Valid metrics: "error_rate", "latency".'
    ]


def test_a_threshold_without_a_limit_is_refused() -> None:
    assert watch(thresholds=[Threshold(metric="latency", severity=HIGH)]) == [
        'watch.thresholds[0] "latency": it has no limit. Give exactly one of '
        "above, below, above_baseline_by, above_baseline_by_percent, above_baseline_times."
    ]


def test_a_threshold_with_two_limits_is_refused() -> None:
    assert watch(thresholds=[Threshold(metric="latency", severity=HIGH, above=1, below=0)]) == [
        'watch.thresholds[0] "latency": it has 2 limits. Give exactly one of '
        "above, below, above_baseline_by, above_baseline_by_percent, above_baseline_times."
    ]


def test_a_limit_against_a_baseline_that_nobody_takes_is_refused() -> None:
    steps = [step for step in SOUND.on_production if step.name != "take_baseline"]
    assert faults_of(on_production=steps) == [
        f'watch.thresholds[{index}] "latency": its limit is relative to a baseline, and no production '
        "step takes "
        "one. Put TakeBaseline first in on_production, or compare with another metric (versus=...)."
        for index in (1, 2)
    ]


def test_a_limit_against_a_baseline_without_that_metric_is_refused() -> None:
    assert watch(thresholds=[Threshold(metric="error_rate", severity=HIGH, above_baseline_by=1)]) == [
        'watch.thresholds[0] "error_rate": its limit is relative to a baseline, which holds "latency" and '
        'not "error_rate". Let TakeBaseline measure it too, or compare with another metric (versus=...).'
    ]


def test_a_comparison_with_an_absolute_limit_is_refused() -> None:
    assert watch(thresholds=[Threshold(metric="latency", severity=HIGH, above=5, versus="error_rate")]) == [
        'watch.thresholds[0] "latency": it compares with "error_rate", but its limit is absolute. '
        "Use one of the above_baseline_* limits, or leave versus out."
    ]


def test_a_watch_without_a_checkpoint_is_refused() -> None:
    assert watch(checkpoints=()) == [
        "watch.checkpoints: the watch has no checkpoint, so it would end at once. "
        "Add a row, e.g. Every(interval=timedelta(minutes=15), until=timedelta(hours=24))."
    ]


def test_checkpoint_rows_that_do_not_increase_are_refused() -> None:
    assert watch(checkpoints=list(reversed(SOUND.watch.checkpoints))) == [
        "watch.checkpoints[1]: it ends after 1 hour, not later than the row above it (1 day). "
        "Order the rows by until; each begins where the one above ends."
    ]


def test_an_interval_longer_than_its_part_of_the_window_is_refused() -> None:
    rows = [Every(interval=timedelta(hours=2), until=timedelta(hours=1))]
    assert watch(checkpoints=rows) == [
        "watch.checkpoints[0]: a checkpoint every 2 hours never comes in a part of 1 hour. "
        "Shorten the interval or lengthen the part."
    ]


def test_a_soak_too_short_for_its_checkpoints_is_refused() -> None:
    rollout = SOUND.strategies[0]
    stages = [replace(rollout.stages[0], soak=timedelta(minutes=20)), rollout.stages[1]]
    assert faults_of(strategies=[replace(rollout, stages=stages)]) == [
        'strategies[0].stages[0] "some": a checkpoint every 30 minutes never comes in a part of 20 minutes. '
        "Shorten the interval or lengthen the part."
    ]


def test_checkpoints_too_close_for_the_samples_wanted_are_refused() -> None:
    rows = [Every(interval=timedelta(seconds=30), until=timedelta(hours=1))]
    assert watch(checkpoints=rows) == [
        "watch.checkpoints[0]: 30 seconds between checkpoints hold fewer than the 3 samples wanted "
        "(one every 15 seconds), so no checkpoint could be healthy. "
        "Sample more often, or lower minimum_good_samples."
    ]


@pytest.mark.parametrize("field", ["minimum_good_samples", "consecutive_errors", "inconclusive_checkpoints"])
def test_a_count_below_one_is_refused(field: str) -> None:
    assert watch(**{field: 0}) == [f"watch: {field} is 0. Give {field} 1 or more."]


def test_the_newest_of_a_metric_that_tells_of_the_time_between_two_readings_is_refused() -> None:
    first, *others = SOUND.watch.metrics
    assert watch(metrics=[replace(first, newest=True), *others]) == [
        f'watch.metrics[0] "{first.name}": newest=True, and a {first.kind} tells of the time between two '
        "readings. Leave newest out; it is for a count of what is open now."
    ]
    gauge = GaugeValue(name=first.name, gauge="open_bugs", newest=True)
    assert watch(metrics=[gauge, *others]) == []


def test_a_metric_that_counts_nothing_cannot_be_wanted_of_at_least_so_many() -> None:
    [gauge] = [metric for metric in SOUND.watch.metrics if not metric.counts][:1]
    limit = Threshold(metric=gauge.name, severity=Severity.HIGH, above=1, of_at_least=5)
    assert watch(thresholds=[limit]) == [
        f'watch.thresholds[0] "{gauge.name}": it has of_at_least, and {gauge.name} '
        f"({gauge.kind}) cannot say how many observations it has. "
        "Leave of_at_least out, or measure by a ratio, a mean or a quantile of what is counted."
    ]
