"""The clients that the readings of an AWS connection share."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from airflow.sdk import Connection

from slipway.metrics.sources import aws_client
from slipway.metrics.sources.aws_client import client, in_words
from slipway.vendor_faults import AccessRefused


def connection(name: str = "aws", key: str = "AKIA1") -> Connection:
    return Connection(
        conn_id=name, conn_type="aws", login=key, password="s3cr3t", extra='{"region_name": "eu-west-1"}'
    )


@pytest.fixture(autouse=True)
def none_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_client, "_MADE", {})


def test_readings_that_begin_at_once_share_one_client() -> None:
    together = Barrier(4)

    def read(_: int) -> Any:
        together.wait()
        return client(connection(), "cloudwatch")

    with ThreadPoolExecutor(4) as pool:
        assert len({id(made) for made in pool.map(read, range(4))}) == 1


def test_a_connection_that_was_edited_has_a_client_of_its_own_and_the_old_one_is_forgotten() -> None:
    first = client(connection(), "cloudwatch")
    assert client(connection(key="AKIA2"), "cloudwatch") is not first
    assert len(aws_client._MADE) == 1


def test_a_connection_that_is_known_masks_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    first = client(connection(), "cloudwatch")
    masked: list[Any] = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", masked.append)
    assert client(connection(), "cloudwatch") is first
    assert masked == []
    assert connection().extra_dejson  # what would have masked
    assert masked


def refused(code: str, status: int) -> None:
    from botocore.exceptions import ClientError

    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(AccessRefused), in_words(connection(), "Amazon CloudWatch", "GetMetricData"):
        raise ClientError(answer, "GetMetricData")


def test_after_aws_did_not_know_its_login_another_client_is_made() -> None:
    first, other = client(connection(), "cloudwatch"), client(connection("other"), "cloudwatch")
    refused("ExpiredToken", 400)
    assert client(connection(), "cloudwatch") is not first
    assert client(connection("other"), "cloudwatch") is other


def test_a_missing_right_leaves_the_client_to_those_who_have_theirs() -> None:
    first = client(connection(), "cloudwatch")
    refused("AccessDenied", 403)
    assert client(connection(), "cloudwatch") is first


def test_a_connection_whose_role_is_slow_to_get_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, make = Event(), aws_client._made

    def slow(found: Any, service: str) -> Any:
        if found.conn_id == "slow":
            assert let_go.wait(10)
        return make(found, service)

    monkeypatch.setattr(aws_client, "_made", slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client, connection("slow"), "cloudwatch")
        try:
            assert client(connection(), "cloudwatch")
            assert not waiting.done()
        finally:
            let_go.set()
