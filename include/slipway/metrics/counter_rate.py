"""How fast a counter grows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import increase


@dataclass(frozen=True, kw_only=True)
class CounterRate(Metric):
    """The growth of a counter per `per`, e.g. requests per second.

    :param counter: the name as on the page, e.g. "http_requests_total"
    :param labels: label -> regular expression that must match the whole value
    """

    counter: str
    labels: Mapping[str, str] = field(default_factory=dict)
    per: timedelta = timedelta(seconds=1)

    kind: ClassVar[str] = "counter_rate"

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the rate, or None where the page has no such counter or no time has passed."""
        grown, passed = increase(earlier, later, self.counter, self.labels), later.at - earlier.at
        return None if grown is None or passed <= 0 else grown / passed * self.per.total_seconds()
