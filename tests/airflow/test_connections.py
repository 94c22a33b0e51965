"""What is looked for before a release begins."""

import json

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests import toy
from tests.airflow.task import a_run

from slipway.airflow.build import connections_of, extras_of
from slipway.airflow.flow import ConnectionsOperator
from slipway.checks import Call, Journey
from slipway.compile import compile_plan
from slipway.steps import RunCheck

LOG_IN = Journey(name="log_in", calls=[Call(name="log in", path="/{journey_user}/{journey_pin}")])
GRAPH = compile_plan(toy.plan(verify=(LOG_IN,)))


def looked_for(monkeypatch: pytest.MonkeyPatch, **extra: str) -> object:
    for conn_id in connections_of(GRAPH):
        value = json.dumps({"conn_type": "http", "host": "127.0.0.1", "extra": extra})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
    task = ConnectionsOperator(
        task_id="check_connections", connections=connections_of(GRAPH), extras=extras_of(GRAPH)
    )
    return task.execute(a_run({}).context)


def test_a_login_that_a_connection_does_not_hold_ends_the_release_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(AirflowFailException) as caught:
        looked_for(monkeypatch, journey_user="ada")
    [said] = str(caught.value).splitlines()
    assert said.endswith(
        'has no journey_pin (verification.log_in needs it). Add it there: {"journey_pin": "..."}.'
    )


def test_a_release_begins_when_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_for(monkeypatch, journey_user="ada", journey_pin="1")


def test_the_login_of_a_check_within_a_step_is_looked_for_too() -> None:
    within = RunCheck(name="log_in_there", check=LOG_IN)
    steps = toy.plan().on_production
    graph = compile_plan(toy.plan(on_production=[*steps, within]))
    assert list(extras_of(graph).values()) == [["journey_user", "journey_pin"]]
