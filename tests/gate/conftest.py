"""A running Airflow with the gates of tests/gate/dags."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gate.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from slipway.local.port import any_free
    from slipway.local.service import LocalAirflow

    root = tmp_path_factory.mktemp("gate")
    airflow = LocalAirflow(
        root,
        dags_folder=Path(__file__).parent / "dags",
        plugins_folder=root / "plugins",
        port=any_free(),
    )
    try:
        airflow.start()
        house = House(airflow)
        yield house
        for client in house.clients.values():
            client.__exit__()
    finally:
        airflow.stop()
        airflow.postgres.stop()
