"""A cluster's stand-in, and the manifests of a build."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway import vendor
from slipway.environment import Environment
from slipway.sandbox.vendors.kubernetes import Kubernetes, connection, kubernetes
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.testing import LocalRun

NAME, PATH = "maintenance-checker", "k8s/maintenance-checker-cronjob.yaml"
CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata:
  name: maintenance-checker
spec:
  schedule: "0 6 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: checker
              image: registry.communityshare.io/api:{version}
              resources:
                requests: {cpu: 500m, memory: 128Mi}
"""


@dataclass(frozen=True)
class World:
    """The stand-in and what a test wants to know of it."""

    stand_in: StandIn
    state: Kubernetes
    artifacts: Path

    def cron_job(self) -> Any:
        return self.state.find("CronJob", "production", NAME)

    def writes(self) -> list[str]:
        return [call.method for call in self.stand_in.calls if call.method != "GET"]

    def write(self, path: str, text: str) -> None:
        file = self.artifacts / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    state = Kubernetes(deletion_takes=0.0)
    stand_in = kubernetes(state)
    made = World(stand_in=stand_in, state=state, artifacts=tmp_path)
    made.write(PATH, CRON_JOB)
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    artifacts = {"conn_type": "fs", "extra": {"path": str(tmp_path)}}
    monkeypatch.setenv("AIRFLOW_CONN_ARTIFACTS", json.dumps(artifacts))
    with serving(stand_in) as address:
        monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps(connection(address)))
        yield made


@pytest.fixture
def run() -> LocalRun:
    place = Environment(system="maintenance", name="production", cluster="cluster", artifacts="artifacts")
    return LocalRun(environment=place, version="v2.5.0")
