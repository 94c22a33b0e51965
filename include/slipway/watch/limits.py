"""Samples against a limit: what crosses it, and for how long."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.watching import Threshold


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


def reference_of(
    threshold: Threshold, figures: Mapping[str, float | None], base: Mapping[str, float]
) -> float | None:
    """Return what a relative limit is relative to: another metric of the same moment, or the baseline."""
    if threshold.versus:
        return figures.get(threshold.versus)
    return base.get(threshold.metric)


def crossings(
    threshold: Threshold, samples: Sequence[Sample], baseline: Mapping[str, float]
) -> Iterator[Sample]:
    """Yield the last samples that cross the limit in a row, newest first; those without data are left out."""
    for sample in reversed(samples):
        value = sample.values.get(threshold.metric)
        limit = limit_of(threshold, reference_of(threshold, sample.values, baseline))
        if value is None or limit is None:
            continue
        if not crosses(threshold, value, limit):
            return
        yield sample


def held_for(
    threshold: Threshold, samples: Sequence[Sample], baseline: Mapping[str, float], least: int, every: float
) -> float | None:
    """Return for how many real seconds the limit has been crossed without a good sample in between.

    None while fewer than two (or `least`) samples in a row cross it. A sample without data neither adds to
    the row nor breaks it; but a row with more holes than samples has not been seen to last, unless it is
    known that nothing happened in them.

    :param every: real seconds between two samples
    """
    samples = attended(samples, every)
    row = [sample.at for sample in crossings(threshold, samples, baseline)]
    if len(row) < max(2, least):
        return None
    inside = [sample for sample in samples if row[-1] <= sample.at <= row[0]]
    holes = [sample for sample in inside if sample.values.get(threshold.metric) is None]
    unknown = [sample for sample in holes if threshold.metric not in sample.observed]
    return row[0] - row[-1] if len(unknown) <= len(row) else None


def attended(samples: Sequence[Sample], every: float) -> Sequence[Sample]:
    """Return the newest samples, back to a time without any (the triggerer was away) that outweighs them."""
    for newer, place in enumerate(range(len(samples) - 1, 0, -1), 1):
        if samples[place].at - samples[place - 1].at > (newer + 1) * every:
            return samples[place:]
    return samples
