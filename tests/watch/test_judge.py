"""How samples become answers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.metrics import GaugeValue
from slipway.plan import DecisionMatrix, Rule
from slipway.watch.judge import (
    Row,
    Situation,
    WatchBreach,
    breaches_of,
    judge,
    overall,
    strongest,
    urgent,
)
from slipway.watch.limits import Sample, limit_of
from slipway.watch.render import table
from slipway.watching import Missing, Threshold, Watch
from slipway.words import Action, Answer, Severity

MATRIX = DecisionMatrix(
    rules=[
        Rule(severity=Severity.CRITICAL, action=Action.ROLL_BACK, within=timedelta(minutes=5)),
        Rule(severity=Severity.HIGH, action=Action.ASK, within=timedelta(minutes=30)),
        Rule(severity=Severity.MEDIUM, action=Action.ALERT, within=timedelta(hours=2)),
        Rule(severity=Severity.LOW, action=Action.CONTINUE, within=timedelta(hours=24)),
        Rule(severity=Severity.LOW, action=Action.FLAGS_OFF, within=timedelta(hours=1), scenario="leak"),
    ]
)


def threshold(**given: Any) -> Threshold:
    return Threshold(**{"metric": "errors", "severity": Severity.CRITICAL, **given})


def situation(
    *values: float | None,
    thresholds: tuple[Threshold, ...] = (),
    baseline: dict[str, float] | None = None,
    pace: float = 1,
    spacing: float = 15,
    before: tuple[float | None, ...] = (),
    each: float = 0,
) -> Situation:
    samples = [
        Sample(
            at=spacing * number,
            values={"errors": value},
            recent={"errors": value},
            observed={"errors": each} if each else {},
        )
        for number, value in enumerate((*before, *values))
    ]
    metrics = [GaugeValue(name="errors", gauge="errors", unit="%")]
    return Situation(
        watch=Watch(metrics=metrics, thresholds=thresholds, checkpoints=(), minimum_good_samples=3),
        matrix=MATRIX,
        pace=pace,
        baseline=baseline or {},
        samples=samples[len(before) :],
        earlier=samples[: len(before)],
    )


def answer(*values: float | None, limit: Threshold, **given: Any) -> Answer | None:
    [row] = judge(situation(*values, thresholds=(limit,), **given))
    return row.answer


@pytest.mark.parametrize(("value", "expected"), [(4.9, Answer.PASS), (5.0, Answer.PASS), (5.1, Answer.FAIL)])
def test_the_limit_itself_is_still_allowed(value: float, expected: Answer) -> None:
    assert answer(value, value, value, limit=threshold(above=5)) is expected


@pytest.mark.parametrize(("value", "expected"), [(99.8, Answer.FAIL), (99.9, Answer.PASS)])
def test_a_limit_below(value: float, expected: Answer) -> None:
    assert answer(value, value, value, limit=threshold(below=99.9)) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"above_baseline_by": 100}, 300),
        ({"above_baseline_by_percent": 5}, 210),
        ({"above_baseline_times": 1.5}, 300),
        ({"above": 7}, 7),
        ({"below": 8}, 8),
    ],
)
def test_limits_against_a_baseline_of_200(given: dict[str, float], expected: float) -> None:
    assert limit_of(threshold(**given), 200) == expected


def test_without_a_baseline_a_relative_limit_is_inconclusive() -> None:
    [row] = judge(situation(1, 2, 3, thresholds=(threshold(above_baseline_by=1),)))
    assert (row.answer, row.note) == (Answer.INCONCLUSIVE, "no baseline to compare with")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(Missing.INCONCLUSIVE, Answer.INCONCLUSIVE), (Missing.BREACH, Answer.FAIL), (Missing.NOT_JUDGED, None)],
)
def test_too_few_good_samples_are_never_a_pass(missing: Missing, expected: Answer | None) -> None:
    assert answer(1, None, 1, None, limit=threshold(above=5, missing=missing)) is expected


def test_no_samples_at_all_are_inconclusive() -> None:
    assert answer(limit=threshold(above=5)) is Answer.INCONCLUSIVE


def test_a_sustained_limit_is_breached_only_when_it_has_lasted() -> None:
    lasting = threshold(above=5, lasting=timedelta(minutes=1))
    assert answer(9, 9, 9, 9, limit=lasting) is Answer.PASS  # 45 seconds
    assert answer(9, 9, 9, 9, 9, limit=lasting) is Answer.FAIL  # a minute


def test_one_good_sample_ends_what_lasted() -> None:
    lasting = threshold(above=5, lasting=timedelta(minutes=1))
    assert answer(9, 9, 9, 9, 1, 9, 9, limit=lasting) is Answer.PASS


def test_a_sample_without_data_neither_ends_nor_extends_what_lasts() -> None:
    lasting = threshold(above=5, lasting=timedelta(minutes=1))
    assert answer(9, 9, None, 9, 9, limit=lasting) is Answer.FAIL
    assert answer(9, 9, 9, 9, None, limit=lasting) is Answer.PASS


def test_what_lasts_is_counted_over_the_checkpoint_before() -> None:
    lasting = threshold(above=5, lasting=timedelta(minutes=1))
    assert answer(9, 9, 9, limit=lasting, before=(9, 9)) is Answer.FAIL
    assert answer(9, 9, 9, limit=lasting, before=(9, 1)) is Answer.PASS


def test_in_a_rehearsal_what_lasts_is_divided_by_the_pace_but_never_fewer_than_enough_samples() -> None:
    lasting = threshold(above=5, lasting=timedelta(minutes=30))
    assert answer(1, 9, 9, limit=lasting, pace=100_000, spacing=0.1) is Answer.PASS
    assert answer(9, 9, 9, limit=lasting, pace=100_000, spacing=0.1) is Answer.FAIL


def test_a_metric_is_compared_with_another_one_of_the_same_moment() -> None:
    limit = Threshold(metric="b", versus="a", above_baseline_times=2, severity=Severity.HIGH)
    metrics = [GaugeValue(name="a", gauge="a"), GaugeValue(name="b", gauge="b")]
    samples = [Sample(at=n, values={"a": 10.0, "b": 21.0}) for n in range(3)]
    watch = Watch(metrics=metrics, thresholds=[limit], checkpoints=(), minimum_good_samples=3)
    rows = judge(Situation(watch=watch, matrix=MATRIX, pace=1, baseline={}, samples=samples))
    assert [(row.metric, row.limit, row.baseline, row.answer) for row in rows] == [
        ("b", 20.0, 10.0, Answer.FAIL),
        ("a", None, None, None),
    ]


def test_what_anything_follows_from_is_noticed_at_a_sample_also_if_it_only_alerts() -> None:
    limits = tuple(threshold(above=5, severity=severity) for severity in Severity)
    rows = urgent(situation(9, 9, 9, thresholds=limits))
    assert {row.severity for row in rows} == {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}


def test_each_of_the_last_samples_of_a_momentary_metric_must_cross_an_urgent_limit() -> None:
    limit = (threshold(above=5),)
    assert urgent(situation(1, 9, 9, 9, thresholds=limit))
    assert urgent(situation(9, None, 9, 9, thresholds=limit))
    assert urgent(situation(9, 9, 1, 9, 9, thresholds=limit)) == []
    assert urgent(situation(1, 1, 99, thresholds=limit)) == []  # their mean crosses, one of three does


def test_an_outlier_of_a_momentary_metric_ends_nothing_however_many_stand_behind_it() -> None:
    limit = (threshold(above=5, of_at_least=20),)
    assert urgent(situation(1, 1, 99, thresholds=limit, each=30)) == []
    assert urgent(situation(9, 9, 9, thresholds=limit, each=30))
    few = (threshold(above=5, of_at_least=6),)  # more readings than the last three
    assert urgent(situation(9, 0, 9, 9, 0, 9, thresholds=few, each=1))
    assert urgent(situation(0, 0, 0, 0, 0, 9, thresholds=few, each=1)) == []


def test_of_a_count_of_what_is_open_the_newest_sample_counts() -> None:
    few, many = threshold(above=0, severity=Severity.HIGH), threshold(above=2)
    now = situation(0, 0, 3, thresholds=(few, many))
    assert [row.value for row in judge(now)] == [1, 1]  # a mean of 1 would ask of one, and there are 3
    counted = replace(now.watch, metrics=[replace(metric, newest=True) for metric in now.watch.metrics])
    rows = judge(replace(now, watch=counted))
    assert [(row.value, row.answer) for row in rows] == [(3, Answer.FAIL)] * 2
    rising = replace(situation(1, 3, 4, 5, thresholds=(few, many)), watch=counted)
    assert [(row.severity, row.value) for row in urgent(rising)] == [
        (Severity.HIGH, 5),
        (Severity.CRITICAL, 5),
    ]


def test_of_two_limits_that_are_crossed_at_once_the_graver_one_is_a_breach() -> None:
    few, many = threshold(above=0, severity=Severity.HIGH), threshold(above=2)
    told = breaches_of(judge(situation(3, 3, 3, thresholds=(few, many))), MATRIX, 1)
    assert [(breach.severity, breach.limit) for breach in told] == [(Severity.CRITICAL, 2)]
    # A limit below which nothing may fall is another matter, and so is one of which more follows.
    low = threshold(below=9, severity=Severity.HIGH)
    told = breaches_of(judge(situation(3, 3, 3, thresholds=(low, many))), MATRIX, 1)
    assert {breach.severity for breach in told} == {Severity.HIGH, Severity.CRITICAL}
    mild = replace(
        MATRIX, rules=[*MATRIX.rules, replace(MATRIX.rules[0], action=Action.ALERT, scenario="mild")]
    )
    told = breaches_of(judge(situation(3, 3, 3, thresholds=(few, replace(many, scenario="mild")))), mild, 1)
    assert {breach.severity for breach in told} == {Severity.HIGH, Severity.CRITICAL}


def test_a_graver_limit_says_nothing_of_another_metric_nor_one_that_could_not_be_judged() -> None:
    def row(metric: str, severity: Severity, limit: float | None) -> Row:
        return Row(
            metric=metric, severity=severity, limit=limit, value=9, crossed="above", answer=Answer.FAIL
        )

    milder = row("errors", Severity.HIGH, 1)
    for graver in (row("memory", Severity.CRITICAL, 5), row("errors", Severity.CRITICAL, None)):
        told = breaches_of([milder, graver], MATRIX, 1)
        assert [breach.severity for breach in told] == [Severity.HIGH, Severity.CRITICAL]
    told = breaches_of([milder, row("errors", Severity.CRITICAL, 5)], MATRIX, 1)
    assert [breach.severity for breach in told] == [Severity.CRITICAL]


def test_what_lasts_of_a_count_of_what_is_open_is_told_by_its_newest_sample() -> None:
    many = threshold(above=2, lasting=timedelta(seconds=30))
    now = situation(3, 4, 5, thresholds=(many,))
    counted = replace(now.watch, metrics=[replace(metric, newest=True) for metric in now.watch.metrics])
    [row] = judge(replace(now, watch=counted))
    assert (row.answer, row.value) == (Answer.FAIL, 5)


def test_nothing_is_urgent_before_there_are_enough_good_samples() -> None:
    assert urgent(situation(9, 9, thresholds=(threshold(above=5),))) == []
    assert urgent(situation(9, 9, None, thresholds=(threshold(above=5, missing=Missing.BREACH),))) == []


def test_a_breach_has_the_action_of_its_scenario_before_that_of_its_severity() -> None:
    leak = threshold(above=5, severity=Severity.LOW, scenario="leak")
    plain = threshold(above=5, severity=Severity.LOW)
    found = breaches_of(judge(situation(9, 9, 9, thresholds=(leak, plain))), MATRIX, 7)
    assert [(b.action, b.ends, b.checkpoint) for b in found] == [
        (Action.FLAGS_OFF, True, 7),
        (Action.CONTINUE, False, 7),
    ]
    assert found[0].reason == "errors 9% is above 5%"


def test_what_is_only_observed_decides_nothing() -> None:
    rows = judge(situation(9, 9, 9, thresholds=(threshold(above=5, observe_only=True), threshold(above=10))))
    assert breaches_of(rows, MATRIX, 1) == []
    assert overall(rows) is Answer.PASS
    assert urgent(situation(9, 9, 9, thresholds=(threshold(above=5, observe_only=True),))) == []


def test_a_checkpoint_that_judges_nothing_is_inconclusive() -> None:
    assert overall([]) is Answer.INCONCLUSIVE
    assert overall([Row(metric="errors", answer=None)]) is Answer.INCONCLUSIVE


def test_the_strongest_of_several_breaches_wins() -> None:
    breaches = [
        WatchBreach(about="a", severity=Severity.LOW, action=action, checkpoint=1)
        for action in (Action.ALERT, Action.ROLL_BACK, Action.ASK)
    ]
    found = strongest(breaches)
    assert found is not None
    assert found.action is Action.ROLL_BACK
    assert strongest([]) is None


def test_a_table_is_aligned_and_narrow() -> None:
    rows = judge(
        situation(
            9, 9, 9, thresholds=(threshold(above_baseline_by=2), threshold(above=50)), baseline={"errors": 1}
        )
    )
    assert table(rows) == (
        "  metric  value  baseline    limit  answer\n"
        "  errors    9 %       1 %   <= 3 %  FAIL    CRITICAL\n"
        "  errors    9 %       1 %  <= 50 %  PASS"
    )
    long = [Row(metric="m" * 80, note="n" * 200, value=1e12, limit=1e12, unit="MiB", answer=Answer.PASS)]
    assert max(len(line) for line in table(long).splitlines()) < 110


VALUES = st.lists(st.none() | st.floats(0, 100), max_size=12)


@given(VALUES, st.floats(0, 100))
def test_a_pass_always_stands_on_enough_good_samples(values: list[float | None], limit: float) -> None:
    if answer(*values, limit=threshold(above=limit)) is Answer.PASS:
        assert sum(value is not None for value in values) >= 3


@given(VALUES, VALUES, st.integers(0, 10))
def test_a_sustained_breach_is_never_without_a_trailing_row_that_long(
    before: list[float | None], values: list[float | None], spacings: int
) -> None:
    lasting = threshold(above=50, lasting=timedelta(seconds=15 * spacings))
    if spacings and answer(*values, limit=lasting, before=tuple(before)) is Answer.FAIL:
        known = [(n, value) for n, value in enumerate((*before, *values)) if value is not None]
        row = []
        while known and known[-1][1] > 50:
            row.append(known.pop()[0])
        assert row[0] - row[-1] >= spacings
