"""The share of one counter in another, e.g. an error rate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import increase


@dataclass(frozen=True, kw_only=True)
class CounterRatio(Metric):
    """The growth of a part over the growth of the whole, times `scale`.

    :param counter: the counter of the whole, as on the page, e.g. "http_requests_total"
    :param part: labels of the part, e.g. {"status": "5.."}
    :param whole: labels of the whole; they hold for the part too
    :param part_counter: the counter of the part if it is another one, e.g. "feature_failures_total"
    :param scale: 100 for percent
    """

    counter: str
    part: Mapping[str, str] = field(default_factory=dict)
    whole: Mapping[str, str] = field(default_factory=dict)
    part_counter: str = ""
    scale: float = 100.0
    unit: str = "%"

    kind: ClassVar[str] = "counter_ratio"
    counts: ClassVar[bool] = True
    adds_up: ClassVar[bool] = True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the share, or None where nothing of the whole was counted between the scrapes."""
        whole = self.observed(earlier, later)
        if not whole:
            return None
        counter, labels = self.part_counter or self.counter, {**self.whole, **self.part}
        return (increase(earlier, later, counter, labels) or 0.0) / whole * self.scale

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how much of the whole was counted, or None where the page has no such counter."""
        return increase(earlier, later, self.counter, self.whole)
