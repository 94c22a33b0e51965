"""The course of a watch from sample to sample, over checkpoints and restarts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.codec import from_json, to_json
from slipway.kinds import Scrape
from slipway.metrics import CounterRatio, GaugeValue, HistogramQuantile
from slipway.plan import DecisionMatrix, Rule
from slipway.watch.course import (
    KEPT,
    Progress,
    Result,
    Terms,
    add,
    close,
    ending,
    ends_now,
    final_answer,
    noticed,
    prime,
    take,
    thinned,
)
from slipway.watch.limits import Sample
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
THREE_MINUTES = [Every(interval=timedelta(minutes=1), until=timedelta(minutes=3))]
AN_HOUR = [Every(interval=timedelta(hours=1), until=timedelta(hours=1))]


def terms(*thresholds: Threshold, **given: Any) -> Terms:
    watch = Watch(
        metrics=[
            CounterRatio(name="errors", counter="requests_total", part_counter="errors_total"),
            GaugeValue(name="memory", gauge="memory", unit="MiB"),
        ],
        thresholds=thresholds or [Threshold(metric="errors", severity=Severity.CRITICAL, above=5)],
        **{
            "sample_every": timedelta(seconds=15),
            "checkpoints": THREE_MINUTES,
            "on_no_data": Severity.HIGH,
            **given,
        },
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


BLIND = Scrape(at=100, samples={("other_total", ()): 1.0})  # it can be read, and does not say what is wanted


def test_inconclusive_checkpoints_in_a_row_are_a_breach() -> None:
    given = terms()
    progress, first = closed(given, *[BLIND] * 4)
    assert (first.answer, list(first.breaches)) == (Answer.INCONCLUSIVE, [])
    progress, second = closed(given, *[BLIND] * 4, progress=progress)
    [breach] = second.breaches
    assert (breach.reason, breach.severity) == ("2 checkpoints in a row were INCONCLUSIVE", Severity.HIGH)
    assert ending(progress.breaches) is not None


def test_a_quiet_night_is_told_of_and_takes_nothing_back() -> None:
    given = terms(on_quiet=Severity.MEDIUM)
    busy = [page(110 + 10 * sample) for sample in range(4)]
    progress, result = closed(given, *busy)
    assert result.answer is Answer.PASS
    progress, first = closed(given, *[page(140)] * 4, progress=progress)  # nobody asks the service anything
    assert (first.answer, list(first.breaches), first.rows[0].quiet) == (Answer.INCONCLUSIVE, [], True)
    progress, second = closed(given, *[page(140)] * 4, progress=progress)
    [breach] = second.breaches
    assert breach.reason == "2 checkpoints in a row were INCONCLUSIVE: too little happened to judge by"
    assert (breach.severity, breach.action) == (Severity.MEDIUM, Action.ALERT)
    assert (ending(progress.breaches), progress.blind) == (None, 0)
    # Two of three say nothing: that is more than half, and so no proof of health.
    assert final_answer(progress) is Answer.INCONCLUSIVE


def test_a_quiet_end_leaves_the_answer_to_the_last_busy_checkpoint() -> None:
    given, progress = terms(), prime(Progress(), terms(), {SERVICE: page(100)})
    for pages in ([page(110 + 10 * n) for n in range(4)], [page(150 + 10 * n) for n in range(4)]):
        progress, _ = closed(given, *pages, progress=progress)
    progress, quiet = closed(given, *[page(180)] * 4, progress=progress)
    assert quiet.answer is Answer.INCONCLUSIVE
    assert final_answer(progress) is Answer.PASS
    assert final_answer(replace(progress, last_answer=Answer.FAIL)) is Answer.FAIL


def test_a_page_that_cannot_be_read_is_not_quiet() -> None:
    given = terms(consecutive_errors=9)
    progress, first = closed(given, page(100), None, None, None)
    assert (first.answer, first.rows[0].quiet, progress.blind) == (Answer.INCONCLUSIVE, False, 1)
    assert (progress.inconclusive, progress.quiet) == (1, 0)


def test_a_few_requests_that_fail_are_no_breach_where_more_must_tell() -> None:
    limit = Threshold(metric="errors", severity=Severity.CRITICAL, above=5, of_at_least=20)
    few = [page(101, 1), page(102, 1), page(103, 2), page(104, 2)]
    begun = prime(Progress(), terms(limit), {SERVICE: page(100)})
    assert noticed(sampled(begun, terms(limit), few), terms(limit))[1] == []
    progress, result = closed(terms(limit), *few)
    assert (result.answer, list(result.breaches), progress.quiet) == (Answer.INCONCLUSIVE, [], 1)
    assert result.rows[0].note == "beyond the limit, but of 4 only; 20 tell"

    many = [page(110, 5), page(120, 5), page(130, 10), page(140, 10)]
    _, breaches = noticed(sampled(begun, terms(limit), many), terms(limit))
    assert [breach.about for breach in breaches] == ["errors"]
    assert closed(terms(limit), *many)[1].answer is Answer.FAIL


def test_a_service_that_is_little_used_does_not_wait_for_its_checkpoint() -> None:
    limit = Threshold(metric="errors", severity=Severity.CRITICAL, above=5, of_at_least=20)
    given = terms(limit, minimum_good_samples=3)
    begun = prime(Progress(), given, {SERVICE: page(100)})
    # Four requests a sample, half of them fail: the last three samples never hold twenty.
    pages = [page(100 + 4 * number, 2 * number) for number in range(1, 6)]
    assert noticed(sampled(begun, given, pages[:4]), given)[1] == []
    [breach] = noticed(sampled(begun, given, pages), given)[1]
    assert (breach.about, breach.value) == ("errors", 50)


FEW = Threshold(metric="errors", severity=Severity.CRITICAL, above=5, of_at_least=20)


def test_a_service_that_is_little_used_is_judged_by_its_last_requests() -> None:
    given = terms(FEW)
    fine = [page(100 + 4 * number) for number in range(1, 101)]
    failing = [page(504, 4), page(508, 8), page(512, 12)]
    progress = sampled(prime(Progress(), given, {SERVICE: page(100)}), given, [*fine, *failing])
    [breach] = noticed(progress, given)[1]
    assert breach.value == 60  # 12 of the last 20, not 12 of 412


def test_what_is_too_few_for_a_checkpoint_is_judged_with_the_requests_before_it() -> None:
    given = terms(FEW)
    progress, first = closed(given, *[page(100 + 3 * number) for number in range(1, 5)])
    assert first.answer is Answer.PASS
    _, second = closed(given, *[page(112 + 3 * n, 3 * n) for n in range(1, 5)], progress=progress)
    assert (second.answer, second.rows[0].value) == (Answer.FAIL, pytest.approx(100 * 12 / 21))


def test_no_more_is_kept_for_that_than_the_limits_need() -> None:
    progress, _ = closed(terms(FEW), *[page(100 + 30 * number) for number in range(1, 5)])
    assert len(progress.earlier) == 1  # its thirty requests are enough
    progress, _ = closed(terms(), *[page(100 + 30 * number) for number in range(1, 5)])
    assert progress.earlier == ()


def test_the_slowest_of_a_few_requests_do_not_stand_for_a_hundred() -> None:
    limit = Threshold(metric="p95", severity=Severity.CRITICAL, above=200, of_at_least=20)
    slow = HistogramQuantile(name="p95", histogram="seconds", quantile=0.95)
    watch = replace(terms(limit).watch, metrics=[slow])
    given = replace(terms(limit), watch=watch)

    def seconds(fast: int, late: int) -> Scrape:
        name = "seconds_bucket"
        counts = {"0.1": fast, "1.0": fast + late, "+Inf": fast + late}
        return Scrape(at=fast, samples={(name, (("le", le),)): float(n) for le, n in counts.items()})

    begun = prime(Progress(), given, {SERVICE: seconds(0, 0)})
    one_slow = [seconds(4 * n - (n >= 9), int(n >= 9)) for n in range(1, 10)]
    assert noticed(sampled(begun, given, one_slow), given)[1] == []
    often = [seconds(3 * n, n) for n in range(1, 10)]
    assert [breach.about for breach in noticed(sampled(begun, given, often), given)[1]] == ["p95"]


def test_half_of_the_time_and_not_of_the_checkpoints_must_be_known() -> None:
    rows = [
        Every(interval=timedelta(minutes=1), until=timedelta(minutes=8)),
        Every(interval=timedelta(hours=1), until=timedelta(hours=3)),
    ]
    given = terms()
    given = replace(given, watch=replace(given.watch, checkpoints=rows))
    progress, seen = prime(Progress(), given, {SERVICE: page(100)}), 100
    for number in range(len(timetable(given.watch, 1))):
        pages = [page(seen + 10 * (n + 1) * (number < 8)) for n in range(4)]
        progress, _ = closed(given, *pages, progress=progress)
        seen += 40 * (number < 8)
    assert progress.answers == {Answer.PASS: 8, Answer.INCONCLUSIVE: 3}
    assert final_answer(progress) is Answer.INCONCLUSIVE


def test_a_whole_day_without_use_is_told_again() -> None:
    given = terms()
    given = replace(
        given,
        watch=replace(given.watch, checkpoints=[Every(interval=timedelta(hours=8), until=timedelta(days=2))]),
    )
    progress, found = prime(Progress(), given, {SERVICE: page(100)}), []
    for _ in range(6):
        progress, result = closed(given, *[page(100)] * 4, progress=progress)
        found += [(result.index, breach.about, breach.severity) for breach in result.breaches]
    assert found == [(2, "quiet", Severity.LOW), (3, "quiet for a day", Severity.LOW)]


def test_two_outliers_with_nothing_known_between_them_have_not_lasted() -> None:
    lasting = Threshold(metric="memory", severity=Severity.CRITICAL, above=50, lasting=timedelta(minutes=1))
    given = terms(lasting, minimum_good_samples=2, consecutive_errors=99)
    begun = prime(Progress(), given, {SERVICE: page(100)})
    high, gone = page(100, memory=60), page(100)
    gone = replace(gone, samples={key: n for key, n in gone.samples.items() if key[0] != "memory"})
    assert noticed(sampled(begun, given, [high, gone, gone, gone, high]), given)[1] == []
    assert noticed(sampled(begun, given, [high, gone, high, gone, high]), given)[1] != []


def test_a_lasting_limit_counts_what_crossed_it() -> None:
    limit = Threshold(
        metric="errors", severity=Severity.CRITICAL, above=5, lasting=timedelta(seconds=30), of_at_least=20
    )
    # Many good requests first: they say nothing of the few that failed afterwards.
    pages = [page(200), page(201, 1), page(202, 2), page(203, 3)]
    assert closed(terms(limit), *pages)[1].answer is Answer.INCONCLUSIVE
    pages = [page(200), page(210, 5), page(220, 10), page(230, 15)]
    assert closed(terms(limit), *pages)[1].answer is Answer.FAIL


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
    assert second.rows[0].note == "lasted 1 min 15 s"


def restarted(progress: Progress) -> Progress:
    """Return what a triggerer that was started anew knows."""
    return from_json(Progress, to_json(progress.to_keep()))


def test_a_triggerer_that_was_away_has_not_seen_it_last() -> None:
    lasting = Threshold(metric="memory", severity=Severity.HIGH, above=50, lasting=timedelta(minutes=5))
    given = terms(lasting, checkpoints=AN_HOUR)
    begun = prime(Progress(), given, {SERVICE: page(100, memory=90)})
    away = restarted(take(begun, given, 15.0, {SERVICE: page(101, memory=90)}))
    assert len(away.samples) == 1
    for number in range(3):  # each of them beyond the limit, twenty minutes later
        away = take(away, given, 1200.0 + 15 * number, {SERVICE: page(110 + number, memory=90)})
        assert noticed(away, given)[1] == []
    for number in range(3, 25):
        away = take(away, given, 1200.0 + 15 * number, {SERVICE: page(110 + number, memory=90)})
    assert [breach.about for breach in noticed(away, given)[1]] == ["memory"]


def test_a_restart_in_the_last_minute_does_not_unsee_the_hour_before_it() -> None:
    given = terms(checkpoints=AN_HOUR)
    pages = [page(100 + 10 * number) for number in range(200)]
    back = restarted(sampled(prime(Progress(), given, {SERVICE: page(90)}), given, pages))
    back = prime(back, given, {SERVICE: page(3000)})
    for number in range(3):  # late, and so close to each other that nobody asked for anything in between
        back = take(back, given, 3570.0 + 15 * number, {SERVICE: page(3000)}, late=True)
    ended, result = close(back, given, timetable(given.watch, 1)[0])
    assert result.answer is Answer.PASS
    assert final_answer(ended) is Answer.PASS


OUTAGE = Threshold(metric="memory", severity=Severity.CRITICAL, above=50, lasting=timedelta(minutes=2))
MILD = Threshold(metric="errors", severity=Severity.HIGH, above=5)  # asks


def ends_after(*pages: Scrape) -> list[str]:
    """Return what would end the watch after each page, "" for nothing."""
    given = terms(OUTAGE, MILD, checkpoints=AN_HOUR)
    progress, said = prime(Progress(), given, {SERVICE: page(100)}), []
    for number, reading in enumerate(pages, 1):
        progress = take(progress, given, 15.0 * number, {SERVICE: reading})
        progress = add(progress, noticed(progress, given)[1])
        last = ends_now(progress, given)
        said.append(f"{last.about} {last.action}" if last else "")
    return said


def test_a_question_waits_for_a_graver_limit_that_is_being_crossed() -> None:
    bad = [page(100 + 10 * n, errors=5 * n, memory=90) for n in range(1, 11)]
    # From the third sample on the errors ask; the outage has lasted two minutes at the ninth.
    assert ends_after(*bad) == [""] * 8 + ["memory roll back"] * 2


def test_a_question_is_asked_when_the_graver_limit_is_kept_again() -> None:
    bad = [page(100 + 10 * n, errors=5 * n, memory=90 if n < 5 else 10) for n in range(1, 7)]
    assert ends_after(*bad) == [""] * 4 + ["errors ask"] * 2


def test_a_question_is_asked_at_once_where_nothing_graver_is_crossed() -> None:
    bad = [page(100 + 10 * n, errors=5 * n) for n in range(1, 5)]
    assert ends_after(*bad) == ["", "", "errors ask", "errors ask"]


def test_a_graver_limit_of_which_too_little_is_known_delays_no_question_for_ever() -> None:
    """It wants twenty readings, and its two minutes are over after nine."""
    given = terms(replace(OUTAGE, of_at_least=20), MILD, checkpoints=AN_HOUR)
    progress = prime(Progress(), given, {SERVICE: page(100)})
    for number in range(1, 10):
        progress = take(
            progress, given, 15.0 * number, {SERVICE: page(100 + 10 * number, errors=5 * number, memory=90)}
        )
        progress = add(progress, noticed(progress, given)[1])
        assert (ends_now(progress, given) is None) is (number < 9)


def test_a_long_checkpoint_keeps_a_few_of_its_samples() -> None:
    samples = [Sample(at=float(n), values={}) for n in range(5760)]
    kept = thinned(samples)
    assert len(kept) == KEPT
    assert kept[-1] == samples[-1]


def test_a_question_waits_for_a_graver_limit_that_the_newest_samples_cross() -> None:
    few = Threshold(metric="memory", severity=Severity.HIGH, above=0)
    many = Threshold(metric="memory", severity=Severity.CRITICAL, above=2)
    given = terms(few, many)
    open_ones = replace(given.watch.metrics[1], newest=True)
    given = replace(given, watch=replace(given.watch, metrics=[given.watch.metrics[0], open_ones]))
    progress = prime(Progress(), given, {SERVICE: page(100)})
    told: list[tuple[int, str]] = []
    for number, bugs in enumerate((1, 3, 4, 5), 1):
        progress = take(progress, given, 15.0 * number, {SERVICE: page(100 + number, memory=bugs)})
        _, breaches = noticed(progress, given)
        progress = add(progress, breaches)
        told += [(number, breach.reason) for breach in breaches]
        last = ends_now(progress, given)
        assert (last is None) is (number < 4)  # three samples tell of a limit
    assert told == [(3, "memory 4MiB is above 0MiB"), (4, "memory 5MiB is above 2MiB")]
    assert last is not None
    assert last.action is Action.ROLL_BACK

    calm = take(prime(Progress(), given, {SERVICE: page(100)}), given, 15.0, {SERVICE: page(101, memory=1)})
    for number, bugs in enumerate((3, 3, 2), 2):
        calm = take(calm, given, 15.0 * number, {SERVICE: page(100 + number, memory=bugs)})
        calm = add(calm, noticed(calm, given)[1])
    last = ends_now(calm, given)
    assert last is not None
    assert last.action is Action.ASK
