"""One sandbox for all tests of this folder, without load; nothing of it is left running."""

from collections.abc import Callable, Iterator

import pytest

from slipway.sandbox import Sandbox
from slipway.sandbox.layout import Place


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox"))
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
