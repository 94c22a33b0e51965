"""What a cluster says when it does not do what it is asked, and how it is said."""

import json
import os
from typing import Any

import pytest
from tests.steps.cluster.conftest import PATH, World

from slipway.errors import MissingConnection
from slipway.steps import ApplyManifest, kubernetes_api
from slipway.steps.faults.kubernetes import ClusterUnclear
from slipway.steps.kubernetes_api import look
from slipway.testing import LocalRun
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    CallRefused,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

STEP = ApplyManifest(name="apply_cron_job", manifest=PATH, namespace="production")


def connect(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_CLUSTER"])
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps(known | changes))


@pytest.mark.parametrize(
    ("status", "fault", "mend"),
    [
        (401, AccessRefused, 'set new ones in the connection "cluster"'),
        (403, AccessRefused, "docs/connections.md"),
        (404, NotThere, "namespace and name in the plan"),
        (409, InTheWay, "the next try looks anew"),
        (422, CallRefused, "Correct the manifest"),
        (429, TooManyCalls, "too many calls"),
        (503, VendorBroken, "status page"),
    ],
)
def test_a_bad_answer_names_system_call_and_mend(
    world: World, run: LocalRun, status: int, fault: type[Exception], mend: str
) -> None:
    world.stand_in.trouble(match="PATCH", status=status, times=-1)
    with pytest.raises(fault) as caught:
        STEP.do(run)
    call = "Kubernetes: apply CronJob maintenance-checker in namespace production: HTTP "
    assert str(caught.value).startswith(f"{call}{status}")
    assert mend in str(caught.value)
    assert "sandbox-cluster-token" not in str(caught.value)


def test_a_namespace_that_is_not_there_is_said(world: World, run: LocalRun) -> None:
    with pytest.raises(NotThere, match=r'namespaces "nowhere" not found'):
        ApplyManifest(name="apply", manifest=PATH, namespace="nowhere").do(run)


def test_a_token_that_expired_is_said(world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, password="expired-token")
    with pytest.raises(AccessRefused, match=r'HTTP 401 \("Unauthorized"\)') as caught:
        STEP.do(run)
    assert "expired-token" not in str(caught.value)


def test_patience_that_is_asked_for_is_given(world: World, run: LocalRun) -> None:
    world.stand_in.trouble(match="PATCH", status=429, retry_after="0.01")
    assert STEP.do(run).changed is True


def test_nobody_there_is_said(world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, host="http://127.0.0.1:9")
    with pytest.raises(VendorUnreachable, match=r'no connection\. See .*connection "cluster"') as caught:
        STEP.do(run)
    assert not caught.value.sent


def test_no_answer_in_time_is_said(world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_api, "TIMEOUT", (1.0, 0.1))
    world.stand_in.trouble(delay=0.4, times=-1)
    with pytest.raises(VendorUnreachable, match=r"no answer within 0\.1 s") as caught:
        STEP.do(run)
    assert caught.value.sent


def test_half_an_answer_is_said(world: World, run: LocalRun) -> None:
    world.stand_in.trouble(half=True, times=-1)
    with pytest.raises(VendorUnreachable, match="the answer broke off half-way"):
        STEP.do(run)


def test_a_page_where_json_was_promised_is_said(world: World, run: LocalRun) -> None:
    world.stand_in.app.view_functions["version"] = lambda: "<html>"
    with pytest.raises(AnswerUnreadable, match="Kubernetes: read its version: the answer cannot be read"):
        look(run)


def test_the_doctor_says_which_version_answers(world: World, run: LocalRun) -> None:
    assert look(run) == "Kubernetes v1.33.2"


def test_a_kube_config_will_do(world: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_CLUSTER"])
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "sandbox",
        "clusters": [{"name": "sandbox", "cluster": {"server": known["host"]}}],
        "users": [{"name": "release", "user": {"token": known["password"]}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "release"}}],
    }
    value = {"conn_type": "kubernetes", "extra": {"kube_config": json.dumps(config)}}
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps(value))
    assert look(run) == "Kubernetes v1.33.2"


@pytest.mark.parametrize("extra", [{}, {"kube_config_path": "/nowhere"}, {"kube_config": "{"}])
def test_a_connection_that_names_no_cluster_is_said(
    run: LocalRun, monkeypatch: pytest.MonkeyPatch, extra: dict[str, str]
) -> None:
    value = {"conn_type": "kubernetes", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps(value))
    with pytest.raises(ClusterUnclear, match="Give host and a token"):
        look(run)


def test_a_missing_connection_is_said(run: LocalRun) -> None:
    with pytest.raises(MissingConnection, match='"cluster"'):
        look(run)
