"""Metrics from CloudWatch, its logs, a Prometheus server and Sentry, over real HTTP."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from slipway import vendor
from slipway.environment import Environment
from slipway.kinds import Metric, Scrape
from slipway.metrics import (
    CloudWatchRatio,
    CloudWatchStatistic,
    GaugeValue,
    LogCount,
    LogQuantile,
    PrometheusQuery,
    SentryIssues,
)
from slipway.metrics.scrape import Reader, ScrapeFailed
from slipway.metrics.sources import Readings, cloud_watch, prometheus, sentry
from slipway.sandbox.vendors.prometheus import Prometheus
from slipway.sandbox.vendors.prometheus import prometheus as prometheus_stand_in
from slipway.sandbox.vendors.sentry import Issue, Sentry
from slipway.sandbox.vendors.sentry import sentry as sentry_stand_in
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.steps import TakeBaseline
from slipway.testing import LocalRun

GROUP = "/communityshare/api"
ERRORS = CloudWatchRatio(
    name="errors", namespace="Api", part="Errors", whole="Requests", dimensions={"service": "api"}
)
ENVIRONMENT = Environment(
    system="communityshare", name="production", aws="aws", prometheus="prom", sentry="sentry"
)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make boto3 clients for what the service itself would do."""
    extra = {"region_name": "eu-west-1", "endpoint_url": moto}
    value = {"conn_type": "aws", "login": "AKIA1", "password": "s3cr3t", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(value))
    session = boto3.Session(
        aws_access_key_id="AKIA1", aws_secret_access_key="s3cr3t", region_name="eu-west-1"
    )
    requests.post(f"{moto}/moto-api/reset", timeout=5)
    return lambda service: session.client(service, endpoint_url=moto)


def http(monkeypatch: pytest.MonkeyPatch, name: str, address: str, password: str = "") -> None:
    host, port = address.removeprefix("http://").split(":")
    value = {"conn_type": "http", "host": host, "port": int(port), "password": password}
    monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(value))
    monkeypatch.setattr(vendor, "PAUSE", 0.01)


def count(cloud: Any, dimensions: dict[str, str] | None = None, **values: float) -> None:
    where = [{"Name": name, "Value": value} for name, value in (dimensions or {"service": "api"}).items()]
    data = [
        {"MetricName": name, "Value": value, "Dimensions": where, "Timestamp": datetime.now(UTC)}
        for name, value in values.items()
    ]
    cloud.put_metric_data(Namespace="Api", MetricData=data)


def read(reader: Readings, metric: Metric, conn_id: str = "aws") -> Scrape:
    return reader.read(conn_id, metric.reading.query)


def test_an_error_rate_is_divided_here_from_two_sums_of_cloud_watch(aws: Any) -> None:
    cloud, reader = aws("cloudwatch"), Readings(since=time.time())
    count(cloud, Requests=100, Errors=50)
    earlier = read(reader, ERRORS)
    count(cloud, Requests=180, Errors=9)
    count(cloud, Requests=20)
    later = read(reader, ERRORS)
    assert ERRORS.value(earlier, later) == 4.5
    assert ERRORS.value(later, later) is None  # nothing was asked of the service in between


def test_a_part_that_cloud_watch_does_not_know_is_zero_but_no_whole_is_no_data(aws: Any) -> None:
    reader = Readings(since=time.time())
    nothing = read(reader, ERRORS)
    assert ERRORS.value(nothing, read(reader, ERRORS)) is None
    count(aws("cloudwatch"), Requests=10)
    assert ERRORS.value(nothing, read(reader, ERRORS)) == 0.0


def test_other_dimensions_are_another_metric(aws: Any) -> None:
    reader = Readings(since=time.time())
    earlier = read(reader, ERRORS)
    count(aws("cloudwatch"), {"service": "worker"}, Requests=10)
    assert ERRORS.value(earlier, read(reader, ERRORS)) is None


def test_a_statistic_is_the_newest_datapoint_unless_it_is_too_old(aws: Any) -> None:
    used = CloudWatchStatistic(name="pool", namespace="Api", metric="Pool", scale=100)
    old = datetime.now(UTC) - timedelta(minutes=9)
    cloud = aws("cloudwatch")
    data = [{"MetricName": "Pool", "Value": 0.9, "Timestamp": old}]
    cloud.put_metric_data(Namespace="Api", MetricData=data)
    reader = Readings(since=time.time())
    assert used.value(read(reader, used), read(reader, used)) is None
    cloud.put_metric_data(
        Namespace="Api", MetricData=[{**data[0], "Value": 0.25, "Timestamp": datetime.now(UTC)}]
    )
    assert used.value(read(reader, used), read(reader, used)) == 25.0


def test_a_statistic_is_counted_by_another_metric_and_a_quiet_minute_is_no_dead_agent(aws: Any) -> None:
    slow = CloudWatchStatistic(
        name="p95",
        namespace="Api",
        metric="Latency",
        dimensions={"service": "api"},
        counted_by="Requests",
        within=timedelta(minutes=2),
    )
    cloud, reader = aws("cloudwatch"), Readings(since=time.time())
    dead = read(reader, slow)
    assert (slow.value(dead, dead), slow.observed(dead, dead)) == (None, None)
    count(cloud, Requests=0)
    quiet = read(reader, slow)
    assert (slow.value(quiet, quiet), slow.observed(quiet, quiet)) == (None, 0.0)
    count(cloud, Requests=30, Latency=120)
    count(cloud, Requests=12)
    busy = read(reader, slow)
    assert (slow.value(busy, busy), slow.observed(busy, busy)) == (120.0, 42.0)


def second(cloud: Any, ago: int, **values: float) -> None:
    """Put figures into the second that began so many seconds ago."""
    where = [{"Name": "service", "Value": "api"}]
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=ago)
    data = [
        {"MetricName": name, "Value": value, "Dimensions": where, "Timestamp": at}
        for name, value in values.items()
    ]
    cloud.put_metric_data(Namespace="Api", MetricData=data)


A_MINUTE = CloudWatchStatistic(
    name="errors",
    namespace="Api",
    metric="ErrorRate",
    dimensions={"service": "api"},
    period=timedelta(seconds=1),
    within=timedelta(minutes=1),
    counted_by="Requests",
)


def test_figure_and_count_are_of_the_same_datapoints(aws: Any) -> None:
    cloud = aws("cloudwatch")
    second(cloud, 300, ErrorRate=100, Requests=500)  # too old
    for ago in range(43, 4, -1):
        second(cloud, ago, ErrorRate=0, Requests=1)
    second(cloud, 4, Requests=7)  # there is no figure for them
    second(cloud, 3, ErrorRate=100, Requests=1)
    second(cloud, 2, ErrorRate=100, Requests=0)  # nobody stands behind it
    now = read(Readings(since=time.time()), A_MINUTE)
    assert (A_MINUTE.value(now, now), A_MINUTE.observed(now, now)) == (2.5, 40.0)


@pytest.mark.parametrize(("statistic", "figure"), [("Maximum", 90.0), ("Minimum", 10.0), ("Average", 30.0)])
def test_counted_datapoints_are_weighed_but_for_extremes(aws: Any, statistic: str, figure: float) -> None:
    cloud = aws("cloudwatch")
    second(cloud, 10, ErrorRate=10, Requests=3)
    second(cloud, 5, ErrorRate=90, Requests=1)
    metric = replace(A_MINUTE, statistic=statistic)
    now = read(Readings(since=time.time()), metric)
    assert (metric.value(now, now), metric.observed(now, now)) == (figure, 4.0)


def test_requests_without_any_figure_are_no_quiet_minute(aws: Any) -> None:
    second(aws("cloudwatch"), 5, Requests=7)
    second(aws("cloudwatch"), 3, ErrorRate=0)
    now = read(Readings(since=time.time()), A_MINUTE)
    assert (A_MINUTE.value(now, now), A_MINUTE.observed(now, now)) == (None, 7.0)


def test_only_a_statistic_that_is_counted_by_something_can_want_so_many() -> None:
    def statistic(**given: Any) -> CloudWatchStatistic:
        return CloudWatchStatistic(name="m", namespace="Api", metric="Latency", **given)

    assert not statistic().counts
    assert statistic(counted_by="Requests").counts
    assert not statistic(statistic="Sum", counted_by="Requests").counts


def test_a_sum_is_how_much_it_grew(aws: Any) -> None:
    runs = CloudWatchStatistic(
        name="runs", namespace="Api", metric="Runs", statistic="Sum", dimensions={"service": "api"}
    )
    reader = Readings(since=time.time())
    earlier = read(reader, runs)
    assert runs.value(earlier, read(reader, runs)) is None
    count(aws("cloudwatch"), Runs=3)
    assert runs.value(earlier, read(reader, runs)) == 3.0


def test_a_percentile_is_asked_of_cloud_watch_as_such() -> None:
    p95 = CloudWatchStatistic(name="p95", namespace="Api", metric="Latency", statistic="p95")
    assert '"statistic": "p95"' in p95.reading.query
    assert '"counted": false' in p95.reading.query


def write(logs: Any, *events: dict[str, Any]) -> None:
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": json.dumps(event)} for event in events]
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=lines)


@pytest.fixture
def logs(aws: Any) -> Any:
    client = aws("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="one")
    return client


def test_a_quantile_of_logged_durations_is_right_within_two_percent(logs: Any) -> None:
    p95 = LogQuantile(name="p95", group=GROUP, number="duration_ms", quantile=0.95, pattern="api")
    reader = Readings(since=time.time() - 1)
    write(logs, {"service": "api", "duration_ms": 9999})
    earlier = read(reader, p95)
    write(logs, *({"service": "api", "duration_ms": number} for number in range(1, 101)))
    later = read(reader, p95)
    found = p95.value(earlier, later)
    assert found is not None
    assert 95.0 <= found <= 95.0 * 1.02
    assert p95.value(later, read(reader, p95)) is None


def test_matching_events_are_counted_once_and_a_silent_log_is_no_data(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = LogCount(name="errors", group=GROUP, pattern="ERROR")
    reader = Readings(since=time.time() - 1)
    nothing = read(reader, errors)
    assert errors.value(nothing, read(reader, errors)) is None
    write(logs, {"level": "INFO"})
    quiet = read(reader, errors)
    assert errors.value(nothing, quiet) == 0.0
    write(logs, {"level": "ERROR"}, {"level": "ERROR"}, {"level": "INFO"})
    assert errors.value(quiet, read(reader, errors)) == 2.0
    assert errors.value(nothing, read(reader, errors)) == 2.0


def test_a_log_group_that_is_not_there_is_no_reading(aws: Any) -> None:
    said = (
        r"metrics cloud_watch_logs of the connection aws .* Amazon CloudWatch Logs: FilterLogEvents /nowhere"
    )
    with pytest.raises(ScrapeFailed, match=rf"{said}.*ResourceNotFound"):
        read(Readings(since=time.time()), LogCount(name="e", group="/nowhere", pattern="x"))


@pytest.fixture
def prom(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[StandIn, Prometheus]]:
    kept = Prometheus()
    stand_in = prometheus_stand_in(kept)
    with serving(stand_in) as address:
        http(monkeypatch, "PROM", address)
        yield stand_in, kept


@pytest.mark.parametrize(
    ("answer", "figure"), [(0.0025, 0.25), (0.0, 0.0), (None, None), ("NaN", None), ([], None)]
)
def test_an_expression_gives_its_value_or_no_data(
    prom: tuple[StandIn, Prometheus], answer: Any, figure: float | None
) -> None:
    query = 'sum(rate(errors{job="api"}[5m])) / sum(rate(requests[5m]))'
    prom[1].answers[query] = answer
    metric = PrometheusQuery(name="errors", query=query, scale=100)
    reading = read(Readings(since=0), metric, "prom")
    assert metric.value(reading, reading) == figure


def test_an_expression_of_several_series_is_no_reading(prom: tuple[StandIn, Prometheus]) -> None:
    prom[1].answers["up"] = [1.0, 0.0]
    with pytest.raises(ScrapeFailed, match=r"2 series where one figure is wanted; aggregate them"):
        read(Readings(since=0), PrometheusQuery(name="up", query="up"), "prom")


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ({"status": 401}, "HTTP 401"),
        ({"status": 503}, "HTTP 503"),
        ({"half": True}, "broke off half-way"),
        ({"status": 429, "retry_after": "3600"}, "too many calls"),
    ],
)
def test_a_prometheus_that_does_not_answer_well_is_no_reading(
    prom: tuple[StandIn, Prometheus], trouble: dict[str, Any], why: str
) -> None:
    prom[1].answers["up"] = 1.0
    prom[0].trouble(**trouble, times=-1)
    with pytest.raises(ScrapeFailed, match=why):
        read(Readings(since=0), PrometheusQuery(name="up", query="up"), "prom")


def test_a_query_that_cannot_be_parsed_is_said(prom: tuple[StandIn, Prometheus]) -> None:
    with pytest.raises(ScrapeFailed, match="parse error in 'sum\\('"):
        read(Readings(since=0), PrometheusQuery(name="x", query="sum("), "prom")


ISSUES = SentryIssues(name="new_issues", organization="acme", project="api", before=timedelta(minutes=10))


@pytest.fixture
def issues(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[StandIn, Sentry]]:
    kept = Sentry(projects={("acme", "api"): []}, page=2)
    stand_in = sentry_stand_in(kept)
    with serving(stand_in) as address:
        http(monkeypatch, "SENTRY", address, "sandbox")
        yield stand_in, kept


def test_issues_first_seen_since_the_release_began_are_counted_over_all_pages(
    issues: tuple[StandIn, Sentry],
) -> None:
    now = time.time()
    kept = issues[1].projects["acme", "api"]
    reader = Readings(since=now)
    earlier = read(reader, ISSUES, "sentry")
    assert ISSUES.value(earlier, earlier) == 0.0
    kept += [Issue(title="old", first_seen=now - 3600), Issue(title="done", status="resolved")]
    kept += [Issue(title=f"new {number}", first_seen=now - 300) for number in range(5)]
    assert ISSUES.value(earlier, read(reader, ISSUES, "sentry")) == 5.0


def test_a_project_that_sentry_does_not_know_is_no_reading(issues: tuple[StandIn, Sentry]) -> None:
    unknown = SentryIssues(name="x", organization="acme", project="nothing")
    with pytest.raises(ScrapeFailed, match="are the slugs") as failed:
        read(Readings(since=0), unknown, "sentry")
    assert "sandbox" not in str(failed.value)


def test_a_trigger_reads_them_all_resolving_each_connection_once(
    aws: Any,
    prom: tuple[StandIn, Prometheus],
    issues: tuple[StandIn, Sentry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk import BaseHook

    asked: list[str] = []
    resolve = BaseHook.aget_connection

    async def noted(conn_id: str) -> Any:
        asked.append(conn_id)
        return await resolve(conn_id)

    monkeypatch.setattr(BaseHook, "aget_connection", noted)
    prom[1].answers["up"] = 1.0
    up = PrometheusQuery(name="up", query="up")
    count(aws("cloudwatch"), Requests=10)

    async def readings() -> list[Scrape]:
        async with Reader(since=time.time() - 60) as reader:
            for _ in range(3):
                found = await asyncio.gather(
                    reader.read("aws", ERRORS.reading.query),
                    reader.read("prom", up.reading.query),
                    reader.read("sentry", ISSUES.reading.query),
                )
        return found

    errors, value, new = asyncio.run(readings())
    assert errors.samples == {("whole_total", ()): 10.0}
    assert up.value(value, value) == 1.0
    assert ISSUES.value(new, new) == 0.0
    assert sorted(asked) == ["aws", "prom", "sentry"]


def test_a_trigger_learns_that_a_source_cannot_be_read(issues: tuple[StandIn, Sentry]) -> None:
    issues[0].trouble(status=500, times=-1)

    async def reading() -> None:
        async with Reader() as reader:
            await reader.read("sentry", ISSUES.reading.query)

    with pytest.raises(ScrapeFailed, match="HTTP 500"):
        asyncio.run(reading())


def test_figures_of_one_aws_connection_are_read_in_as_few_calls_as_can_be(
    aws: Any, prom: tuple[StandIn, Prometheus], monkeypatch: pytest.MonkeyPatch
) -> None:
    prom[1].answers["up"] = 1.0
    up = PrometheusQuery(name="up", query="up")
    mean = CloudWatchStatistic(name="mean", namespace="Api", metric="Latency", within=timedelta(minutes=30))
    newest = CloudWatchStatistic(
        name="newest", namespace="Api", metric="Latency", within=timedelta(minutes=5)
    )
    pool = CloudWatchStatistic(name="pool", namespace="Api", metric="Pool", counted_by="Requests")
    jobs = CloudWatchStatistic(name="jobs", namespace="Api", metric="Jobs", statistic="Sum")
    hourly = replace(jobs, name="hourly", period=timedelta(hours=1))
    cloud, now = aws("cloudwatch"), datetime.now(UTC)
    for name, value, at in (
        ("Latency", 70.0, now - timedelta(minutes=20)),  # too old for one of the two
        ("Pool", 0.5, now),
        ("Requests", 40.0, now),
        ("Jobs", 3.0, now),
    ):
        cloud.put_metric_data(
            Namespace="Api", MetricData=[{"MetricName": name, "Value": value, "Timestamp": at}]
        )
    count(cloud, Requests=10, Errors=1)
    asked: list[list[str]] = []
    points = cloud_watch._points

    def noted(watch: Any, questions: Any, *rest: Any) -> Any:
        asked.append([figure["metric"] for each in questions for figure in each["figures"]])
        return points(watch, questions, *rest)

    monkeypatch.setattr(cloud_watch, "_points", noted)
    metrics = (mean, newest, pool, jobs, ERRORS, hourly)
    since = time.time() - 60

    async def together() -> Any:
        wanted = [("aws", metric.reading.query) for metric in metrics]
        async with Reader(since=since) as reader:
            return await reader.read_all([*wanted, ("prom", up.reading.query)])

    found = asyncio.run(together())
    assert sorted(asked) == [
        ["Jobs"],
        ["Jobs", "Errors", "Requests"],
        ["Latency", "Latency", "Pool", "Requests"],
    ]
    assert found["prom", up.reading.query].samples == {("value", ()): 1.0}
    one_by_one = Readings(since=since)
    for metric in metrics:
        assert found["aws", metric.reading.query].samples == read(one_by_one, metric).samples
    assert [
        metric.value(found["aws", metric.reading.query], found["aws", metric.reading.query])
        for metric in (mean, newest, pool)
    ] == [70.0, None, 0.5]


def test_one_figure_that_is_refused_takes_no_other_with_it(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    count(aws("cloudwatch"), Requests=10)
    wrong = CloudWatchStatistic(name="wrong", namespace="Api", metric="Wrong", statistic="Sum")
    right = replace(wrong, name="right", metric="Requests", dimensions={"service": "api"})
    points = cloud_watch._points

    def refusing(watch: Any, questions: Any, *rest: Any) -> Any:  # moto takes any figure
        if any(figure["metric"] == "Wrong" for each in questions for figure in each["figures"]):
            answer = {"Error": {"Code": "ValidationError"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(answer, "GetMetricData")
        return points(watch, questions, *rest)

    monkeypatch.setattr(cloud_watch, "_points", refusing)
    wanted = [("aws", metric.reading.query) for metric in (wrong, right)]

    async def together() -> Any:
        async with Reader(since=time.time() - 60) as reader:
            return await reader.read_all(wanted)

    first, second = (asyncio.run(together())[each] for each in wanted)
    assert isinstance(first, ScrapeFailed)
    assert second.samples == {("figure_total", ()): 10.0}


def test_all_that_one_call_would_have_read_have_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:9"}
    value = {"conn_type": "aws", "login": "AKIA1", "password": "s3cr3t", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(value))
    used = CloudWatchStatistic(name="pool", namespace="Api", metric="Pool")
    alike, counted = replace(used, name="queue", metric="Queue"), ERRORS
    wanted = [("aws", metric.reading.query) for metric in (used, alike, counted)]

    async def together() -> Any:
        async with Reader() as reader:
            return await reader.read_all(wanted)

    found = asyncio.run(together())
    first, second, other = (found[each] for each in wanted)
    assert isinstance(first, ScrapeFailed)
    assert "Amazon CloudWatch: GetMetricData" in str(first)
    assert first is second
    assert isinstance(other, ScrapeFailed)
    assert other is not first  # of a call of its own


def test_a_baseline_is_taken_from_any_source(prom: tuple[StandIn, Prometheus]) -> None:
    prom[1].answers["up"] = 3.0
    step = TakeBaseline(
        name="baseline",
        metrics=[PrometheusQuery(name="up", query="up")],
        lasting=timedelta(seconds=0.3),
        samples=3,
    )
    evidence = step.do(LocalRun(environment=ENVIRONMENT))
    assert evidence.proof["baseline"]["up"]["mean"] == 3.0
    assert step.connections(ENVIRONMENT) == ("prom",)


def test_sources_have_labels_for_people() -> None:
    assert ERRORS.reading.label == "aws cloud_watch"
    assert GaugeValue(name="g", gauge="g").reading.label == "service/metrics"


def test_the_doctor_is_told_what_answers(
    prom: tuple[StandIn, Prometheus], issues: tuple[StandIn, Sentry]
) -> None:
    run = LocalRun(environment=ENVIRONMENT)
    assert prometheus.look(run) == "Prometheus 3.5.0 answers queries"
    assert sentry.look(run) == "the token has the scopes event:read"
    assert [call.path for call in issues[0].calls] == ["/api/0/"]


def test_the_doctor_misses_the_scope_that_reads_issues(issues: tuple[StandIn, Sentry]) -> None:
    issues[1].scopes = ("org:read",)
    said = (
        r'GET /api/0/: the scopes of the token are org:read\. Give the connection "sentry" one .*event:read'
    )
    with pytest.raises(PermissionError, match=said):
        sentry.look(LocalRun(environment=ENVIRONMENT))
