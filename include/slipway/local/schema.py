"""Airflow's metadata database brought to its schema, once."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from slipway.local.errors import MigrationFailed


def ensure_schema(database_url: str, *, env: dict[str, str], proof: Path) -> bool:
    """Run `airflow db migrate` unless `proof` says that this Airflow already did; say whether it ran.

    Asking Airflow itself takes seconds at each start. The proof holds Airflow's version and the
    revision that its migration ended at, and counts only while the database has that revision.
    """
    airflow = version("apache-airflow-core")
    known = json.loads(proof.read_text()) if proof.exists() else {}
    revision = _revision(database_url)
    if revision and known == {"airflow": airflow, "revision": revision}:
        return False
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        raise MigrationFailed("\n".join((done.stdout + done.stderr).splitlines()[-15:]))
    proof.write_text(json.dumps({"airflow": airflow, "revision": _revision(database_url)}))
    return True


def _revision(database_url: str) -> str | None:
    import psycopg

    with psycopg.connect(database_url) as connection:
        if connection.execute("select to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return str(row[0]) if row else None
