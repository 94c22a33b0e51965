"""The Airflow connections of the sandbox, as values of AIRFLOW_CONN_<ID>."""

from __future__ import annotations

import json
from pathlib import Path

from slipway.sandbox.layout import Environment, Place, System, places, port, repository, token
from slipway.sandbox.platforms import PLATFORMS, post
from slipway.sandbox.postgres import USER, Postgres
from slipway.sandbox.seed import SYNTHETIC_PASSWORD

LEDGER = "slipway_ledger"


def connections(postgres: Postgres) -> dict[str, str]:
    """Connection id -> JSON, for every system and environment, backups, reports and the ledger."""
    root = postgres.root
    found: dict[str, dict[str, object]] = {
        "slipway_backups": {"conn_type": "fs", "extra": {"path": str(root / "backups")}},
        "slipway_reports": {"conn_type": "fs", "extra": {"path": str(root / "reports")}},
        LEDGER: _database(postgres, LEDGER),
    }
    for system in System:
        found[f"{system}_repository"] = {"conn_type": "git", "host": str(repository(root, system))}
    for place in places(root, tuple(System), tuple(Environment)):
        found |= _of_place(postgres, place)
    found |= {name: dict(value) for name, value in post.connections(root).items()}
    for platform in PLATFORMS.values():
        found |= {name: dict(value) for name, value in platform.connections(postgres).items()}
    return {name: json.dumps(value) for name, value in found.items()}


def _of_place(postgres: Postgres, place: Place) -> dict[str, dict[str, object]]:
    journeys = {"journey_user": "synthetic-0", "journey_password": SYNTHETIC_PASSWORD}
    secret = token(place.root, place.name)
    return {
        f"{place.name}_db": _database(postgres, place.name),
        # Airflow masks passwords in logs; callers send Authorization: Bearer <password>.
        f"{place.name}_service": {**_http(place.root, place.name), "password": secret, "extra": journeys},
        f"{place.name}_host": {"conn_type": "fs", "extra": {"path": str(place.home)}},
        f"{place.name}_probe": _http(place.root, "load"),
    }


def _database(postgres: Postgres, name: str) -> dict[str, object]:
    return {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": postgres.port,
        "login": USER,
        "password": postgres.password,
        "schema": name,
    }


def _http(root: Path, name: str) -> dict[str, object]:
    return {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": port(root, name)}
