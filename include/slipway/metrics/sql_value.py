"""A figure that a query of the database returns."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Source
from slipway.metrics.asking import AskedFigure, asking


@dataclass(frozen=True, kw_only=True)
class SqlValue(AskedFigure):
    """The one number of a query now, times `scale`, e.g. how many rows contradict each other.

    :param sql: returns one row of one number; it is asked at every sample, so let it be quick
    """

    sql: str
    source: str = "database"

    kind: ClassVar[str] = "sql_value"

    @property
    def reading(self) -> Source:
        """The query."""
        return asking(self.source, "sql", query=self.sql)
