"""The plans of dags/, read once."""

from pathlib import Path
from typing import Any

import pytest

from slipway.plans_cli.loading import in_silence, read

DAGS = Path(__file__).parents[2] / "dags"
NAMES = sorted(path.stem for path in DAGS.glob("*.py"))
_read: dict[str, dict[str, Any]] = {}


def read_anew(name: str) -> dict[str, Any]:
    """Return what a plan's file makes when it is run now."""
    with in_silence():
        return read(DAGS / f"{name}.py")


@pytest.fixture(params=NAMES)
def made(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the file of a plan makes: `plan`, `dag` and the rest; for every plan."""
    return made_by(request.param)


def made_by(name: str) -> dict[str, Any]:
    """Return what the file of a plan makes, run once for all tests."""
    if name not in _read:
        _read[name] = read_anew(name)
    return _read[name]
