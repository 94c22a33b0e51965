"""How samples become answers: thresholds, baselines, missing data, and what ends a watch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from statistics import fmean

from slipway.plan import DecisionMatrix
from slipway.watch.schedule import paced
from slipway.watching import Missing, Threshold, Watch
from slipway.words import Action, Answer, Severity


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One reading of all metrics.

    :param at: real seconds since the start of the watch
    :param values: the figure since the sample before, None where there is no data
    :param recent: the figure over the last `minimum_good_samples` samples, for what must be noticed at once
    :param observed: how many observations each of `values` stands on, 0 where its source was read and nothing
        happened there; absent where that is not known
    """

    at: float
    values: Mapping[str, float | None]
    recent: Mapping[str, float | None] = field(default_factory=dict)
    observed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a checkpoint says of one threshold, or of a metric without one.

    :param answer: None where it is not judged
    :param crossed: what a value must be to breach, "above" or "below"
    :param good: how many good samples stand behind the value
    :param quiet: whether an INCONCLUSIVE merely says that too little happened
    """

    metric: str
    unit: str = ""
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    crossed: str = ""
    answer: Answer | None = None
    severity: Severity | None = None
    scenario: str = ""
    good: int = 0
    observe_only: bool = False
    quiet: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WatchBreach:
    """A limit that was crossed, or data that did not come.

    :param about: the metric, "no data", or "quiet"
    :param checkpoint: the number of the checkpoint in whose time it was noticed, from 1
    :param action: what the decision matrix says
    """

    about: str
    severity: Severity
    action: Action
    checkpoint: int
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    scenario: str = ""
    reason: str = ""

    @property
    def ends(self) -> bool:
        """Whether the watch must end now."""
        return self.action.ends_the_watch


def limit_of(threshold: Threshold, baseline: float | None) -> float | None:
    """Return the limit in the metric's unit, or None where it is relative and there is no baseline."""
    if threshold.above is not None or threshold.below is not None:
        return threshold.above if threshold.above is not None else threshold.below
    if baseline is None:
        return None
    if threshold.above_baseline_by is not None:
        return baseline + threshold.above_baseline_by
    if threshold.above_baseline_by_percent is not None:
        return baseline + abs(baseline) * threshold.above_baseline_by_percent / 100
    return None if threshold.above_baseline_times is None else baseline * threshold.above_baseline_times


def crosses(threshold: Threshold, value: float, limit: float) -> bool:
    """Tell whether a value lies beyond the limit; the limit itself is still allowed."""
    return value < limit if threshold.below is not None else value > limit


def _reference(
    threshold: Threshold, figures: Mapping[str, float | None], base: Mapping[str, float]
) -> float | None:
    if threshold.versus:
        return figures.get(threshold.versus)
    return base.get(threshold.metric)


def crossings(
    threshold: Threshold, samples: Sequence[Sample], baseline: Mapping[str, float]
) -> Iterator[Sample]:
    """Yield the last samples that cross the limit in a row, newest first; those without data are left out."""
    for sample in reversed(samples):
        value = sample.values.get(threshold.metric)
        limit = limit_of(threshold, _reference(threshold, sample.values, baseline))
        if value is None or limit is None:
            continue
        if not crosses(threshold, value, limit):
            return
        yield sample


def held_for(
    threshold: Threshold, samples: Sequence[Sample], baseline: Mapping[str, float], least: int
) -> float | None:
    """Return for how many real seconds the limit has been crossed without a good sample in between.

    None while fewer than two (or `least`) samples in a row cross it. A sample without data neither adds to
    the row nor breaks it.
    """
    row = [sample.at for sample in crossings(threshold, samples, baseline)]
    return row[0] - row[-1] if len(row) >= max(2, least) else None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything that a judgement looks at.

    :param samples: since the checkpoint before
    :param earlier: samples from before that, which sustained thresholds still need
    :param figures: metrics over the whole time since the checkpoint before; of others the mean of the samples
    """

    watch: Watch
    matrix: DecisionMatrix
    pace: float
    baseline: Mapping[str, float]
    samples: Sequence[Sample]
    earlier: Sequence[Sample] = ()
    figures: Mapping[str, float | None] = field(default_factory=dict)

    def good(self, metric: str) -> int:
        """Return how many samples since the checkpoint before have data."""
        return sum(sample.values.get(metric) is not None for sample in self.samples)

    def quiet(self, metric: str) -> bool:
        """Tell whether too few good samples only mean that too little happened: the readings were there."""
        read = sum(metric in sample.observed for sample in self.samples)
        return read >= max(self.watch.minimum_good_samples, 1)

    def figure(self, metric: str) -> float | None:
        """Return the value that is judged."""
        if self.figures.get(metric) is not None:
            return self.figures[metric]
        values = [sample.values.get(metric) for sample in self.samples]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None

    def all_figures(self) -> dict[str, float | None]:
        """Return the judged value of every metric."""
        return {metric.name: self.figure(metric.name) for metric in self.watch.metrics}


def judge(situation: Situation) -> list[Row]:
    """Judge a checkpoint: one row for each threshold, and one for each metric without a threshold."""
    watch, figures = situation.watch, situation.all_figures()
    judged = {threshold.metric for threshold in watch.thresholds}
    rows = [_row(threshold, situation, figures, situation.samples) for threshold in watch.thresholds]
    return rows + [
        Row(
            metric=metric.name,
            unit=metric.unit,
            value=figures[metric.name],
            baseline=situation.baseline.get(metric.name),
            good=situation.good(metric.name),
        )
        for metric in watch.metrics
        if metric.name not in judged
    ]


def _row(
    threshold: Threshold,
    situation: Situation,
    figures: Mapping[str, float | None],
    samples: Sequence[Sample],
) -> Row:
    """Judge figures by a threshold; `samples` are those that the figures come from."""
    reference = _reference(threshold, figures, situation.baseline)
    limit = limit_of(threshold, reference)
    answer, note = _answer(threshold, situation, figures.get(threshold.metric), limit)
    quiet = answer is Answer.INCONCLUSIVE and situation.quiet(threshold.metric)
    if answer is Answer.FAIL and (few := _too_few(threshold, situation, samples)):
        answer, note, quiet = Answer.INCONCLUSIVE, few, True
    return Row(
        metric=threshold.metric,
        unit=next((m.unit for m in situation.watch.metrics if m.name == threshold.metric), ""),
        value=figures.get(threshold.metric),
        baseline=reference,
        limit=limit,
        crossed="below" if threshold.below is not None else "above",
        answer=answer,
        severity=threshold.severity,
        scenario=threshold.scenario,
        good=situation.good(threshold.metric),
        observe_only=threshold.observe_only,
        quiet=quiet,
        note=note,
    )


def _too_few(threshold: Threshold, situation: Situation, samples: Sequence[Sample]) -> str:
    """Say how many observations stand behind a figure beyond the limit if they are too few to tell."""
    if threshold.lasting > timedelta(0):
        samples = list(crossings(threshold, (*situation.earlier, *samples), situation.baseline))
    seen = sum(sample.observed.get(threshold.metric, 0.0) for sample in samples)
    least = threshold.of_at_least
    return f"beyond the limit, but of {seen:g} only; {least} tell" if seen < least else ""


def _answer(
    threshold: Threshold, situation: Situation, value: float | None, limit: float | None
) -> tuple[Answer | None, str]:
    least, good = situation.watch.minimum_good_samples, situation.good(threshold.metric)
    if value is None or good < least:
        return _missing(threshold, f"{good} of {least} good samples")
    if limit is None:
        return _missing(threshold, f"no {threshold.versus or 'baseline'} to compare with")
    if threshold.lasting > timedelta(0):
        return _lasting(threshold, situation)
    return (Answer.FAIL, "") if crosses(threshold, value, limit) else (Answer.PASS, "")


def _missing(threshold: Threshold, why: str) -> tuple[Answer | None, str]:
    answers = {
        Missing.INCONCLUSIVE: Answer.INCONCLUSIVE,
        Missing.BREACH: Answer.FAIL,
        Missing.NOT_JUDGED: None,
    }
    return answers[threshold.missing], why


def _lasting(threshold: Threshold, situation: Situation) -> tuple[Answer, str]:
    samples = (*situation.earlier, *situation.samples)
    held = held_for(threshold, samples, situation.baseline, situation.watch.minimum_good_samples)
    if held is None:
        return Answer.PASS, f"breach after {_duration(threshold.lasting)}"
    # Binary fractions of real seconds: a window of exactly `lasting` has lasted.
    if held >= paced(threshold.lasting, situation.pace) - 1e-6:
        return Answer.FAIL, f"lasted {_duration(threshold.lasting)}"
    return Answer.PASS, f"crossed for {_duration(timedelta(seconds=held * situation.pace))}"


def _duration(length: timedelta) -> str:
    return str(timedelta(seconds=round(length.total_seconds())))


def urgent(situation: Situation) -> list[Row]:
    """Judge at a sample: the rows that breach now and cannot wait for the checkpoint.

    Those are the ones from which anything follows, be it that somebody is told. A limit without `lasting` is
    judged on the last `minimum_good_samples` samples: on the figure over them, or, of a momentary metric, on
    each of them, so that one outlier ends nothing. Where too few observations stand behind that, it is judged
    on all since the checkpoint before: a service that is little used cannot wait for the checkpoint either.
    """
    if not situation.samples:
        return []
    recent = situation.samples[-1].recent
    return [
        row
        for threshold in situation.watch.thresholds
        if _cannot_wait(threshold, situation.matrix)
        and situation.good(threshold.metric) >= situation.watch.minimum_good_samples
        for row in (_urgent_row(threshold, situation, recent),)
        if row.answer is Answer.FAIL and row.limit is not None and _agreed(threshold, situation)
    ]


def _cannot_wait(threshold: Threshold, matrix: DecisionMatrix) -> bool:
    action = matrix.rule_for(threshold.severity, threshold.scenario).action
    return action is not Action.CONTINUE and not threshold.observe_only


def _urgent_row(threshold: Threshold, situation: Situation, recent: Mapping[str, float | None]) -> Row:
    known = {**recent, **_last_means(situation)}
    figures = {
        **situation.all_figures(),
        **{name: value for name, value in known.items() if value is not None},
    }
    least = max(situation.watch.minimum_good_samples, 1)
    row = _row(threshold, situation, figures, situation.samples[-least:])
    if row.answer is Answer.INCONCLUSIVE and row.quiet:
        return _row(threshold, situation, situation.all_figures(), situation.samples)
    return row


def _last_means(situation: Situation) -> dict[str, float | None]:
    """Return the mean of each momentary metric over its last good samples."""
    least = max(situation.watch.minimum_good_samples, 1)
    found: dict[str, float | None] = {}
    for metric in situation.watch.metrics:
        if metric.momentary:
            known = (sample.values.get(metric.name) for sample in reversed(situation.samples))
            last = list(islice((value for value in known if value is not None), least))
            found[metric.name] = fmean(last) if last else None
    return found


def _agreed(threshold: Threshold, situation: Situation) -> bool:
    """Tell whether the last samples of a momentary metric each cross the limit; others need not."""
    momentary = {metric.name for metric in situation.watch.metrics if metric.momentary}
    if threshold.metric not in momentary or threshold.lasting > timedelta(0):
        return True
    least = situation.watch.minimum_good_samples
    crossed = crossings(threshold, situation.samples, situation.baseline)
    return len(list(islice(crossed, least))) >= least


def breaches_of(rows: Sequence[Row], matrix: DecisionMatrix, checkpoint: int) -> list[WatchBreach]:
    """Return the breaches among judged rows, with the action that the matrix has for each."""
    return [
        WatchBreach(
            about=row.metric,
            severity=row.severity,
            action=matrix.rule_for(row.severity, row.scenario).action,
            checkpoint=checkpoint,
            value=row.value,
            limit=row.limit,
            unit=row.unit,
            scenario=row.scenario,
            reason=_why(row),
        )
        for row in rows
        if row.answer is Answer.FAIL and row.severity is not None and not row.observe_only
    ]


def _why(row: Row) -> str:
    if row.value is None or row.limit is None:
        return f"{row.metric}: {row.note}, and no data counts as a breach"
    lasted = f", {row.note}" if row.note else ""
    return f"{row.metric} {row.value:.6g}{row.unit} is {row.crossed} {row.limit:.6g}{row.unit}{lasted}"


def no_data(
    watch: Watch, matrix: DecisionMatrix, checkpoint: int, reason: str, *, quiet: bool = False
) -> WatchBreach:
    """Return the breach that follows from data that does not come; `quiet`: because too little happens."""
    severity = watch.on_quiet if quiet else watch.on_no_data
    action = matrix.rule_for(severity).action
    about = "quiet" if quiet else "no data"
    return WatchBreach(about=about, severity=severity, action=action, checkpoint=checkpoint, reason=reason)


def overall(rows: Sequence[Row]) -> Answer:
    """Return a checkpoint's answer: FAIL before INCONCLUSIVE before PASS; nothing judged is INCONCLUSIVE."""
    answers = {row.answer for row in rows if not row.observe_only}
    worst = (answer for answer in (Answer.FAIL, Answer.INCONCLUSIVE, Answer.PASS) if answer in answers)
    return next(worst, Answer.INCONCLUSIVE)


def strongest(breaches: Sequence[WatchBreach]) -> WatchBreach | None:
    """Return the breach with the strongest action, the first of equals."""
    return max(breaches, key=lambda breach: breach.action.rank, default=None)
