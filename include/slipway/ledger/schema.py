"""Bring the ledger's schema to the newest revision."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SCHEMA = "slipway"
LOCK = 0x511B3A4  # any number, the same for every process that migrates a ledger


def upgrade(engine: "Engine") -> None:
    """Create or upgrade the schema in one transaction; processes that start at once wait for each other.

    Raises alembic.util.CommandError where the schema has a revision that is not known here.
    """
    from sqlalchemy import text

    with engine.begin() as connection:
        # The lock comes first: even CREATE SCHEMA IF NOT EXISTS fails when two run it at once.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        _run_migrations(connection)


def _run_migrations(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic reads % as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["schema"] = SCHEMA
    with _quiet():
        command.upgrade(config, "head")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Alembic's lines out of the log of the task that migrates: it is read for its release."""
    steps = logging.getLogger("alembic.runtime.migration")
    before = steps.level
    steps.setLevel(logging.WARNING)
    try:
        yield
    finally:
        steps.setLevel(before)
