"""An Azure with a web app, a static site, a CDN endpoint and a key; packages; and scripts of migrations."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import send_from_directory
from tests.steps.azure.ef import DOTNET, FIRST, GOALS, HISTORY, SHARES, back, guarded
from tests.steps.azure.world import package

from slipway import vendor
from slipway.environment import Environment
from slipway.sandbox.postgres import Postgres
from slipway.sandbox.vendors.azure import Azure, azure
from slipway.sandbox.vendors.azure_state import App, AzureState, Build, KeyValue
from slipway.sandbox.vendors.stand_in import serving
from slipway.steps import azure_api
from slipway.testing import LocalRun


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """The packages of v1.1.0 and v1.2.0, of the api and of the ui."""
    for version in ("v1.1.0", "v1.2.0"):
        package(tmp_path / f"cpr-api-{version}.zip", {"cpr.dll": version})
        package(tmp_path / f"cpr-ui-{version}.zip", {"index.html": f"<html>{version}"})
    return tmp_path


@pytest.fixture
def cloud(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """The stand-in, quick, with v1.1.0 in production."""
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    monkeypatch.setattr(azure_api, "_tokens", {})  # a port, and with it an account, can come twice
    state = AzureState(
        takes=0.05,
        groups=["cpr-prod-rg"],
        apps={"cpr-api-prod": App()},
        sites={"cpr-ui-prod": {"default": Build(package=(artifacts / "cpr-ui-v1.1.0.zip").read_bytes())}},
        endpoints={("cpr-cdn", "cpr-ui"): []},
        keys={("Features:PersonalGoals:Enabled", ""): KeyValue(value="false", tags={"team": "cpr"})},
    )
    state.hold("cpr-api-prod", "production", (artifacts / "cpr-api-v1.1.0.zip").read_bytes())
    made = azure(state)
    made.app.add_url_rule(
        "/packages/<name>", view_func=lambda name: send_from_directory(artifacts, name), endpoint="packages"
    )
    with serving(made) as address:
        connect(monkeypatch, address, state, artifacts)
        yield made


def connect(monkeypatch: pytest.MonkeyPatch, address: str, state: AzureState, artifacts: Path) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    http = {"conn_type": "http", "host": host, "port": int(port), "schema": "http"}
    extra = {"tenant": state.tenant, "subscription": state.subscription, "authority": address}
    values = {
        "ARM": {**http, "login": state.client, "password": state.secret, "extra": extra},
        "CONFIGURATION": {**http, "login": state.credential, "password": state.key_secret},
        "ARTIFACTS": {"conn_type": "fs", "extra": {"path": str(artifacts), "url": f"{address}/packages"}},
    }
    for name, value in values.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(value))


@pytest.fixture
def run(cloud: Azure) -> LocalRun:
    environment = Environment(
        system="cpr",
        name="production",
        database="db",
        azure="arm",
        app_configuration="configuration",
        artifacts="artifacts",
    )
    return LocalRun(environment=environment, version="v1.2.0")


@pytest.fixture
def scripts(tmp_path: Path, db: str, server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts of v1.2.0; the database has the first migration."""
    folder = tmp_path / "migrations"
    (folder / "down").mkdir(parents=True)
    up = guarded(GOALS, "CREATE TABLE goals (id int)") + guarded(SHARES, "CREATE TABLE shares (id int)")
    (folder / "v1.2.0.sql").write_text(up)
    (folder / "down" / f"{SHARES}_to_{GOALS}.sql").write_text(back(SHARES, "DROP TABLE shares"))
    (folder / "down" / f"{GOALS}_to_{FIRST}.sql").write_text(back(GOALS, "DROP TABLE goals"))
    value = json.dumps({"conn_type": "fs", "extra": {"path": str(tmp_path)}})
    monkeypatch.setenv("AIRFLOW_CONN_ARTIFACTS", value)
    with server.connect(db) as session:
        session.execute(
            'CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY, '
            '"ProductVersion" varchar(32) NOT NULL)'
        )
        session.execute(f"INSERT INTO {HISTORY} VALUES ('{FIRST}', '8.0.1')")
    return folder


@pytest.fixture
def dotnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `dotnet` with `ef` on the PATH, and a project; the file that it writes its arguments to."""
    log, tools = tmp_path / "dotnet.log", tmp_path / "bin"
    tools.mkdir()
    (tmp_path / "src").mkdir()
    names = [FIRST, GOALS, SHARES]
    for name in ("dotnet", "dotnet-ef"):
        (tools / name).write_text(DOTNET.format(python=sys.executable, log=log, names=names))
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return log
