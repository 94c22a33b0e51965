"""A quantile of what a histogram observed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import increase, increases


@dataclass(frozen=True, kw_only=True)
class HistogramQuantile(Metric):
    """A quantile of the observations between two scrapes, times `scale`, linear inside its bucket.

    A quantile in the last, open bucket is that bucket's lower bound, as in Prometheus's histogram_quantile.

    :param histogram: the name without suffix, e.g. "http_request_duration_seconds"
    :param quantile: between 0 and 1, e.g. 0.95
    :param labels: label -> regular expression that must match the whole value
    :param scale: 1000 shows seconds as milliseconds
    """

    histogram: str
    quantile: float
    labels: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1000.0
    unit: str = "ms"

    kind: ClassVar[str] = "histogram_quantile"
    counts: ClassVar[bool] = True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the quantile, or None where nothing was observed between the scrapes."""
        buckets = self._buckets(earlier, later)
        if not buckets or not buckets[-1][1]:
            return None
        return interpolate(buckets, self.quantile) * self.scale

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many observations came, or None where the page has no such histogram."""
        return increase(earlier, later, f"{self.histogram}_bucket", {**self.labels, "le": r"\+Inf"})

    def _buckets(self, earlier: Scrape, later: Scrape) -> list[tuple[float, float]]:
        """Return (upper bound, observations up to it), by bound, all matching series together."""
        counts: dict[float, float] = {}
        grown = increases(earlier, later, f"{self.histogram}_bucket", self.labels)
        for (_, labels), more in grown.items():
            bound = float(dict(labels)["le"])
            counts[bound] = counts.get(bound, 0.0) + more
        return sorted(counts.items())


def interpolate(buckets: Sequence[tuple[float, float]], quantile: float) -> float:
    """Return a quantile of cumulative buckets (upper bound, count), the last one unbounded."""
    rank = quantile * buckets[-1][1]
    lower, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank and count > below:
            inside = (rank - below) / (count - below)
            return lower if math.isinf(bound) else lower + (bound - lower) * inside
        lower, below = (lower if math.isinf(bound) else bound), count
    return lower
