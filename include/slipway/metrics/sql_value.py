"""A figure that a query of the database returns."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.sources.sql import VALUE


@dataclass(frozen=True, kw_only=True)
class SqlValue(Metric):
    """The one number of a query now, times `scale`, e.g. how many rows contradict each other.

    :param sql: returns one row of one number; it is asked at every sample, so let it be quick
    """

    sql: str
    scale: float = 1.0
    source: str = "database"

    kind: ClassVar[str] = "sql_value"

    @property
    def reading(self) -> Source:
        """The query."""
        return asking(self.source, "sql", query=self.sql)

    @property
    def momentary(self) -> bool:
        """What the database holds now."""
        return True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure, or None where the query gives nothing or NULL."""
        found = later.samples.get((VALUE, ()))
        return None if found is None else found * self.scale
