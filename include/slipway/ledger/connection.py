"""Reach the ledger's database through its Airflow connection."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from slipway.errors import MissingConnection
from slipway.ledger.errors import LedgerIsEmpty

if TYPE_CHECKING:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

CONN_ID = "slipway_ledger"
UNDEFINED_TABLE = "42P01"


def hook(conn_id: str) -> "PostgresHook":
    """Return the hook of a connection; MissingConnection if there is none."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    found = PostgresHook(postgres_conn_id=conn_id)
    try:
        found.connection  # noqa: B018  (looks the connection up)
    except AirflowNotFoundException as error:
        raise MissingConnection(conn_id, "the ledger") from error
    return found


@contextmanager
def transaction(conn_id: str) -> Iterator[Any]:
    """Open a cursor in a transaction of its own; LedgerIsEmpty if the database has no ledger."""
    with closing(hook(conn_id).get_conn()) as connection:
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except Exception as error:
            # psycopg says sqlstate, psycopg2 pgcode; the hook may use either
            if UNDEFINED_TABLE in (getattr(error, "sqlstate", ""), getattr(error, "pgcode", "")):
                raise LedgerIsEmpty(conn_id) from error
            raise
