"""A figure that a Prometheus server computes."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Source
from slipway.metrics.asking import AskedFigure, asking


@dataclass(frozen=True, kw_only=True)
class PrometheusQuery(AskedFigure):
    """The value of a PromQL expression now, times `scale`; it gives one figure.

    :param query: e.g. 'sum(rate(http_requests_total{status=~"5.."}[5m]))'
    """

    query: str
    source: str = "prometheus"

    kind: ClassVar[str] = "prometheus_query"

    @property
    def reading(self) -> Source:
        """The expression."""
        return asking(self.source, "prometheus", query=self.query)
