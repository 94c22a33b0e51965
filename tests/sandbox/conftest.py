"""One sandbox for all tests of this folder, without load; nothing of it is left running."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from slipway.sandbox import Sandbox
from slipway.sandbox.layout import Place


@contextmanager
def _folder() -> Iterator[Path]:
    # Not tmp_path: any other pytest of root's closes its parent (mode 0700) to the account that PostgreSQL
    # runs under, and the server dies of it.
    with TemporaryDirectory(prefix="slipway-") as name:
        yield Path(name).resolve()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give an empty folder in which a PostgreSQL can live."""
    with _folder() as path:
        yield path


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with _folder() as root:
        started = Sandbox(root)
        try:
            yield started.start(with_load=False)
        finally:
            started.stop()


@pytest.fixture
def pristine(sandbox: Sandbox) -> Iterator[Callable[[str, str], Place]]:
    """Give an environment that serves v1, and bring it back to v1 afterwards."""
    given: list[Place] = []

    def give(system: str, environment: str) -> Place:
        given.append(sandbox.place(system, environment))
        return given[-1]

    yield give
    for place in given:
        sandbox.reset(place.system, place.environment)
