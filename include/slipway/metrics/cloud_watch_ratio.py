"""The share of one Amazon CloudWatch count in another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.series import increase


@dataclass(frozen=True, kw_only=True)
class CloudWatchRatio(Metric):
    """The growth of a part over the growth of the whole, times `scale`; both are Sums, divided here.

    :param part: the metric counted above the line, e.g. "HTTPCode_Target_5XX_Count"
    :param whole: the metric counted below it, e.g. "RequestCount"
    :param part_dimensions: of the part, if they are others than `dimensions`
    :param period: of one datapoint; 60 s unless the metric has a high resolution
    :param scale: 100 for percent
    """

    namespace: str
    part: str
    whole: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    part_dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    period: timedelta = timedelta(minutes=1)
    scale: float = 100.0
    unit: str = "%"
    source: str = "aws"

    kind: ClassVar[str] = "cloud_watch_ratio"
    counts: ClassVar[bool] = True
    adds_up: ClassVar[bool] = True

    @property
    def reading(self) -> Source:
        """Both counts in one call."""
        part = dict(self.part_dimensions or self.dimensions)
        each = (("part", self.part, part), ("whole", self.whole, dict(self.dimensions)))
        figures = [
            {
                "id": name,
                "namespace": self.namespace,
                "metric": metric,
                "dimensions": dimensions,
                "statistic": self.statistic,
            }
            for name, metric, dimensions in each
        ]
        period = self.period.total_seconds()
        return asking(self.source, "cloud_watch", figures=figures, period=period, within=0, counted=True)

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the share, or None where nothing of the whole was counted between the readings."""
        whole = self.observed(earlier, later)
        if not whole:
            return None
        return (increase(earlier, later, "part_total", {}) or 0.0) / whole * self.scale

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how much of the whole was counted, or None where nothing was."""
        return increase(earlier, later, "whole_total", {}) or None
