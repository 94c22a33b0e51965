"""A quantile of a number in a log's events, in Amazon CloudWatch Logs."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.series import increase, increases
from slipway.metrics.sources.cloud_watch_logs import BUCKET


@dataclass(frozen=True, kw_only=True)
class LogQuantile(Metric):
    """A quantile of the numbers logged between two readings, times `scale`; exact within 2 %, never too low.

    :param group: the log group; its events are JSON objects
    :param number: the field that holds the number, e.g. "duration_ms"
    :param quantile: between 0 and 1, e.g. 0.95
    :param pattern: which events count, in CloudWatch's filter syntax; by default those that have the field
    """

    group: str
    number: str
    quantile: float
    pattern: str = ""
    scale: float = 1.0
    unit: str = "ms"
    source: str = "aws"

    kind: ClassVar[str] = "log_quantile"
    counts: ClassVar[bool] = True

    @property
    def reading(self) -> Source:
        """The group's events with the number."""
        pattern = self.pattern or f"{{ $.{self.number} >= 0 }}"
        return asking(self.source, "cloud_watch_logs", group=self.group, pattern=pattern, field=self.number)

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the quantile, or None where no number was logged."""
        grown = increases(earlier, later, BUCKET, {})
        counts = sorted((float(dict(labels)["upto"]), more) for (_, labels), more in grown.items() if more)
        rank, below = self.quantile * sum(more for _, more in counts), 0.0
        for bound, more in counts:
            below += more
            if below >= rank:
                return bound * self.scale
        return None

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many numbers were logged, or None where none was."""
        return increase(earlier, later, BUCKET, {}) or None
