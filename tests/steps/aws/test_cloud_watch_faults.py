"""CloudWatch that does not answer as wanted: no reading, with system, call and mend."""

import time
from typing import Any

import pytest
from tests.steps.aws.conftest import Amazon

from slipway.metrics import CloudWatchStatistic
from slipway.metrics.scrape import ScrapeFailed
from slipway.metrics.sources import Readings, aws_client

LATENCY = CloudWatchStatistic(
    name="latency", namespace="Api", metric="Latency", statistic="Average", dimensions={}
)


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        ({"status": 400}, "ExpiredToken", 'set new ones in the connection "aws"'),
        ({"status": 403}, "AccessDenied", "docs/connections.md"),
        ({"status": 400}, "Throttling", "Try again later"),
        ({"status": 429}, "Throttling", "Try again later"),
        ({"status": 500}, "InternalFailure", "status page"),
        ({"half": True}, "", "the answer"),
        ({"delay": 1.0}, "", "no answer in time"),
    ],
)
def test_what_is_no_reading_names_system_call_and_mend(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any], code: str, said: str
) -> None:
    if "delay" in trouble:
        monkeypatch.setattr(aws_client, "READ_TIMEOUT", 0.3)
    if code:
        amazon.state.codes[trouble["status"]] = code
    amazon.stand_in.trouble(match="POST", times=-1, **trouble)
    with pytest.raises(ScrapeFailed) as caught:
        Readings(since=time.time()).read("aws", LATENCY.reading.query)
    start = (
        "The metrics cloud_watch of the connection aws could not be read: Amazon CloudWatch: GetMetricData"
    )
    assert str(caught.value).startswith(start)
    assert said in str(caught.value)
    assert "carried out" not in str(caught.value)  # it only reads
    assert len([call for call in amazon.stand_in.calls if call.method == "POST"]) == 1


def test_nobody_there_is_no_reading(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS",
        '{"conn_type": "aws", "login": "a", "password": "b",'
        ' "extra": {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:9"}}',
    )
    with pytest.raises(ScrapeFailed, match=r'no connection\. See.*connection "aws"'):
        Readings(since=time.time()).read("aws", LATENCY.reading.query)
