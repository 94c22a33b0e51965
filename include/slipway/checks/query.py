"""Reading from the environment's database, in a transaction that cannot write."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from slipway.run import Json, Run
from slipway.steps.reach import database


def rows_of(
    run: Run,
    sql: str,
    parameters: Sequence[Json] | Mapping[str, Json] | None = None,
    timeout: timedelta = timedelta(seconds=30),
) -> list[list[Json]]:
    """Return the rows of a query as JSON values (decimals as numbers, times as ISO text).

    Raises DatabaseUnreachable, DatabaseRefused, and psycopg's errors for the query itself.
    """
    with database(run) as session, session.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {int(timeout.total_seconds() * 1000)}")
        cursor.execute(cast("Any", sql), cast("Any", parameters))
        found = [[plain(value) for value in row] for row in cursor.fetchall()]
        session.rollback()
        return found


def plain(value: Any) -> Json:
    """Return a database value as JSON."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def quoted(name: str) -> str:
    """Return a table or column name as SQL, quoted: public.plans -> "public"."plans"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
