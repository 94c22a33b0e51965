"""Real things for the steps to act on: PostgreSQL, git, folders, and a small service."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import airflow.settings  # noqa: F401  it sets logging up, and must not do so while a test captures it
import pytest
from tests.steps.heroku_world import DJANGO, HerokuWorld
from tests.steps.repositories import Repositories
from tests.steps.world import SERVICE, World, free_port, git

from slipway.environment import Environment
from slipway.sandbox.postgres import Postgres
from slipway.testing import LocalRun


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="slipway-steps-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        started = Postgres.start(Path(folder), free_port())
        yield started
        started.stop()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An environment with a home, a backups folder and a repository with the tags v1 and v2."""
    made = World(root=tmp_path)
    for folder in (made.home / "releases", made.home / "bin", made.backups, made.source):
        folder.mkdir(parents=True)
    git(made.source, "init", "--quiet", "--initial-branch=main")
    for version in ("v1", "v2"):
        made.commit(version)
    for name, folder in (("HOST", made.home), ("BACKUPS", made.backups)):
        value = json.dumps({"conn_type": "fs", "extra": {"path": str(folder)}})
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", value)
    monkeypatch.setenv("AIRFLOW_CONN_REPO", json.dumps({"conn_type": "git", "host": str(made.source)}))
    return made


@pytest.fixture
def run(world: World) -> LocalRun:
    environment = Environment(
        system="planner",
        name="production",
        database="db",
        service="service",
        host="host",
        repository="repo",
        backups="backups",
    )
    return LocalRun(environment=environment)


@pytest.fixture
def db(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with three tasks in it; its name."""
    name = f"planner_{uuid4().hex[:12]}"
    server.ensure_database(name)
    with server.connect(name) as session:
        session.execute("CREATE TABLE tasks (id serial PRIMARY KEY, title text NOT NULL)")
        session.execute("INSERT INTO tasks (title) VALUES ('one'), ('two'), ('three')")
    value = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": server.port,
        "login": "postgres",
        "password": server.password,
        "schema": name,
    }
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(value))
    yield name
    server.drop_database(name)


@pytest.fixture
def service(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service that bin/restart starts from `current`; nothing runs yet."""
    port = free_port()
    value = {"conn_type": "http", "host": "127.0.0.1", "port": port, "password": "sesame-token"}
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", json.dumps(value))
    (world.home / "service.py").write_text(SERVICE)
    restart = world.home / "bin" / "restart"
    restart.write_text(
        "#!/bin/sh\n"
        "test -f pid && kill $(cat pid)\n"
        'test -f current/broken && echo "no module named planner" >&2 && exit 3\n'
        f"PORT={port} setsid {sys.executable} service.py >service.log 2>&1 &\n"
        "echo $! >pid\n"
    )
    restart.chmod(0o755)
    yield world
    stop(world)


def stop(world: World) -> None:
    with suppress(OSError, ValueError):
        pid = int((world.home / "pid").read_text())
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repositories as each test begins with them."""
    root = tmp_path_factory.mktemp("prepared")
    Repositories(root=root).make()
    return root


@pytest.fixture
def repositories(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    """A source repository with main and feature/scores, an empty remote and a workspace."""
    made = Repositories(root=tmp_path)
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    for name, value in (
        ("REPO", {"conn_type": "git", "host": str(made.origin)}),
        ("REMOTE", {"conn_type": "git", "host": str(made.remote)}),
        ("WORKSPACE", {"conn_type": "fs", "extra": {"path": str(made.workspace)}}),
    ):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(value))
    return made


@pytest.fixture
def release(repositories: Repositories) -> LocalRun:
    """A release that reaches the repositories and Heroku."""
    environment = Environment(
        system="planner",
        name="production",
        repository="repo",
        workspace="workspace",
        remote="remote",
        heroku="heroku",
        heroku_data="heroku_data",
    )
    return LocalRun(environment=environment)


@pytest.fixture
def heroku(
    repositories: Repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HerokuWorld]:
    """Heroku with the apps the5hc and the5hc-staging; nothing is deployed yet."""
    from slipway import vendor
    from slipway.sandbox.vendors.heroku import heroku as stand_in
    from slipway.sandbox.vendors.stand_in import serving

    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    made = HerokuWorld(stand_in=stand_in(token="h3r0ku-t0ken"), repositories=repositories)
    made.state.takes = 0.02
    made.state.run = made.run
    for app in ("the5hc", "the5hc-staging"):
        made.state.add(app, tmp_path / "heroku" / f"{app}.git")
    made.bin.mkdir()
    (made.bin / "python").write_text(f"#!{sys.executable} -IS\n{DJANGO}")
    (made.bin / "python").chmod(0o755)
    with serving(made.stand_in) as address, serving(made.stand_in.git) as at_git:
        host, _, port = address.removeprefix("http://").partition(":")
        value = {
            "conn_type": "http", "host": host, "port": int(port), "schema": "http",
            "password": "h3r0ku-t0ken",
            "extra": {"git": f"{at_git}/{{app}}.git", "rendezvous_tls": False},
        }  # fmt: skip
        for name in ("HEROKU", "HEROKU_DATA"):
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(value))
        yield made
    made.stand_in.close()
