"""How steps reach the world: connections of the environment, each through its provider's hook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from slipway.errors import MissingConnection, MissingExtra
from slipway.run import Json, Run
from slipway.steps.faults import (
    DatabaseRefused,
    DatabaseUnreachable,
    FolderNotGiven,
    RoleNotGiven,
    ServiceUnreachable,
    TokenRefused,
)

if TYPE_CHECKING:
    import psycopg
    import requests

CONNECT_TIMEOUT = 10  # seconds; libpq alone would wait minutes for a host that swallows packets
REQUEST_TIMEOUT = 10  # seconds
_REFUSALS = ("authentication failed", "does not exist", "no password supplied", "no pg_hba.conf entry")


def connection(run: Run, role: str) -> Any:
    """Return the Airflow connection of a role; its password is masked in logs from here on.

    Raises RoleNotGiven and MissingConnection.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.log import mask_secret

    conn_id = run.environment.connection(role)
    if not conn_id:
        raise RoleNotGiven(run.environment.label, role, run.task_id)
    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise MissingConnection(conn_id, run.task_id) from error
    if found.password:
        mask_secret(found.password)
    return found


def extra(run: Run, role: str, names: Sequence[str] = ()) -> Mapping[str, Json]:
    """Return the extra of a role's connection. Raises MissingExtra if it has not all of these names."""
    found = connection(run, role)
    held: Mapping[str, Json] = found.extra_dejson
    if missing := [name for name in names if name not in held]:
        raise MissingExtra(found.conn_id, missing, run.task_id)
    return held


def folder(run: Run, role: str) -> Path:
    """Return the folder of an `fs` connection. Raises FolderNotGiven."""
    from airflow.providers.standard.hooks.filesystem import FSHook

    conn_id = connection(run, role).conn_id
    path = FSHook(conn_id).get_path()
    if not path or not Path(path).is_dir():
        raise FolderNotGiven(conn_id, path)
    return Path(path)


@contextmanager
def database(run: Run, *, name: str = "", autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
    """Open the environment's database (or `name` on its server); commit at the end, roll back on an error.

    Raises DatabaseUnreachable and DatabaseRefused.
    """
    with open_database(connection(run, "database"), name=name) as session:
        session.autocommit = autocommit
        yield session


@contextmanager
def open_database(found: Any, *, name: str = "") -> Iterator[psycopg.Connection[Any]]:
    """Open the database of a resolved connection; commit at the end, roll back on an error.

    Raises DatabaseUnreachable and DatabaseRefused.
    """
    import psycopg
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    found.extra = _with_timeout(found)
    hook = PostgresHook(connection=found, database=name or None)
    try:
        session: Any = hook.get_conn()
    except psycopg.OperationalError as error:
        why = _first_line(error)
        refused = any(text in why for text in _REFUSALS)
        raise (DatabaseRefused if refused else DatabaseUnreachable)(found.conn_id, why) from error
    with session:
        yield session


def _with_timeout(found: Any) -> str:
    import json

    return json.dumps({"connect_timeout": CONNECT_TIMEOUT} | found.extra_dejson)


def _first_line(error: Exception) -> str:
    # libpq adds advice on further lines, and a prefix that says the same twice.
    return str(error).strip().splitlines()[0].removeprefix("connection failed: ").strip()


def database_url(run: Run) -> str:
    """Return the environment's database as a postgresql:// address, password included: never log it."""
    found = connection(run, "database")
    login = quote(found.login or "", safe="")
    secret = f":{quote(found.password, safe='')}" if found.password else ""
    port = f":{found.port}" if found.port else ""
    query = urlencode({key: value for key, value in found.extra_dejson.items() if key in _LIBPQ})
    address = f"postgresql://{login}{secret}@{found.host or ''}{port}/{found.schema or ''}"
    return f"{address}?{query}" if query else address


_LIBPQ = frozenset({"host", "sslmode", "sslrootcert", "sslcert", "sslkey", "options", "connect_timeout"})


def libpq_environment(run: Run, *, name: str = "") -> dict[str, str]:
    """Return the PG* variables for PostgreSQL's own programs; the password stays out of their argv."""
    found = connection(run, "database")
    extra = found.extra_dejson
    values = {
        "PGHOST": found.host or extra.get("host"),
        "PGPORT": found.port,
        "PGUSER": found.login,
        "PGPASSWORD": found.password,
        "PGDATABASE": name or found.schema,
        "PGSSLMODE": extra.get("sslmode"),
        "PGSSLROOTCERT": extra.get("sslrootcert"),
        "PGSSLCERT": extra.get("sslcert"),
        "PGSSLKEY": extra.get("sslkey"),
        "PGCONNECT_TIMEOUT": CONNECT_TIMEOUT,
    }
    return {key: str(value) for key, value in values.items() if value}


def ask_service(
    run: Run, method: str, path: str, json: Mapping[str, Json] | None = None
) -> requests.Response:
    """Send one request to the environment's service; any status but 401 and 403 is an answer.

    The connection's password goes along as a bearer token. Raises ServiceUnreachable and TokenRefused.
    """
    import requests
    from airflow.providers.http.hooks.http import HttpHook

    found = connection(run, "service")
    headers = {"Authorization": f"Bearer {found.password}"} if found.password and not found.login else {}
    body: dict[str, Any] = {} if json is None else {"json": dict(json)}
    options = {"timeout": REQUEST_TIMEOUT, "check_response": False}
    hook = HttpHook(method=method, http_conn_id=found.conn_id)
    try:
        answer: requests.Response = hook.run(path, headers=headers, extra_options=options, **body)
    except requests.RequestException as error:
        raise ServiceUnreachable(found.conn_id, f"{method} {path}", _network_fault(error)) from error
    if answer.status_code in {401, 403}:
        raise TokenRefused(found.conn_id, f"{method} {path}", answer.status_code)
    return answer


def _network_fault(error: Exception) -> str:
    import requests

    if isinstance(error, requests.Timeout):
        return f"no answer in {REQUEST_TIMEOUT} s"
    text = str(error)
    return "connection refused" if "refused" in text else text.splitlines()[0]
