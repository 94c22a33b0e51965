"""Values survive the way to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import checks, metrics, steps
from slipway.codec import NotJson, UnknownKind, digest, from_json, to_json
from slipway.kinds import Check, Metric
from slipway.plan import DecisionMatrix, Rule, Window
from slipway.watching import Every, Missing, Threshold, Watch
from slipway.words import Action, Severity

WATCH = Watch(
    metrics=[
        metrics.CounterRatio(name="error_rate", counter="http_requests_total", part={"status": "5.."}),
        metrics.CounterRate(name="traffic", counter="http_requests_total", per=timedelta(minutes=1)),
        metrics.GaugeValue(name="memory", gauge="bytes", source="probe"),
    ],
    thresholds=[Threshold(metric="error_rate", severity=Severity.HIGH, above=5, missing=Missing.BREACH)],
    checkpoints=[Every(interval=timedelta(minutes=15), until=timedelta(hours=24), look_at=["errors"])],
)


def through_text(value: object) -> object:
    return json.loads(json.dumps(to_json(value)))


def test_a_watch_comes_back_with_its_kinds_of_metrics() -> None:
    back = from_json(Watch, through_text(WATCH), metrics.KINDS)
    assert back.metrics == tuple(WATCH.metrics)
    assert back.thresholds == tuple(WATCH.thresholds)
    assert to_json(back) == to_json(WATCH)


def test_a_kind_is_named_in_its_json_and_durations_are_seconds() -> None:
    assert to_json(WATCH)["metrics"][1] == {
        "kind": "counter_rate",
        "name": "traffic",
        "title": "",
        "unit": "",
        "source": "service",
        "path": "/metrics",
        "newest": False,
        "counter": "http_requests_total",
        "labels": {},
        "per": 60.0,
    }


@pytest.mark.parametrize(
    "check",
    [
        checks.HttpCheck(
            name="health", path="/health", json_has={"status": "ok"}, within=timedelta(seconds=1)
        ),
        checks.SqlCheck(name="count", sql="select 1", rows=[[1, "a"]], parameters={"a": 1}),
        checks.SqlCheck(name="count", sql="select 1", parameters=[1, "a"], at_least=1),
        checks.Journey(name="j", calls=[checks.Call(name="a", path="/a", capture={"id": "id"})]),
        checks.ReadinessScore(name="s", parts=[checks.Part(title="Testing", score=100)], floor=90),
        checks.VersionServed(name="v", expects=checks.Expected.BEFORE, noted_by="preflight.v"),
        checks.RowChecksums(name="r", taken_by="x", tables=[checks.Table(name="t", key="id", columns=["a"])]),
        checks.InsideWindow(
            name="w",
            windows=[Window(days=[5, 6], start=time(6), end=time(12), timezone=ZoneInfo("Europe/Berlin"))],
        ),
    ],
    ids=lambda check: check.kind,
)
def test_a_check_comes_back_from_the_registry_of_its_kinds(check: Check) -> None:
    back = from_json(checks.KINDS, through_text(check))
    assert type(back) is type(check)
    assert to_json(back) == to_json(check)


def test_a_matrix_comes_back() -> None:
    rule = Rule(severity=Severity.LOW, action=Action.CONTINUE, within=timedelta(hours=1))
    matrix = DecisionMatrix(rules=(rule,))
    assert from_json(DecisionMatrix, through_text(matrix)) == matrix


@given(st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_every_duration_comes_back_to_the_microsecond(duration: timedelta) -> None:
    part = Every(interval=duration, until=duration)
    assert from_json(Every, through_text(part)) == part


def test_a_field_that_the_class_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        from_json(Every, {"interval": 1, "until": 2, "colour": "red"})


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownKind, match=r'no kind "teapot"; known are cloud_watch_ratio, cloud_watch_statistic'
    ):
        from_json(metrics.KINDS, {"kind": "teapot", "name": "x"})


def test_what_has_no_json_form_is_refused_with_its_place() -> None:
    with pytest.raises(NotJson, match=r"^value\.labels\.a: a object has no JSON form"):
        to_json(metrics.CounterRate(name="x", counter="y", labels={"a": object()}))  # type: ignore[dict-item]


def test_a_digest_does_not_depend_on_the_order_of_a_mapping() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_a_digest_without_titles_is_the_same_for_another_title() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Plain(Metric):
        labels: Mapping[str, str]
        kind: ClassVar[str] = "plain"

    one, other = (Plain(name="a", title=title, labels={}) for title in ("one", "other"))
    assert digest([one], exclude=["title"]) == digest([other], exclude=["title"])
    assert digest([one]) != digest([other])


def called_with(**body: str) -> Check:
    call = checks.Call(name="add", method="POST", path="/tasks", body=body)
    return checks.Journey(name="add_a_task", title=body.pop("heading", ""), calls=[call])


@pytest.mark.parametrize(
    ("approved", "changed"),
    [
        (called_with(title="one"), called_with(title="other")),
        (
            steps.RunCommand(name="run", argv=["run"], env={"owner": "one"}),
            steps.RunCommand(name="run", argv=["run"], env={"owner": "other"}),
        ),
        (
            steps.AirflowTask(name="run", operator="a.B", arguments={"note": "one"}),
            steps.AirflowTask(name="run", operator="a.B", arguments={"note": "other"}),
        ),
    ],
    ids=["body of a journey", "environment of a command", "arguments of an operator"],
)
def test_the_keys_of_a_mapping_are_never_left_out_of_a_digest(approved: object, changed: object) -> None:
    left_out = ["title", "owner", "note"]
    assert digest([approved], exclude=left_out) != digest([changed], exclude=left_out)


def test_a_field_is_left_out_of_a_digest_also_inside_a_mapping() -> None:
    one, other = (called_with(title="same", heading=heading) for heading in ("one", "other"))
    assert digest({"title": one}, exclude=["title"]) == digest({"title": other}, exclude=["title"])
    assert digest({"title": one}) != digest({"title": other})
