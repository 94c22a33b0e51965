"""Faults of the watch: nothing judged, nothing to judge, or a schedule that does not run forward."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.plan import Plan
from slipway.prove.places import place, stages, thresholds
from slipway.prove.wording import choose, listed, spoken
from slipway.watching import Threshold

LIMITS = "above, below, above_baseline_by, above_baseline_by_percent, above_baseline_times"


@dataclass(frozen=True)
class WatchWithoutThreshold(Fault):
    """A watch that could not find anything wrong."""

    observing: int

    @property
    def what(self) -> str:
        only = f"; {self.observing} only observe" if self.observing else ""
        return f"no threshold decides anything, so the watch would always end healthy{only}"

    @property
    def mend(self) -> str:
        return "Add a Threshold that is not observe_only"


@dataclass(frozen=True)
class UnknownMetric(Fault):
    """A threshold on a metric that the watch does not sample."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'the watch does not sample a metric "{self.name}"'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "metrics")


@dataclass(frozen=True)
class LimitsGiven(Fault):
    """A threshold with no limit or with several."""

    count: int

    @property
    def what(self) -> str:
        return "it has no limit" if self.count == 0 else f"it has {self.count} limits"

    @property
    def mend(self) -> str:
        return f"Give exactly one of {LIMITS}"


@dataclass(frozen=True)
class NoBaseline(Fault):
    """A limit against a baseline that nobody takes.

    :param measured: the metrics that the plan's first baseline holds
    """

    metric: str
    measured: tuple[str, ...]

    @property
    def what(self) -> str:
        if not self.measured:
            return "its limit is relative to a baseline, and no production step takes one"
        held = listed(self.measured)
        return f'its limit is relative to a baseline, which holds {held} and not "{self.metric}"'

    @property
    def mend(self) -> str:
        if self.measured:
            return "Let TakeBaseline measure it too, or compare with another metric (versus=...)"
        return "Put TakeBaseline first in on_production, or compare with another metric (versus=...)"


@dataclass(frozen=True)
class VersusNothing(Fault):
    """A comparison with another metric whose limit is absolute."""

    versus: str

    @property
    def what(self) -> str:
        return f'it compares with "{self.versus}", but its limit is absolute'

    @property
    def mend(self) -> str:
        return "Use one of the above_baseline_* limits, or leave versus out"


@dataclass(frozen=True)
class NoCheckpoint(Fault):
    """A watch without a schedule."""

    @property
    def what(self) -> str:
        return "the watch has no checkpoint, so it would end at once"

    @property
    def mend(self) -> str:
        return "Add a row, e.g. Every(interval=timedelta(minutes=15), until=timedelta(hours=24))"


@dataclass(frozen=True)
class CheckpointsNotIncreasing(Fault):
    """A row of the schedule that ends before the row above it."""

    until: timedelta
    before: timedelta

    @property
    def what(self) -> str:
        return f"it ends after {spoken(self.until)}, not later than the row above it ({spoken(self.before)})"

    @property
    def mend(self) -> str:
        return "Order the rows by until; each begins where the one above ends"


@dataclass(frozen=True)
class IntervalTooLong(Fault):
    """A schedule part too short for a single checkpoint."""

    interval: timedelta
    length: timedelta

    @property
    def what(self) -> str:
        return f"a checkpoint every {spoken(self.interval)} never comes in a part of {spoken(self.length)}"

    @property
    def mend(self) -> str:
        return "Shorten the interval or lengthen the part"


@dataclass(frozen=True)
class TooFewSamples(Fault):
    """A schedule that can never gather as many good samples as the watch demands."""

    interval: timedelta
    sample_every: timedelta
    wanted: int

    @property
    def what(self) -> str:
        return (
            f"{spoken(self.interval)} between checkpoints hold fewer than the {self.wanted} samples wanted "
            f"(one every {spoken(self.sample_every)}), so no checkpoint could be healthy"
        )

    @property
    def mend(self) -> str:
        return "Sample more often, or lower minimum_good_samples"


@dataclass(frozen=True)
class CountBelowOne(Fault):
    """A count that would let the watch judge nothing, or end at once."""

    field: str
    value: int

    @property
    def what(self) -> str:
        return f"{self.field} is {self.value}"

    @property
    def mend(self) -> str:
        return f"Give {self.field} 1 or more"


@dataclass(frozen=True)
class NothingCounted(Fault):
    """A threshold that wants so many observations of a metric that cannot say how many there were."""

    metric: str
    kind: str

    @property
    def what(self) -> str:
        return f"it has of_at_least, and {self.metric} ({self.kind}) cannot say how many observations it has"

    @property
    def mend(self) -> str:
        return "Leave of_at_least out, or measure by a ratio, a mean or a quantile of what is counted"


COUNTS = ("minimum_good_samples", "consecutive_errors", "inconclusive_checkpoints")


@dataclass(frozen=True)
class NewestOfATime(Fault):
    """A metric of which the newest sample is to count, and which tells of the time between two."""

    kind: str

    @property
    def what(self) -> str:
        return f"newest=True, and a {self.kind} tells of the time between two readings"

    @property
    def mend(self) -> str:
        return "Leave newest out; it is for a count of what is open now"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the watch and of the soaks of the rollout."""
    plan = graph.plan
    if all(threshold.observe_only for threshold in plan.watch.thresholds):
        yield WatchWithoutThreshold("watch.thresholds", len(plan.watch.thresholds))
    for spot, threshold in thresholds(plan):
        yield from _threshold(plan, spot, threshold)
    for field in COUNTS:
        if (value := int(getattr(plan.watch, field))) < 1:
            yield CountBelowOne("watch", field, value)
    for index, metric in enumerate(plan.watch.metrics):
        if metric.newest and not metric.momentary:
            yield NewestOfATime(place("watch.metrics", index, metric.name), metric.kind)
    yield from _schedule(plan)


def _threshold(plan: Plan, spot: str, threshold: Threshold) -> Iterator[Fault]:
    metrics = tuple(metric.name for metric in plan.watch.metrics)
    for metric in plan.watch.metrics:
        if metric.name == threshold.metric and threshold.of_at_least and not metric.counts:
            yield NothingCounted(spot, metric.name, metric.kind)
    for name in (threshold.metric, threshold.versus):
        if name and name not in metrics:
            yield UnknownMetric(spot, name, metrics)
    if threshold.limits_given() != 1:
        yield LimitsGiven(spot, threshold.limits_given())
    elif threshold.versus and not threshold.relative:
        yield VersusNothing(spot, threshold.versus)
    elif threshold.relative and not threshold.versus and threshold.metric not in _measured(plan):
        yield NoBaseline(spot, threshold.metric, _measured(plan))


def _measured(plan: Plan) -> tuple[str, ...]:
    """Return what the first baseline measures: the one that the watch compares with."""
    for step in plan.on_production:
        if step.kind == "take_baseline":
            return tuple(metric.name for metric in getattr(step, "metrics", ()))
    return ()


def _schedule(plan: Plan) -> Iterator[Fault]:
    if not plan.watch.checkpoints:
        yield NoCheckpoint("watch.checkpoints")
    before = timedelta(0)
    for index, row in enumerate(plan.watch.checkpoints):
        spot = f"watch.checkpoints[{index}]"
        if index and row.until <= before:
            yield CheckpointsNotIncreasing(spot, row.until, before)
        else:
            yield from _part(plan, spot, row.interval, row.until - before)
        before = row.until
    for spot, stage in stages(plan):
        yield from _part(plan, spot, stage.every, stage.soak)


def _part(plan: Plan, spot: str, interval: timedelta, length: timedelta) -> Iterator[Fault]:
    zero = timedelta(0)
    if interval <= zero or length <= zero or plan.watch.sample_every <= zero:
        return  # durations.py says so
    if interval > length:
        yield IntervalTooLong(spot, interval, length)
    sample_every = min(plan.watch.sample_every, interval)
    if interval < sample_every * plan.watch.minimum_good_samples:
        yield TooFewSamples(spot, interval, sample_every, plan.watch.minimum_good_samples)
