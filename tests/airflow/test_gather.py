"""The facts of a release: each is asked of Airflow when somebody looks at it, and once."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests import toy

from slipway.airflow import gather
from slipway.compile import compile_plan
from slipway.graph import VERDICT

DEPLOY = "production.deploy"


class Release:
    """A release whose deployment failed, as its tasks ask Airflow for it."""

    dag_id, run_id = "toy", "r"

    def __init__(self) -> None:
        self.pulled: list[tuple[str, str]] = []
        self.left: dict[tuple[str, str], Any] = {
            (DEPLOY, "failure"): "the disk is full",
            (DEPLOY, "saw_damage"): True,
            ("staging.deploy", "return_value"): {"proof": {"commit": "abc"}},
        }

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {"r": {"staging.deploy": "success", DEPLOY: "failed", VERDICT: "running"}}

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        self.pulled.append((task_ids, key))
        return self.left.get((task_ids, key))


@pytest.fixture
def release() -> Release:
    return Release()


def facts_of(release: Release) -> Any:
    context = {"ti": release, "params": {"intent": "release"}}
    facts = gather.gather(context, compile_plan(toy.plan()))
    release.pulled.clear()
    return facts


def test_what_nobody_looks_at_is_not_asked_for(release: Release) -> None:
    facts = facts_of(release)
    assert facts.state(DEPLOY) == "failed"
    assert release.pulled == []


def test_what_is_looked_at_is_asked_for_once(release: Release) -> None:
    facts = facts_of(release)
    for _ in range(2):
        assert facts.returned["staging.deploy"] == {"proof": {"commit": "abc"}}
        assert facts.failures.get(DEPLOY) == "the disk is full"
        assert DEPLOY in facts.damage
    assert sorted(release.pulled) == sorted(release.left)


def test_a_task_that_is_none_of_those_is_not_asked_for(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = facts_of(release)
    monkeypatch.setattr(gather, "AirflowApi", lambda: SimpleNamespace())  # which has nothing to ask
    assert "staging.deploy" not in facts.damage
    assert "staging.deploy" not in facts.marked
    assert facts.breaches == {}
    assert facts.failures.get("nowhere") is None
    assert release.pulled == []
