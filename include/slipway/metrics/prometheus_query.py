"""A figure that a Prometheus server computes."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.sources.prometheus import VALUE


@dataclass(frozen=True, kw_only=True)
class PrometheusQuery(Metric):
    """The value of a PromQL expression now, times `scale`; it gives one figure.

    :param query: e.g. 'sum(rate(http_requests_total{status=~"5.."}[5m]))'
    """

    query: str
    scale: float = 1.0
    source: str = "prometheus"

    kind: ClassVar[str] = "prometheus_query"

    @property
    def reading(self) -> Source:
        """The expression."""
        return asking(self.source, "prometheus", query=self.query)

    @property
    def momentary(self) -> bool:
        """What the expression gives now; it may look back, but not as far as a checkpoint."""
        return True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure, or None where the expression gives nothing or NaN."""
        found = later.samples.get((VALUE, ()))
        return None if found is None else found * self.scale
