"""docker-compose.yaml, read without an engine: the local settings, no secret, nothing open to the network."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.local.home import Home
from slipway.local.service import COMPONENTS
from slipway.local.settings import environment

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
AIRFLOW: dict[str, str] = COMPOSE["x-airflow"]["environment"]

# What differs between one folder on this machine and containers: addresses, folders, people, secrets.
OF_THE_PLACE = {
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__PLUGINS_FOLDER",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__API__HOST",
    "AIRFLOW__API__BASE_URL",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
    "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY",
}


@pytest.fixture
def local(tmp_path: Path) -> dict[str, str]:
    """The options of the local Airflow, on the port that the containers have."""
    home = Home(root=tmp_path)
    home.prepare()
    found = environment(
        home,
        port=8080,
        database_url="postgresql://u:p@127.0.0.1:5000/airflow",
        dags_folder=tmp_path,
        plugins_folder=tmp_path,
        connections={},
    )
    return {name: value for name, value in found.items() if name.startswith("AIRFLOW__")}


def test_containers_have_the_settings_of_the_local_airflow(local: dict[str, str]) -> None:
    same = {name: value for name, value in local.items() if name not in OF_THE_PLACE}
    theirs = {
        name: value
        for name, value in AIRFLOW.items()
        if name.startswith("AIRFLOW__") and name not in OF_THE_PLACE
    }
    assert theirs == same


def test_every_component_of_the_local_airflow_has_a_container() -> None:
    commands = {name: service.get("command") for name, service in COMPOSE["services"].items()}
    assert commands == {"postgres": None, "init": "db migrate", **{name: name for name in COMPONENTS}}


def test_nothing_starts_before_the_database_is_migrated() -> None:
    for name in COMPONENTS:
        waits = COMPOSE["services"][name]["depends_on"]
        assert waits["init"] == {"condition": "service_completed_successfully"}
    assert COMPOSE["services"]["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_image_is_the_pinned_airflow() -> None:
    first, *_ = COMPOSE["x-airflow"]["build"]["dockerfile_inline"].splitlines()
    assert first == "FROM apache/airflow:3.3.2-python3.11"
    assert "apache-airflow==3.3.2\n" in (ROOT / "requirements.txt").read_text()
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yaml").read_text()
    variables = re.findall(r"\$\{(\w+)(:[?-])?([^}]*)", text)
    defaults = {name: more for name, kind, more in variables if kind != ":?"}
    assert defaults == {"SLIPWAY_BASE_URL": "http://127.0.0.1:8080", "SLIPWAY_PORT": "8080"}
    secrets = ("FERNET_KEY", "SECRET_KEY", "JWT_SECRET", "SQL_ALCHEMY_CONN", "POSTGRES_PASSWORD")
    settings = AIRFLOW | COMPOSE["services"]["postgres"]["environment"]
    found = {name: value for name, value in settings.items() if name.endswith(secrets)}
    assert len(found) == 5
    assert all(re.search(r"\$\{SLIPWAY_\w+:\?", value) for value in found.values())


def test_only_this_machine_reaches_the_ui_and_nobody_the_database() -> None:
    ports = {name: service.get("ports", []) for name, service in COMPOSE["services"].items()}
    assert {name: found for name, found in ports.items() if found} == {
        "api-server": ["127.0.0.1:${SLIPWAY_PORT:-8080}:8080"]
    }


def test_plans_and_library_are_mounted_where_the_settings_say() -> None:
    mounts = {
        target: source for source, target, *_ in (each.split(":") for each in COMPOSE["x-airflow"]["volumes"])
    }
    assert mounts[AIRFLOW["AIRFLOW__CORE__DAGS_FOLDER"]] == "./dags"
    assert mounts[AIRFLOW["AIRFLOW__CORE__PLUGINS_FOLDER"]] == "./plugins"
    assert mounts[AIRFLOW["PYTHONPATH"]] == "./include"
