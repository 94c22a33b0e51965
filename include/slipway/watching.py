"""The vocabulary of a watch: checkpoints and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from slipway.kinds import Metric
from slipway.words import Severity


class Missing(StrEnum):
    """What too few good samples of a metric mean. None of them is "healthy"."""

    INCONCLUSIVE = "inconclusive"
    BREACH = "breach"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, kw_only=True)
class Every:
    """A checkpoint every `interval` until `until` after the watch began; a schedule is a row of these.

    :param look_at: what people look at in this part of the window; listed in the log of each first checkpoint
    """

    interval: timedelta
    until: timedelta
    title: str = ""
    look_at: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit on a metric. Exactly one of the limit fields is given; crossing it is a breach.

    Limits are in the metric's unit, those "by percent" in percent of the baseline, "times" a factor of it.

    :param lasting: how long it must hold without a good sample in between
    :param of_at_least: so many observations (requests, jobs, of a gauge readings) must stand behind a figure
        beyond the limit, for it to be a breach; with fewer it is inconclusive
    :param versus: compare with this metric of the same moment instead of the baseline (cohort B against A)
    :param missing: what too few good samples mean
    :param observe_only: is judged and shown but decides nothing
    :param scenario: picks a row of the decision matrix by its scenario instead of by severity alone
    """

    metric: str
    severity: Severity
    above: float | None = None
    below: float | None = None
    above_baseline_by: float | None = None
    above_baseline_by_percent: float | None = None
    above_baseline_times: float | None = None
    lasting: timedelta = timedelta(0)
    of_at_least: int = 0
    versus: str = ""
    missing: Missing = Missing.INCONCLUSIVE
    observe_only: bool = False
    scenario: str = ""

    @property
    def relative(self) -> bool:
        """Whether the limit is relative to the baseline or another metric."""
        return self.above is None and self.below is None

    def limits_given(self) -> int:
        """Return how many limit fields are set; `prove` wants exactly one."""
        limits = (
            self.above,
            self.below,
            self.above_baseline_by,
            self.above_baseline_by_percent,
            self.above_baseline_times,
        )
        return sum(limit is not None for limit in limits)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A monitoring window.

    Failures, errors and samples have limits of their own, as in Argo Rollouts, but errors count.

    :param sample_every: time between two samples inside the window (real time is divided by `pace`)
    :param minimum_good_samples: fewer at a checkpoint make the metric INCONCLUSIVE
    :param consecutive_errors: this many failed scrapes in a row are a breach of `on_no_data`
    :param inconclusive_checkpoints: this many INCONCLUSIVE checkpoints in a row are a breach of `on_no_data`;
        of `on_quiet` if all could be read in them and merely too little happened
    """

    metrics: Sequence[Metric]
    thresholds: Sequence[Threshold]
    checkpoints: Sequence[Every]
    sample_every: timedelta = timedelta(seconds=15)
    minimum_good_samples: int = 3
    consecutive_errors: int = 5
    inconclusive_checkpoints: int = 2
    on_no_data: Severity = Severity.MEDIUM  # what cannot be read tells of itself, and not of the service
    on_quiet: Severity = Severity.LOW

    @property
    def length(self) -> timedelta:
        """How long the whole window is."""
        return max((part.until for part in self.checkpoints), default=timedelta(0))
