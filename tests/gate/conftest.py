"""A running Airflow with the gates of tests/gate/dags."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gate.house import House
from tests.running import RUNNING


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Give an Airflow with these gates and its people."""
    stack = RUNNING.serve("", [Path(__file__).parent / "dags" / "gates.py"], ["alone"])
    house = House(stack.airflow)
    yield house
    for client in house.clients.values():
        client.__exit__()
