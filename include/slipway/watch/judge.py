"""How samples become answers: thresholds, baselines, missing data, and what ends a watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate, islice
from statistics import fmean

from slipway.kinds import Metric
from slipway.plan import DecisionMatrix
from slipway.spans import length
from slipway.watch.limits import Sample, attended, crosses, crossings, held_for, limit_of, reference_of
from slipway.watch.schedule import paced, spacing
from slipway.watching import Missing, Threshold, Watch
from slipway.words import Action, Answer, Severity


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

    :param about: the metric, "no data", "quiet", or "quiet for a day"
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


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything that a judgement looks at.

    :param samples: since the checkpoint before
    :param earlier: samples from before that, which sustained thresholds still need
    :param figures: metrics over the whole time since the checkpoint before; of others the mean of the
        samples, or the newest one
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
        """Tell whether every reading since the checkpoint before was there, whatever happened meanwhile."""
        return bool(self.samples) and all(metric in sample.observed for sample in self.samples)

    @property
    def all_samples(self) -> Sequence[Sample]:
        """Those since the checkpoint before, and what is kept from before it."""
        return (*self.earlier, *self.samples)

    def figure(self, metric: str) -> float | None:
        """Return the value that is judged."""
        if self.figures.get(metric) is not None:
            return self.figures[metric]
        values = [sample.values.get(metric) for sample in self.samples]
        return _one_of(self.kind(metric), [value for value in values if value is not None])

    def kind(self, metric: str) -> Metric:
        """Return the metric of this name."""
        return next(each for each in self.watch.metrics if each.name == metric)

    def all_figures(self) -> dict[str, float | None]:
        """Return the judged value of every metric."""
        return {metric.name: self.figure(metric.name) for metric in self.watch.metrics}


def _one_of(metric: Metric, values: Sequence[float]) -> float | None:
    """Return what stands for values, oldest first; None if there are none."""
    if not values:
        return None
    return values[-1] if metric.newest else fmean(values)


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
    reference = reference_of(threshold, figures, situation.baseline)
    limit = limit_of(threshold, reference)
    value = figures.get(threshold.metric)
    answer, note = _answer(threshold, situation, value, limit)
    silent = answer is Answer.INCONCLUSIVE and limit is not None
    enough = situation.good(threshold.metric) >= situation.watch.minimum_good_samples
    if answer is Answer.FAIL and enough and limit is not None and value is not None:
        tail = _tail(threshold, situation, samples, value)
        value = tail.value
        if tail.observed < threshold.of_at_least:
            answer, silent = Answer.INCONCLUSIVE, True
            note = f"beyond the limit, but of {tail.observed:g} only; {threshold.of_at_least} tell"
        elif not (threshold.lasting or crosses(threshold, value, limit)):
            answer = Answer.PASS
    return Row(
        metric=threshold.metric,
        unit=next((m.unit for m in situation.watch.metrics if m.name == threshold.metric), ""),
        value=value,
        baseline=reference,
        limit=limit,
        crossed="below" if threshold.below is not None else "above",
        answer=answer,
        severity=threshold.severity,
        scenario=threshold.scenario,
        good=situation.good(threshold.metric),
        observe_only=threshold.observe_only,
        quiet=silent and situation.quiet(threshold.metric),
        note=note,
    )


@dataclass(frozen=True, kw_only=True)
class _Tail:
    """A figure beyond a limit, and how many observations it stands on."""

    value: float
    observed: float


def _tail(threshold: Threshold, situation: Situation, samples: Sequence[Sample], value: float) -> _Tail:
    """Return what a figure beyond its limit stands on.

    Of a limit that must last that is all that crossed it. Where too few stand behind the figure of any other,
    it is the newest samples that together hold enough, back over the checkpoint before if need be: a service
    that is little used is judged by its last requests, and not by those of an hour ago.
    """
    metric = threshold.metric
    kind = situation.kind(metric)
    if threshold.lasting > timedelta(0):
        crossed = list(crossings(threshold, situation.all_samples, situation.baseline))
        return _Tail(value=_together(kind, crossed), observed=_observed(metric, crossed))
    if (seen := _observed(metric, samples)) >= threshold.of_at_least:
        return _Tail(value=value, observed=seen)
    newest = newest_of(metric, situation.all_samples, threshold.of_at_least)
    if (found := _observed(metric, newest)) < threshold.of_at_least:
        return _Tail(value=value, observed=found)
    return _Tail(value=_together(kind, newest), observed=found)


def newest_of(metric: str, samples: Sequence[Sample], least: float) -> Sequence[Sample]:
    """Return the newest samples that together hold so many observations, all if they hold fewer."""
    seen = 0.0
    for place in range(len(samples) - 1, -1, -1):
        seen += samples[place].observed.get(metric, 0.0)
        if seen >= least:
            return samples[place:]
    return samples


def _observed(metric: str, samples: Sequence[Sample]) -> float:
    return sum(sample.observed.get(metric, 0.0) for sample in samples)


def _together(metric: Metric, samples: Sequence[Sample]) -> float:
    """Return one figure for samples, each weighing as much as was observed in it.

    Of a share or a mean it is its own for all of them together; a quantile has none, and the middle one
    stands for it: the slowest of the few requests of a minute says little of a hundred.
    """
    known = [sample for sample in samples if sample.values.get(metric.name) is not None]
    weighed = [(sample.values[metric.name] or 0.0, sample.observed.get(metric.name, 1.0)) for sample in known]
    if metric.newest:
        return max(known, key=lambda sample: sample.at).values[metric.name] or 0.0
    if metric.adds_up or not metric.counts:
        weights = [weight for _, weight in weighed]
        return fmean([value for value, _ in weighed], weights if any(weights) else None)
    half = sum(weight for _, weight in weighed) / 2
    rising = sorted(weighed)
    passed = accumulate(weight for _, weight in rising)
    return next(value for (value, _), so_far in zip(rising, passed, strict=True) if so_far >= half)


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
    least = situation.watch.minimum_good_samples
    every = spacing(situation.watch, situation.pace)
    held = held_for(threshold, situation.all_samples, situation.baseline, least, every)
    if held is None:
        return Answer.PASS, f"breach after {length(threshold.lasting)}"
    # Binary fractions of real seconds: a window of exactly `lasting` has lasted.
    if held >= paced(threshold.lasting, situation.pace) - 1e-6:
        return Answer.FAIL, f"lasted {length(threshold.lasting)}"
    return Answer.PASS, f"crossed for {length(timedelta(seconds=held * situation.pace))}"


def under_way(threshold: Threshold, situation: Situation) -> bool:
    """Tell whether the newest sample crosses a limit that has not had its time, or its samples, yet.

    Of limits that need not last those of momentary metrics wait for more samples; the others have them.
    """
    watch, samples = situation.watch, situation.all_samples
    lasts = threshold.lasting > timedelta(0)
    if not (lasts or situation.kind(threshold.metric).momentary):
        return False
    seen = attended(samples, spacing(watch, situation.pace))
    row = [sample.at for sample in crossings(threshold, seen, situation.baseline)]
    if not row or row[0] != samples[-1].at:
        return False
    if not lasts:
        return not _agreed(threshold, situation)
    enough = len(row) >= max(2, watch.minimum_good_samples)
    return not enough or row[0] - row[-1] < paced(threshold.lasting, situation.pace) - 1e-6


def urgent(situation: Situation) -> list[Row]:
    """Judge at a sample: the rows that breach now and cannot wait for the checkpoint.

    Those are the ones from which anything follows, be it that somebody is told. A limit without `lasting` is
    judged on the last `minimum_good_samples` samples: on the figure over them, or, of a momentary metric, on
    each of them, so that one outlier ends nothing.
    """
    if not situation.samples:
        return []
    least = situation.watch.minimum_good_samples
    figures, newest = _newest_figures(situation), situation.samples[-max(least, 1) :]
    return [
        row
        for threshold in situation.watch.thresholds
        if _cannot_wait(threshold, situation.matrix) and situation.good(threshold.metric) >= least
        for row in (_row(threshold, situation, figures, newest),)
        if row.answer is Answer.FAIL and row.limit is not None and _agreed(threshold, situation)
    ]


def _cannot_wait(threshold: Threshold, matrix: DecisionMatrix) -> bool:
    action = matrix.rule_for(threshold.severity, threshold.scenario).action
    return action is not Action.CONTINUE and not threshold.observe_only


def _newest_figures(situation: Situation) -> dict[str, float | None]:
    """Return the judged value of every metric, where it is known that of the last samples alone."""
    known = {**situation.samples[-1].recent, **_last_figures(situation)}
    return {
        **situation.all_figures(),
        **{name: value for name, value in known.items() if value is not None},
    }


def _last_figures(situation: Situation) -> dict[str, float | None]:
    """Return what stands for the last good samples of each momentary metric."""
    least = max(situation.watch.minimum_good_samples, 1)
    found: dict[str, float | None] = {}
    for metric in situation.watch.metrics:
        if metric.momentary:
            known = (sample.values.get(metric.name) for sample in reversed(situation.samples))
            last = list(islice((value for value in known if value is not None), least))
            found[metric.name] = _one_of(metric, last[::-1])
    return found


def _agreed(threshold: Threshold, situation: Situation) -> bool:
    """Tell whether the last samples of a momentary metric each cross the limit; others need not.

    Nor where more observations than they hold must stand behind the figure: then many more samples tell.
    """
    momentary = {metric.name for metric in situation.watch.metrics if metric.momentary}
    if threshold.metric not in momentary or threshold.lasting > timedelta(0):
        return True
    least = situation.watch.minimum_good_samples
    if threshold.of_at_least > _observed(threshold.metric, situation.samples[-least:]):
        return True
    crossed = crossings(threshold, situation.samples, situation.baseline)
    return len(list(islice(crossed, least))) >= least


def breaches_of(rows: Sequence[Row], matrix: DecisionMatrix, checkpoint: int) -> list[WatchBreach]:
    """Return the breaches among judged rows, with the action that the matrix has for each.

    Of two limits of a metric that are crossed at once only the graver one is a breach: with three critical
    bugs open nobody is told of "one or two", too.
    """
    failed = [row for row in rows if row.answer is Answer.FAIL and not row.observe_only]
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
        for row in failed
        if row.severity is not None and not any(_says_it_all(other, row, matrix) for other in failed)
    ]


def _says_it_all(other: Row, row: Row, matrix: DecisionMatrix) -> bool:
    """Tell whether another row of the same metric is graver, and no less follows from it."""
    if other.severity is None or row.severity is None or other.limit is None or row.limit is None:
        return False
    grades = list(Severity)
    same = (other.metric, other.crossed) == (row.metric, row.crossed)
    graver = grades.index(other.severity) > grades.index(row.severity)
    follows = matrix.rule_for(other.severity, other.scenario).action.rank
    return same and graver and follows >= matrix.rule_for(row.severity, row.scenario).action.rank


def _why(row: Row) -> str:
    if row.value is None or row.limit is None:
        return f"{row.metric}: {row.note}, and no data counts as a breach"
    lasted = f", {row.note}" if row.note else ""
    return f"{row.metric} {row.value:.6g}{row.unit} is {row.crossed} {row.limit:.6g}{row.unit}{lasted}"


def no_data(
    watch: Watch, matrix: DecisionMatrix, checkpoint: int, reason: str, *, about: str = "no data"
) -> WatchBreach:
    """Return the breach that follows from data that does not come.

    :param about: begins with "quiet" where all could be read and too little happened
    """
    severity = watch.on_quiet if about.startswith("quiet") else watch.on_no_data
    action = matrix.rule_for(severity).action
    return WatchBreach(about=about, severity=severity, action=action, checkpoint=checkpoint, reason=reason)


def overall(rows: Sequence[Row]) -> Answer:
    """Return a checkpoint's answer: FAIL before INCONCLUSIVE before PASS; nothing judged is INCONCLUSIVE."""
    answers = {row.answer for row in rows if not row.observe_only}
    worst = (answer for answer in (Answer.FAIL, Answer.INCONCLUSIVE, Answer.PASS) if answer in answers)
    return next(worst, Answer.INCONCLUSIVE)


def strongest(breaches: Sequence[WatchBreach]) -> WatchBreach | None:
    """Return the breach with the strongest action, the first of equals."""
    return max(breaches, key=lambda breach: breach.action.rank, default=None)
