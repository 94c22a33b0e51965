"""A running Airflow with the gates of tests/gate/dags."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.gate.house import House


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Start Airflow for the tests of this folder; nothing of it is left running."""
    from slipway.local.port import any_free
    from slipway.local.service import LocalAirflow

    # Not tmp_path: another pytest of the same account closes its parent to the account of PostgreSQL.
    with TemporaryDirectory(prefix="slipway-gate-") as name:
        root = Path(name).resolve()
        dags = Path(__file__).parent / "dags"
        airflow = LocalAirflow(root, dags_folder=dags, plugins_folder=root / "plugins", port=any_free())
        try:
            airflow.start()
            house = House(airflow)
            yield house
            for client in house.clients.values():
                client.__exit__()
        finally:
            airflow.stop()
            airflow.postgres.stop()
