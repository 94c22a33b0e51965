"""One process at a time works at a step."""

from typing import Any

import pytest

from slipway.airflow import alone as module
from slipway.airflow.alone import WORKING, alone


class Store:
    """The task state store, as far as a step uses it here."""

    def __init__(self, **kept: Any) -> None:
        self.kept = kept

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any, *, retention: object) -> None:
        self.kept[key] = value


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited."""
    waits: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    return waits


def test_a_first_try_does_not_wait_and_says_that_it_works_until_it_ends(waited: list[float]) -> None:
    store = Store()
    with alone({"task_state_store": store}):
        assert store.kept == {WORKING: True}
    assert store.kept == {WORKING: False}
    assert waited == []


def test_a_try_after_one_that_failed_does_not_wait(waited: list[float]) -> None:
    store = Store()
    with pytest.raises(ValueError, match="broken"), alone({"task_state_store": store}):
        raise ValueError("broken")
    with alone({"task_state_store": store}):
        pass
    assert waited == []


def test_a_try_after_one_that_was_killed_waits_until_it_has_surely_ended(waited: list[float]) -> None:
    with alone({"task_state_store": Store(working=True)}):
        assert waited == [15.0]
