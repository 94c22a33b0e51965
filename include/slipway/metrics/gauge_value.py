"""A gauge as it stands."""

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from slipway.kinds import Metric, Scrape
from slipway.metrics.series import select


class Over(StrEnum):
    """How several series of one gauge become one figure."""

    SUM = "sum"
    LARGEST = "largest"
    SMALLEST = "smallest"
    MEAN = "mean"


_FIGURES: Mapping[Over, Callable[[Iterable[float]], float]] = {
    Over.SUM: sum,
    Over.LARGEST: max,
    Over.SMALLEST: min,
    Over.MEAN: statistics.fmean,
}


@dataclass(frozen=True, kw_only=True)
class GaugeValue(Metric):
    """The value of a gauge, times `scale`, e.g. resident memory in MiB with scale 1 / 2**20.

    :param gauge: the name as on the page, e.g. "process_resident_memory_bytes"
    :param labels: label -> regular expression that must match the whole value
    """

    gauge: str
    labels: Mapping[str, str] = field(default_factory=dict)
    over: Over = Over.SUM
    scale: float = 1.0

    kind: ClassVar[str] = "gauge_value"
    counts: ClassVar[bool] = True
    adds_up: ClassVar[bool] = True

    @property
    def momentary(self) -> bool:
        """A gauge forgets what it was."""
        return True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure of the later scrape, or None where it has no such gauge."""
        values = select(later, self.gauge, self.labels).values()
        return _FIGURES[self.over](values) * self.scale if values else None

    def observed(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return 1 for a reading with the gauge on it, so that `of_at_least` is the number of readings."""
        return None if self.value(earlier, later) is None else 1.0
