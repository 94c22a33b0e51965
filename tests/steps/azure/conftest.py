"""An Azure with a web app, a static site, a CDN endpoint and a key, and a folder of packages."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import send_from_directory
from tests.steps.azure.world import package

from slipway import vendor
from slipway.environment import Environment
from slipway.sandbox.vendors.azure import Azure, azure
from slipway.sandbox.vendors.azure_state import App, AzureState, Build, KeyValue
from slipway.sandbox.vendors.stand_in import serving
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
