"""Secrets, ports and settings of the local Airflow."""

import socket
from pathlib import Path

import pytest

from slipway.environment import PRACTICE
from slipway.local import port
from slipway.local.errors import PortTaken
from slipway.local.home import ROLES, Home
from slipway.local.settings import environment


def test_secrets_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    home.prepare()
    first = home.passwords(), home.secret("jwt"), home.secret("fernet")
    home.prepare()
    assert (home.passwords(), home.secret("jwt"), home.secret("fernet")) == first
    assert set(first[0]) == set(ROLES)
    assert {
        file.name: oct(file.stat().st_mode & 0o777) for file in home.folder.iterdir() if file.is_file()
    } == {
        "passwords": "0o600",
        "jwt.key": "0o600",
        "fernet.key": "0o600",
    }


def test_a_new_user_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    home.folder.mkdir()
    home.passwords_file.write_text('{"admin": "kept"}')
    assert home.passwords()["admin"] == "kept"
    assert len(home.passwords()["viewer"]) == 16


def test_an_option_left_over_in_the_shell_does_not_reach_airflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv(
        "AIRFLOW_CONN_PLANNER_PRODUCTION_DB", '{"conn_type": "postgres", "host": "real.example"}'
    )
    home = Home(root=tmp_path)
    home.prepare()
    env = environment(
        home,
        port=8123,
        database_url="postgresql://u:p@127.0.0.1:5000/airflow",
        dags_folder=tmp_path,
        plugins_folder=tmp_path,
        connections={"planner_production_db": '{"conn_type": "postgres", "host": "127.0.0.1"}'},
    )
    assert env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW__CORE__DEFAULT_TIMEZONE" not in env
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://u:p@127.0.0.1:5000/airflow"
    assert env[PRACTICE] == "planner_production_db"
    # A rehearsal never reaches what the shell's connections name.
    assert env["AIRFLOW_CONN_PLANNER_PRODUCTION_DB"] == '{"conn_type": "postgres", "host": "127.0.0.1"}'


def test_the_port_used_last_is_used_again(tmp_path: Path) -> None:
    remembered = tmp_path / "port"
    chosen = port.choose(remembered, port.any_free())
    assert port.choose(remembered, None) == chosen


def test_an_asked_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken, match="another program listens there"):
            port.choose(tmp_path / "port", taken.getsockname()[1])
