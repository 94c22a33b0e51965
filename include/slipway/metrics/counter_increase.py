"""How much a counter grew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import increase


@dataclass(frozen=True, kw_only=True)
class CounterIncrease(Metric):
    """The growth of a counter between two scrapes, times `scale`.

    :param counter: the name as on the page, e.g. "feature_failures_total"
    :param labels: label -> regular expression that must match the whole value
    """

    counter: str
    labels: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0

    kind: ClassVar[str] = "counter_increase"

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the growth, or None where the page has no such counter."""
        grown = increase(earlier, later, self.counter, self.labels)
        return None if grown is None else grown * self.scale
