"""A PostgreSQL database: the one number of a query now."""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from slipway.errors import SlipwayError
from slipway.kinds import Samples
from slipway.metrics.asking import VALUE
from slipway.run import Json

TIMEOUT = 8000  # milliseconds; a sample waits no longer than 10 s


class NotOneNumber(SlipwayError):
    """A query of a metric that returns something else than one number."""

    def __init__(self, sql: str, found: str) -> None:
        self.sql, self.found = sql, found
        super().__init__(
            f"one number is wanted, not {found}; return one, e.g. with count(). The query is: {sql}"
        )


def opened(connection: Any, asked: Mapping[str, Json], since: float) -> Callable[[], Samples]:
    """Return a reading of asked["query"], in a transaction that cannot write; NULL or no row is no data."""
    from slipway.steps.reach import open_database  # steps read metrics, so not at the top

    def reading() -> Samples:
        with open_database(connection) as session:
            session.execute("SET TRANSACTION READ ONLY")
            session.execute(f"SET LOCAL statement_timeout = {TIMEOUT}")
            # Binary, for PostgreSQL then takes one statement only: a COMMIT would end this transaction.
            rows = session.execute(asked["query"], binary=True).fetchmany(2)
            session.rollback()
        figure = _figure(asked["query"], rows)
        return {} if figure is None else {(VALUE, ()): figure}

    return reading


def _figure(sql: str, rows: list[tuple[Any, ...]]) -> float | None:
    if not rows:
        return None
    if len(rows) > 1 or len(rows[0]) != 1:
        raise NotOneNumber(sql, "several rows" if len(rows) > 1 else f"a row of {len(rows[0])} columns")
    [value] = rows[0]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NotOneNumber(sql, f"a {type(value).__name__}")
    if math.isnan(value):  # it would cross no limit
        raise NotOneNumber(sql, "NaN")
    return float(value)
