"""A statistic of an Amazon CloudWatch metric."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.sources.cloud_watch import COUNTED
from slipway.run import Json


@dataclass(frozen=True, kw_only=True)
class CloudWatchStatistic(Metric):
    """The newest Average, Maximum, Minimum or percentile; of Sum and SampleCount the growth, times `scale`.

    :param metric: the name in CloudWatch, e.g. "TargetResponseTime"
    :param statistic: "Average", "Maximum", "Minimum", "Sum", "SampleCount", or a percentile, e.g. "p95"
    :param period: of one datapoint; 60 s unless the metric has a high resolution
    :param within: an older datapoint is no data
    :param counted_by: the metric whose Sum tells how many requests the figure stands on, e.g. "Requests", put
        also when it is 0: then it is known that nothing happened. The figure is then that of all datapoints
        in `within`, each counting as much as the Sum of its own period
    """

    namespace: str
    metric: str
    statistic: str = "Average"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    period: timedelta = timedelta(minutes=1)
    within: timedelta = timedelta(minutes=5)
    counted_by: str = ""
    scale: float = 1.0
    source: str = "aws"

    kind: ClassVar[str] = "cloud_watch_statistic"

    @property
    def counts(self) -> bool:  # type: ignore[override]
        """Whether another metric tells how many there were."""
        return bool(self.counted_by) and self.momentary

    @property
    def adds_up(self) -> bool:  # type: ignore[override]
        """Whether the mean of figures is that of all together."""
        return self.statistic == "Average"

    @property
    def reading(self) -> Source:
        """The statistic, and how many it stands on."""
        figures = [self._figure("figure", self.metric, self.statistic)]
        if self.counted_by:
            figures.append(self._figure("count", self.counted_by, "Sum"))
        return asking(
            self.source,
            "cloud_watch",
            figures=figures,
            period=self.period.total_seconds(),
            within=self.within.total_seconds(),
            counted=self.statistic in COUNTED,
        )

    @property
    def momentary(self) -> bool:
        """What there is now, except of what is counted."""
        return self.statistic not in COUNTED

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure, or None where CloudWatch has no datapoint for it."""
        if self.statistic not in COUNTED:
            found = later.samples.get(("figure", ()))
            return None if found is None else found * self.scale
        total = ("figure_total", ())
        if total not in later.samples:
            return None
        return (later.samples[total] - earlier.samples.get(total, 0.0)) * self.scale

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many the figure stands on, or None where CloudWatch does not tell."""
        return later.samples.get(("count", ()))

    def _figure(self, name: str, metric: str, statistic: str) -> dict[str, Json]:
        return {
            "id": name,
            "namespace": self.namespace,
            "metric": metric,
            "dimensions": dict(self.dimensions),
            "statistic": statistic,
        }
