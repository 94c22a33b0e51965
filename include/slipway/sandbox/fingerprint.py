"""What an environment is: version, schema, rows and flags, to tell whether it is as it was."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from typing import Any, TypedDict

import psycopg
from psycopg import sql

from slipway.sandbox.layout import Place, port
from slipway.sandbox.postgres import Postgres
from slipway.sandbox.seed import SYNTHETIC_USER, SYNTHETIC_WEEK

Connection = psycopg.Connection[tuple[object, ...]]
NOT_BUSINESS = (
    "alembic_version",
    "__EFMigrationsHistory",
    "slipway_applied_scripts",
    "sessions",
    "feature_flags",
    "report_cache",
    "notices",
)
OWNERS = {"user_id": SYNTHETIC_USER, "week_id": SYNTHETIC_WEEK}  # column -> first synthetic owner

# By the table in which a tool notes its migrations: the newest one (Alembic, Entity Framework).
REVISIONS = {
    "alembic_version": "SELECT version_num FROM alembic_version",
    '"__EFMigrationsHistory"': 'SELECT max("MigrationId" COLLATE "C") FROM "__EFMigrationsHistory"',
}
COLUMNS = (
    "SELECT table_name, column_name, udt_name, is_nullable, column_default FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
)
TABLES = (
    "SELECT relname::text FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
COLUMNS_OF = (
    "SELECT column_name::text FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position"
)
ROWS = "SELECT count(*), {} FROM {} WHERE {} < {}"
# By column: a new one leaves the others' as they are. An absent value differs from an empty one.
CHECKSUM = "md5(coalesce(string_agg(coalesce(md5({}::text), '-'), '' ORDER BY id), ''))"
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef"
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
)


class Rows(TypedDict):
    """The rows of a table.

    :param columns: name -> checksum of the column's values in the order of the rows' ids
    """

    rows: int
    columns: dict[str, str]


def fingerprint(postgres: Postgres, place: Place) -> dict[str, Any]:
    """Take the fingerprint of an environment; rows of the load generator's own users and weeks are left out.

    Keys: version (None when nothing answers), revision, schema (a digest), flags,
    tables (name -> Rows).
    """
    with postgres.connect(place.name) as connection:
        return {
            "version": _version(place),
            "revision": _revision(connection),
            "schema": _digest([_all(connection, query) for query in (COLUMNS, INDEXES, CONSTRAINTS)]),
            "tables": {table: _rows(connection, table) for table in _tables(connection)},
            "flags": _flags(connection),
        }


def _revision(connection: Connection) -> str | None:
    """The newest revision that the database itself knows of; None in a system that notes none."""
    query = next((query for table, query in REVISIONS.items() if _has(connection, table)), None)
    return None if query is None else str(_all(connection, query)[0][0])


def _flags(connection: Connection) -> dict[str, Any]:
    """The flags that the system keeps itself, if it does."""
    if not _has(connection, "feature_flags"):
        return {}
    found = _all(connection, "SELECT name, enabled, percentage FROM feature_flags ORDER BY name")
    return {name: {"enabled": enabled, "percentage": percentage} for name, enabled, percentage in found}


def _has(connection: Connection, table: str) -> bool:
    return bool(_all(connection, "SELECT to_regclass(%s) IS NOT NULL", [table])[0][0])


def _version(place: Place) -> str | None:
    url = f"http://127.0.0.1:{port(place.root, place.name)}/version"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return str(json.load(answer)["version"])
    except (OSError, ValueError):
        return None


def _tables(connection: Connection) -> list[str]:
    return [str(name) for (name,) in _all(connection, TABLES) if name not in NOT_BUSINESS]


def _rows(connection: Connection, table: str) -> Rows:
    columns = [str(name) for (name,) in _all(connection, COLUMNS_OF, [table])]
    owner = next((column for column in OWNERS if column in columns), "id")
    first = OWNERS.get(owner, SYNTHETIC_USER)
    checksums = sql.SQL(", ").join(sql.SQL(CHECKSUM).format(sql.Identifier(column)) for column in columns)
    query = sql.SQL(ROWS).format(checksums, sql.Identifier(table), sql.Identifier(owner), sql.Literal(first))
    found: list[Any] = list(connection.execute(query).fetchall()[0])
    return Rows(rows=found[0], columns=dict(zip(columns, found[1:], strict=True)))


def _all(connection: Connection, query: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


def _digest(found: object) -> str:
    return hashlib.sha256(json.dumps(found, default=str).encode()).hexdigest()[:16]
