"""How long a check's task goes on looking."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests import toy
from tests.airflow.task import ENVIRONMENT, a_run

from slipway.airflow.check import CheckSensor
from slipway.run import Finding, Run
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class Slow(toy.ToyCheck):
    """Measures for a while, and finds that something is wrong."""

    kind: ClassVar[str] = "slow"

    def probe(self, run: Run) -> Finding:
        time.sleep(0.2)
        return Finding(answer=Answer.FAIL, summary="3 errors")


def test_patience_begins_when_the_first_look_has_ended() -> None:
    check = Slow(name="measures", patience=timedelta(seconds=0.1))
    sensor = CheckSensor(task_id="measures", check=check, environment=ENVIRONMENT)
    with pytest.raises(TaskDeferred) as caught:
        sensor.execute(a_run({}).context)
    until = caught.value.kwargs["until"]
    assert -0.1 < until - time.time() <= 0.1
