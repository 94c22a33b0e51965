"""The mean of what a histogram observed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import increase


@dataclass(frozen=True, kw_only=True)
class HistogramMean(Metric):
    """The mean of the observations between two scrapes, times `scale`.

    :param histogram: the name without suffix, e.g. "http_request_duration_seconds"; a summary does too
    :param labels: label -> regular expression that must match the whole value
    :param scale: 1000 shows seconds as milliseconds
    """

    histogram: str
    labels: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1000.0
    unit: str = "ms"

    kind: ClassVar[str] = "histogram_mean"
    counts: ClassVar[bool] = True
    adds_up: ClassVar[bool] = True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the mean, or None where nothing was observed between the scrapes."""
        count = self.observed(earlier, later)
        total = increase(earlier, later, f"{self.histogram}_sum", self.labels)
        return total / count * self.scale if count and total is not None else None

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many observations came, or None where the page has no such histogram."""
        return increase(earlier, later, f"{self.histogram}_count", self.labels)
