"""The embedded PostgreSQL."""

import stat
from pathlib import Path

import psycopg
import pytest

from slipway.sandbox.layout import port
from slipway.sandbox.postgres import Postgres, running_port


def test_a_server_is_reused_and_restarted_with_its_data(folder: Path) -> None:
    first = Postgres.start(folder, port(folder, "postgres"))
    try:
        first.ensure_database("kept")
        assert Postgres.start(folder, 1) == first
        first.stop()
        assert running_port(folder) is None
        (folder / "postgres/data/postmaster.pid").write_text("1\n/elsewhere\n1\n5432\n\n\n\nready\n")
        again = Postgres.start(folder, first.port)
        assert again.has_database("kept")
    finally:
        first.stop()


def test_tcp_needs_the_generated_password(sandbox) -> None:
    server = sandbox.postgres
    wrong = server.url().replace(server.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    mode = (server.root / "postgres" / "password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_programs_for_a_backup_are_there(sandbox) -> None:
    assert (sandbox.postgres.bin / "pg_dump").exists()
    assert (sandbox.postgres.bin / "pg_restore").exists()
