"""A deployment server on loopback, with a login of its own."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import airflow.providers.ssh.hooks.ssh  # noqa: F401  (its first import sets up logging anew)
import pytest

from slipway.environment import Environment
from slipway.sandbox.vendors.ssh import SshServer, serving_ssh
from slipway.steps import rolling_restart, ssh_job
from slipway.testing import LocalRun


def connect(monkeypatch: pytest.MonkeyPatch, state: SshServer, **changed: object) -> None:
    extra = {"host_key": state.host_key, "look_for_keys": "false"}
    value = {
        "conn_type": "ssh",
        "host": "127.0.0.1",
        "port": state.port,
        "login": state.login,
        "password": state.password,
        "extra": extra,
    }
    monkeypatch.setenv("AIRFLOW_CONN_SERVER", json.dumps(value | changed))


@contextmanager
def deployment_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    home = tmp_path / "deploy"
    home.mkdir()
    monkeypatch.setattr(ssh_job, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(rolling_restart, "LOOK_EVERY", 0.05)
    with serving_ssh(SshServer(home=home)) as state:
        connect(monkeypatch, state)
        yield state


def local_run(version: str = "2.5.0", name: str = "production") -> LocalRun:
    environment = Environment(system="communityshare", name=name, server="server")
    return LocalRun(environment=environment, version=version, task_id=f"{name}.deploy")


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
