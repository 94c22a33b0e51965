"""A statistic of an Amazon CloudWatch metric."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.sources.cloud_watch import COUNTED


@dataclass(frozen=True, kw_only=True)
class CloudWatchStatistic(Metric):
    """The newest Average, Maximum, Minimum or percentile; of Sum and SampleCount the growth, times `scale`.

    :param metric: the name in CloudWatch, e.g. "TargetResponseTime"
    :param statistic: "Average", "Maximum", "Minimum", "Sum", "SampleCount", or a percentile, e.g. "p95"
    :param period: of one datapoint; 60 s unless the metric has a high resolution
    :param within: an older datapoint is no data
    """

    namespace: str
    metric: str
    statistic: str = "Average"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    period: timedelta = timedelta(minutes=1)
    within: timedelta = timedelta(minutes=5)
    scale: float = 1.0
    source: str = "aws"

    kind: ClassVar[str] = "cloud_watch_statistic"

    @property
    def reading(self) -> Source:
        """The one statistic."""
        figure = {
            "id": "figure",
            "namespace": self.namespace,
            "metric": self.metric,
            "dimensions": dict(self.dimensions),
            "statistic": self.statistic,
        }
        return asking(
            self.source,
            "cloud_watch",
            figures=[figure],
            period=self.period.total_seconds(),
            within=self.within.total_seconds(),
            counted=self.statistic in COUNTED,
        )

    @property
    def momentary(self) -> bool:
        """The newest datapoint, except of what is counted."""
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
