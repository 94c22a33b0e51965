"""The course of a watch: what has been seen so far, carried from sample to sample and over a restart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from slipway.kinds import Scrape, Source
from slipway.metrics.scrape import unwind
from slipway.plan import DecisionMatrix
from slipway.watch.judge import (
    Row,
    Situation,
    WatchBreach,
    breaches_of,
    judge,
    newest_of,
    no_data,
    overall,
    strongest,
    under_way,
    urgent,
)
from slipway.watch.limits import Sample
from slipway.watch.render import headline
from slipway.watch.schedule import Appointment, paced
from slipway.watching import Threshold, Watch
from slipway.words import Action, Answer

KEPT = 40  # samples that are kept with a checkpoint, for a chart
LOOK_BACK = 500  # samples at the most that are carried over a checkpoint to have enough observations
SAVED = 120  # samples since the last checkpoint that survive a restart
DAY = 86400.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a watch is judged by; it does not change while the watch runs."""

    watch: Watch
    matrix: DecisionMatrix
    baseline: Mapping[str, float]
    pace: float = 1.0

    @property
    def sources(self) -> list[Source]:
        """What to read, each once."""
        return sorted({metric.reading for metric in self.watch.metrics})

    def action_of(self, threshold: Threshold) -> Action:
        """Return what follows when a limit is crossed."""
        return self.matrix.rule_for(threshold.severity, threshold.scenario).action

    @property
    def memory(self) -> float:
        """How many real seconds of samples the longest sustained threshold needs."""
        lasting = max((threshold.lasting for threshold in self.watch.thresholds), default=timedelta(0))
        return paced(lasting, self.pace)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Readings of one metrics page since the checkpoint before; counters run on over restarts of the service.

    :param raw: the last reading as it was
    :param first: the reading at the checkpoint before
    :param last: the newest readings, as many as `recent` figures need
    """

    raw: Scrape
    first: Scrape
    last: Sequence[Scrape]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a watch is. All but `pages` survives a restart of the triggerer.

    :param done: how many checkpoints are behind
    :param earlier: samples from before the current checkpoint, for sustained thresholds
    :param errors: failed readings in a row, by page
    :param inconclusive: INCONCLUSIVE checkpoints in a row
    :param quiet: those in a row in which all could be read and merely too little happened, and `quiet_for`
        how many seconds of the plan's time they lasted
    :param blind: INCONCLUSIVE checkpoints of the whole watch that were not just quiet
    :param until: seconds of the plan's time that are behind, `unknown` those of INCONCLUSIVE checkpoints
    :param answers: how many checkpoints answered what
    :param tried: readings since the checkpoint before, `late` those of them that came after their time
    """

    done: int = 0
    samples: Sequence[Sample] = ()
    earlier: Sequence[Sample] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    inconclusive: int = 0
    quiet: int = 0
    quiet_for: float = 0.0
    blind: int = 0
    until: float = 0.0
    unknown: float = 0.0
    breaches: Sequence[WatchBreach] = ()
    answers: Mapping[str, int] = field(default_factory=dict)
    last_answer: Answer | None = None
    tried: int = 0
    late: int = 0
    pages: Mapping[Source, Page] = field(default_factory=dict)

    def to_keep(self) -> "Progress":
        """Return what survives a restart: after one, counters may have moved unseen, so pages do not."""
        return replace(self, pages={}, samples=self.samples[-SAVED:])


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a checkpoint found.

    :param index: its number, from 1
    :param cut_short: a breach ended the watch before the checkpoint was due
    :param samples: figure by metric at each of `times`
    :param attended: False where the watch itself did not run (the triggerer was away)
    """

    index: int
    due: timedelta
    title: str
    answer: Answer
    summary: str
    rows: Sequence[Row]
    breaches: Sequence[WatchBreach]
    attended: bool
    cut_short: bool
    tried: int
    samples: Mapping[str, Sequence[float | None]]
    times: Sequence[float] = ()


def take(
    progress: Progress,
    terms: Terms,
    at: float,
    readings: Mapping[Source, Scrape | None],
    *,
    late: bool = False,
) -> Progress:
    """Add one reading of every page; None for a page that could not be read.

    :param late: it was taken after its time, so that the service had little time since the reading before
    """
    pages = {
        source: _turned(progress.pages.get(source), reading, terms.watch.minimum_good_samples)
        for source, reading in readings.items()
        if reading is not None
    }
    sample = Sample(
        at=at,
        values=_values(terms, pages, 2),
        recent=_values(terms, pages, 0),
        observed=_observed(terms, pages),
    )
    errors = {
        label: 0 if good else progress.errors.get(label, 0) + 1 for label, good in _answered(readings).items()
    }
    return replace(
        progress,
        pages={**progress.pages, **pages},
        samples=(*progress.samples, sample),
        errors=errors,
        tried=progress.tried + 1,
        late=progress.late + late,
    )


def _answered(readings: Mapping[Source, Scrape | None]) -> dict[str, bool]:
    """Return whether each source could be read, by its label; all of the same label must."""
    good: dict[str, bool] = {}
    for source, reading in readings.items():
        label = Source(*source).label
        good[label] = good.get(label, True) and reading is not None
    return good


def prime(progress: Progress, terms: Terms, readings: Mapping[Source, Scrape | None]) -> Progress:
    """Add the reading from which the first sample counts."""
    begun = take(progress, terms, 0.0, readings)
    return replace(progress, pages=begun.pages)


def _turned(page: Page | None, reading: Scrape, recent: int) -> Page:
    if page is None:
        return Page(raw=reading, first=reading, last=(reading,))
    smooth = unwind(page.raw, page.last[-1], reading)
    return Page(raw=reading, first=page.first, last=(*page.last, smooth)[-(max(recent, 1) + 1) :])


def _values(terms: Terms, pages: Mapping[Source, Page], back: int) -> dict[str, float | None]:
    """Return the metrics over the last `back` readings, over all that are kept if 0."""
    found: dict[str, float | None] = {}
    for metric in terms.watch.metrics:
        page = pages.get(metric.reading)
        readings = page.last[-back:] if page else ()
        found[metric.name] = metric.value(readings[0], readings[-1]) if len(readings) > 1 else None
    return found


def _observed(terms: Terms, pages: Mapping[Source, Page]) -> dict[str, float]:
    """Return how many observations came with the last readings, of the metrics that tell."""
    found: dict[str, float] = {}
    for metric in terms.watch.metrics:
        page = pages.get(metric.reading)
        if page and len(page.last) > 1:
            seen = metric.observed(page.last[-2], page.last[-1])
            found |= {} if seen is None else {metric.name: seen}
    return found


def situation(progress: Progress, terms: Terms, *, figures: bool) -> Situation:
    """Return what a judgement looks at now.

    :param figures: judge on the whole time since the checkpoint before; a momentary metric has no figure for
        that, and the mean of its samples stands for it
    """
    whole = {
        metric.name: metric.value(page.first, page.last[-1])
        for metric in terms.watch.metrics
        if figures
        and not metric.momentary
        and (page := progress.pages.get(metric.reading))
        and len(page.last) > 1
    }
    return Situation(
        watch=terms.watch,
        matrix=terms.matrix,
        pace=terms.pace,
        baseline=terms.baseline,
        samples=progress.samples,
        earlier=progress.earlier,
        figures=whole,
    )


def noticed(progress: Progress, terms: Terms) -> tuple[list[Row], list[WatchBreach]]:
    """Return what cannot wait for the checkpoint: urgent breaches, and too many failed readings in a row."""
    index = progress.done + 1
    rows = urgent(situation(progress, terms, figures=False))
    found = breaches_of(rows, terms.matrix, index)
    for page, count in progress.errors.items():
        if count == terms.watch.consecutive_errors:
            reason = f"{page} could not be read {count} times in a row"
            found.append(no_data(terms.watch, terms.matrix, index, reason))
    return rows, [breach for breach in found if not _noted(progress, breach)]


def _noted(progress: Progress, breach: WatchBreach) -> bool:
    """Tell whether the same breach is already noted for this checkpoint."""
    known = {(b.about, b.severity, b.scenario, b.checkpoint) for b in progress.breaches}
    return (breach.about, breach.severity, breach.scenario, breach.checkpoint) in known


def close(
    progress: Progress, terms: Terms, appointment: Appointment, urgent_rows: Sequence[Row] = ()
) -> tuple[Progress, Result]:
    """Judge the checkpoint that is due and turn to the next one.

    :param urgent_rows: what ended the watch before the checkpoint was due; they stand in for the same limits
    """
    number, attended = appointment.checkpoint.index + 1, progress.tried >= terms.watch.minimum_good_samples
    rows = _with(judge(situation(progress, terms, figures=True)), urgent_rows)
    found = breaches_of(rows, terms.matrix, number) if attended else []
    length = appointment.checkpoint.due.total_seconds() - progress.until
    silence = _silence(progress, rows, length, in_time=attended and not progress.late)
    found += _of_silence(progress, terms, silence)
    noted = [breach for breach in progress.breaches if breach.checkpoint == number]
    found = [*noted, *(breach for breach in found if not _noted(progress, breach))]
    result = _result(progress, appointment, rows, found, attended=attended)
    return _next(progress, terms, appointment, result, silence), result


def _with(rows: Sequence[Row], urgent_rows: Sequence[Row]) -> list[Row]:
    instead = {(row.metric, row.severity, row.scenario): row for row in urgent_rows}
    return [instead.get((row.metric, row.severity, row.scenario), row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class _Silence:
    """Checkpoints in a row that could not judge, with the one that ends now; see Progress.

    :param now: whether the one that ends now could not judge because too little happened
    """

    inconclusive: int = 0
    quiet: int = 0
    quiet_for: float = 0.0
    now: bool = False


def _silence(progress: Progress, rows: Sequence[Row], length: float, *, in_time: bool) -> _Silence:
    if overall(rows) is not Answer.INCONCLUSIVE:
        return _Silence()
    # Time in which the watch itself was away, or catches up, says nothing about the service.
    if not in_time:
        return _Silence(
            inconclusive=progress.inconclusive, quiet=progress.quiet, quiet_for=progress.quiet_for
        )
    unknown = [row for row in rows if row.answer is Answer.INCONCLUSIVE and not row.observe_only]
    if unknown and all(row.quiet for row in unknown):
        return _Silence(quiet=progress.quiet + 1, quiet_for=progress.quiet_for + length, now=True)
    return _Silence(inconclusive=progress.inconclusive + 1)


def _of_silence(progress: Progress, terms: Terms, silence: _Silence) -> list[WatchBreach]:
    """Return the breach of as many silent checkpoints in a row as the watch allows."""
    number, most = progress.done + 1, terms.watch.inconclusive_checkpoints
    if silence.inconclusive == most > progress.inconclusive:
        reason = f"{most} checkpoints in a row were INCONCLUSIVE"
        return [no_data(terms.watch, terms.matrix, number, reason)]
    if silence.quiet == most > progress.quiet:
        reason = f"{most} checkpoints in a row were INCONCLUSIVE: too little happened to judge by"
        return [no_data(terms.watch, terms.matrix, number, reason, about="quiet")]
    if silence.quiet_for >= DAY > progress.quiet_for:  # no night is that long
        reason = "for a whole day too little happened to judge by: can anybody use it?"
        return [no_data(terms.watch, terms.matrix, number, reason, about="quiet for a day")]
    return []


def _result(
    progress: Progress,
    appointment: Appointment,
    rows: Sequence[Row],
    found: Sequence[WatchBreach],
    *,
    attended: bool,
) -> Result:
    kept = thinned(progress.samples)
    names = sorted({name for sample in kept for name in sample.values})
    checkpoint = appointment.checkpoint
    cut_short = ending(found) is not None and progress.tried < len(appointment.samples)
    answer = overall(rows) if attended else Answer.INCONCLUSIVE
    answer = Answer.FAIL if ending(found) else answer
    return Result(
        index=checkpoint.index + 1,
        due=checkpoint.due,
        title=checkpoint.title,
        answer=answer,
        summary=headline(checkpoint, answer, _remark(attended=attended, cut_short=cut_short)),
        rows=rows,
        breaches=found,
        attended=attended,
        cut_short=cut_short,
        tried=progress.tried,
        samples={name: [sample.values.get(name) for sample in kept] for name in names},
        times=[round(sample.at, 3) for sample in kept],
    )


def _remark(*, attended: bool, cut_short: bool) -> str:
    if cut_short:
        return "cut short"
    return "" if attended else "nobody watched: too few readings were taken"


def thinned(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return at most KEPT of the samples, evenly spread, the last one always among them."""
    if len(samples) <= KEPT:
        return samples
    return [samples[(number + 1) * len(samples) // KEPT - 1] for number in range(KEPT)]


def _next(
    progress: Progress, terms: Terms, appointment: Appointment, result: Result, silence: _Silence
) -> Progress:
    oldest = appointment.end - terms.memory - 1e-3  # binary fractions
    kept = _still_needed((*progress.earlier, *progress.samples), terms, oldest)
    answers = {**progress.answers, result.answer: progress.answers.get(result.answer, 0) + 1}
    return Progress(
        done=progress.done + 1,
        earlier=kept,
        errors=progress.errors,
        inconclusive=silence.inconclusive,
        quiet=silence.quiet,
        quiet_for=silence.quiet_for,
        blind=progress.blind + (result.answer is Answer.INCONCLUSIVE and not silence.now),
        until=result.due.total_seconds(),
        unknown=progress.unknown
        + (result.due.total_seconds() - progress.until if result.answer is Answer.INCONCLUSIVE else 0.0),
        breaches=(
            *progress.breaches,
            *(breach for breach in result.breaches if not _noted(progress, breach)),
        ),
        answers=answers,
        # A quiet end says nothing against what the last busy checkpoint found.
        last_answer=progress.last_answer if silence.now and not ending(result.breaches) else result.answer,
        pages={source: _from_here(page) for source, page in progress.pages.items()},
    )


def _still_needed(samples: Sequence[Sample], terms: Terms, oldest: float) -> Sequence[Sample]:
    """Return what later checkpoints need of these: for limits that must last, and for enough observations."""
    lasting = sum(sample.at >= oldest for sample in samples) if terms.memory else 0
    counted = [
        min(len(newest_of(limit.metric, samples, limit.of_at_least)), LOOK_BACK)
        for limit in terms.watch.thresholds
        if limit.of_at_least and not limit.lasting
    ]
    return samples[len(samples) - max(lasting, *counted, 0) :]


def _from_here(page: Page) -> Page:
    return replace(page, first=page.last[-1])


def add(progress: Progress, breaches: Sequence[WatchBreach]) -> Progress:
    """Note breaches that were noticed between checkpoints."""
    return replace(progress, breaches=(*progress.breaches, *breaches))


def ending(breaches: Sequence[WatchBreach]) -> WatchBreach | None:
    """Return the strongest breach that ends the watch, if any."""
    return strongest([breach for breach in breaches if breach.ends])


def ends_now(progress: Progress, terms: Terms) -> WatchBreach | None:
    """Return the strongest breach that ends the watch now, if any.

    What does not roll back waits while a graver limit that must last is being crossed: in a moment that has
    lasted, or is over. Else a service that dies would wait for a person, because a milder limit comes first.
    """
    last = ending(progress.breaches)
    if last is None or last.action.rank >= Action.ROLL_BACK.rank:
        return last
    seen = situation(progress, terms, figures=False)
    graver = (limit for limit in terms.watch.thresholds if terms.action_of(limit).rank > last.action.rank)
    return None if any(under_way(limit, seen) and not limit.observe_only for limit in graver) else last


def final_answer(progress: Progress) -> Answer:
    """Return the answer of the whole watch: PASS only when it was healthy at its end.

    FAIL when a breach ended it or its last checkpoint failed; INCONCLUSIVE when the last checkpoint could not
    be judged, or more than half of the time. A quiet last one leaves the answer to the last in which enough
    happened.
    """
    if ending(progress.breaches) or progress.last_answer is Answer.FAIL:
        return Answer.FAIL
    if progress.last_answer in (None, Answer.INCONCLUSIVE) or 2 * progress.unknown > progress.until:
        return Answer.INCONCLUSIVE
    return Answer.PASS
