"""The course of a watch from sample to sample, over checkpoints and restarts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from slipway.codec import from_json, to_json
from slipway.kinds import Scrape
from slipway.metrics import CounterRatio, GaugeValue
from slipway.plan import DecisionMatrix, Rule
from slipway.watch.course import (
    KEPT,
    Progress,
    Result,
    Terms,
    add,
    close,
    ending,
    final_answer,
    noticed,
    prime,
    take,
    thinned,
)
from slipway.watch.judge import Sample
from slipway.watch.schedule import timetable
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Answer, Severity

MATRIX = DecisionMatrix(
    rules=[
        Rule(severity=severity, action=action, within=timedelta(minutes=5))
        for severity, action in zip(
            Severity, (Action.CONTINUE, Action.ALERT, Action.ASK, Action.ROLL_BACK), strict=True
        )
    ]
)
SERVICE = ("service", "/metrics")


def terms(*thresholds: Threshold, **given: Any) -> Terms:
    watch = Watch(
        metrics=[
            CounterRatio(name="errors", counter="requests_total", part_counter="errors_total"),
            GaugeValue(name="memory", gauge="memory", unit="MiB"),
        ],
        thresholds=thresholds or [Threshold(metric="errors", severity=Severity.CRITICAL, above=5)],
        checkpoints=[Every(interval=timedelta(minutes=1), until=timedelta(minutes=3))],
        **{"sample_every": timedelta(seconds=15), **given},
    )
    return Terms(watch=watch, matrix=MATRIX, baseline={})


def page(requests: float, errors: float = 0, memory: float = 10, started: float = 1) -> Scrape:
    values = {"requests_total": requests, "errors_total": errors, "memory": memory}
    values["process_start_time_seconds"] = started
    return Scrape(at=requests, samples={(name, ()): value for name, value in values.items()})


def sampled(progress: Progress, given: Terms, pages: Sequence[Scrape | None]) -> Progress:
    for number, reading in enumerate(pages, 1):
        progress = take(progress, given, 15.0 * number, {SERVICE: reading})
    return progress


def closed(given: Terms, *pages: Scrape | None, progress: Progress | None = None) -> tuple[Progress, Result]:
    begun = progress or prime(Progress(), given, {SERVICE: page(100)})
    appointment = timetable(given.watch, 1)[begun.done]
    return close(sampled(begun, given, pages), given, appointment)


def test_a_checkpoint_judges_the_whole_time_since_the_one_before() -> None:
    # 0, 0, 30 of 60 and 0 of 10: the mean of the shares would be 12.5 %, the share is 30 of 90.
    progress, result = closed(terms(), page(110), page(120), page(180, 30), page(190, 30))
    assert (result.index, result.answer, result.attended) == (1, Answer.FAIL, True)
    assert result.rows[0].value == pytest.approx(100 * 30 / 90)
    assert result.samples["errors"] == [0.0, 0.0, 50.0, 0.0]
    assert progress.done == 1
    assert progress.samples == ()


def test_a_momentary_metric_is_judged_by_all_samples_since_the_checkpoint_before() -> None:
    high = terms(Threshold(metric="memory", severity=Severity.MEDIUM, above=50))
    _, result = closed(high, *[page(100 + n, memory=90 if n < 4 else 10) for n in range(1, 5)])
    assert (result.rows[0].value, result.answer) == (70.0, Answer.FAIL)  # the newest one alone is fine
    _, result = closed(high, *[page(100 + n, memory=10 if n < 4 else 90) for n in range(1, 5)])
    assert (result.rows[0].value, result.answer) == (30.0, Answer.PASS)  # and alone it fails nothing


def test_one_outlier_of_a_momentary_metric_ends_nothing() -> None:
    given = terms(Threshold(metric="memory", severity=Severity.CRITICAL, above=50))
    progress = prime(Progress(), given, {SERVICE: page(100)})
    for number, memory in enumerate((10, 10, 900, 90, 10, 90, 90), 1):
        progress = take(progress, given, 15.0 * number, {SERVICE: page(100 + number, memory=memory)})
        assert noticed(progress, given)[1] == []
    progress = take(progress, given, 120.0, {SERVICE: page(108, memory=60)})
    [breach] = noticed(progress, given)[1]
    assert breach.reason == "memory 80MiB is above 50MiB"  # the mean of the last three


def test_errors_counted_before_a_restart_of_the_service_stay_in_the_figure() -> None:
    _, result = closed(terms(), page(150, 10), page(10, 0, started=2), page(50, 0, started=2))
    assert result.rows[0].value == pytest.approx(100 * 10 / 100)


def test_a_critical_breach_is_noticed_at_the_sample_and_only_once() -> None:
    given = terms()
    progress = prime(Progress(), given, {SERVICE: page(100)})
    progress = sampled(progress, given, [page(110, 5), page(120, 10)])
    assert noticed(progress, given)[1] == []  # two samples are not enough
    progress = take(progress, given, 45.0, {SERVICE: page(130, 15)})
    rows, [breach] = noticed(progress, given)
    assert breach.reason == "errors 50% is above 5%"
    progress = add(progress, [breach])
    assert noticed(progress, given)[1] == []
    assert ending(progress.breaches) == breach
    progress, result = close(progress, given, timetable(given.watch, 1)[0], rows)
    assert (result.answer, result.cut_short) == (Answer.FAIL, True)
    assert result.summary == "Checkpoint 1 at 1 min: FAIL, cut short"
    assert list(result.breaches) == list(progress.breaches) == [breach]
    assert final_answer(progress) is Answer.FAIL


def test_failed_readings_in_a_row_are_a_breach_of_no_data() -> None:
    given = terms(consecutive_errors=3)
    progress = prime(Progress(), given, {SERVICE: page(100)})
    progress = sampled(progress, given, [None, None])
    assert noticed(progress, given)[1] == []
    [breach] = noticed(take(progress, given, 45.0, {SERVICE: None}), given)[1]
    assert (breach.about, breach.severity, breach.action) == ("no data", Severity.HIGH, Action.ASK)
    assert breach.reason == "service/metrics could not be read 3 times in a row"


def test_a_good_reading_ends_the_row_of_failed_ones() -> None:
    given = terms(consecutive_errors=3)
    progress = sampled(Progress(), given, [None, None, page(100), None, None])
    assert noticed(progress, given)[1] == []


def test_inconclusive_checkpoints_in_a_row_are_a_breach() -> None:
    given = terms()
    still = [page(100)] * 4  # nothing is asked of the service: no data
    progress, first = closed(given, *still)
    assert (first.answer, list(first.breaches)) == (Answer.INCONCLUSIVE, [])
    progress, second = closed(given, *still, progress=progress)
    assert [breach.reason for breach in second.breaches] == ["2 checkpoints in a row were INCONCLUSIVE"]
    assert ending(progress.breaches) is not None


def test_time_in_which_nobody_watched_is_inconclusive_but_no_breach() -> None:
    given = terms()
    progress = Progress()
    for _ in range(3):
        progress, result = closed(given, progress=progress)
        assert (result.answer, result.attended, list(result.breaches)) == (Answer.INCONCLUSIVE, False, [])
    assert result.summary.endswith("INCONCLUSIVE, nobody watched: too few readings were taken")
    assert final_answer(progress) is Answer.INCONCLUSIVE


def test_readings_that_only_catch_up_do_not_add_to_the_row_of_inconclusive_checkpoints() -> None:
    given = terms()
    progress = prime(Progress(), given, {SERVICE: page(100)})
    for _ in range(3):
        for number in range(1, 5):
            progress = take(progress, given, 15.0 * number, {SERVICE: page(100)}, late=True)
        progress, result = close(progress, given, timetable(given.watch, 1)[progress.done])
        assert (result.answer, list(result.breaches)) == (Answer.INCONCLUSIVE, [])


def test_a_watch_passes_when_it_was_healthy_at_its_end() -> None:
    given, progress = terms(), prime(Progress(), terms(), {SERVICE: page(100)})
    for number in range(3):
        pages = [page(110 + 40 * number + 10 * sample) for sample in range(4)]
        progress, result = closed(given, *pages, progress=progress)
        assert result.answer is Answer.PASS
    assert final_answer(progress) is Answer.PASS
    assert progress.answers == {Answer.PASS: 3}


def test_a_watch_without_any_checkpoint_is_inconclusive() -> None:
    assert final_answer(Progress()) is Answer.INCONCLUSIVE


def test_what_lasts_survives_a_restart_of_the_triggerer_between_checkpoints() -> None:
    lasting = Threshold(metric="memory", severity=Severity.HIGH, above=50, lasting=timedelta(seconds=75))
    given = terms(lasting)
    progress, first = closed(given, *[page(100 + n, memory=90) for n in range(1, 5)])
    assert first.rows[0].answer is Answer.PASS  # 45 seconds
    back: Progress = from_json(Progress, to_json(progress.to_keep()))
    assert len(back.earlier) == 4
    back = prime(back, given, {SERVICE: page(104, memory=90)})
    for number in range(5, 8):
        back = take(back, given, 15.0 * number, {SERVICE: page(100 + number, memory=90)})
    back, second = close(back, given, timetable(given.watch, 1)[1])
    assert second.rows[0].answer is Answer.FAIL
    assert second.rows[0].note == "lasted 0:01:15"


def test_a_long_checkpoint_keeps_a_few_of_its_samples() -> None:
    samples = [Sample(at=float(n), values={}) for n in range(5760)]
    kept = thinned(samples)
    assert len(kept) == KEPT
    assert kept[-1] == samples[-1]
