"""What AWS says when it does not do what it is asked, and how it is said."""

import json
import os

import pytest
from tests.steps.aws.conftest import DISTRIBUTION, SITE, Amazon

from slipway.steps import SyncToS3, aws_api
from slipway.steps.aws_api import client, look
from slipway.steps.faults.aws import ConnectionIncomplete, SlowedDown, fault_of
from slipway.steps.s3_bucket import Bucket
from slipway.testing import LocalRun
from slipway.vendor_faults import (
    AccessRefused,
    CallRefused,
    InTheWay,
    NotThere,
    VendorBroken,
    VendorUnreachable,
)

STEP = SyncToS3(name="deploy_frontend", bucket=SITE, distribution=DISTRIBUTION)


@pytest.mark.parametrize(
    ("status", "code", "fault", "mend"),
    [
        (400, "ExpiredToken", AccessRefused, 'set new ones in the connection "aws"'),
        (403, "InvalidAccessKeyId", AccessRefused, 'set new ones in the connection "aws"'),
        (403, "AccessDenied", AccessRefused, "docs/connections.md"),
        (404, "NoSuchBucket", NotThere, "bucket's name in the plan"),
        (301, "PermanentRedirect", CallRefused, "region_name"),
        (409, "OperationAborted", InTheWay, "See in Amazon S3 what holds it"),
        (503, "SlowDown", SlowedDown, "Try again later"),
        (500, "InternalError", VendorBroken, "status page"),
        (400, "InvalidRequest", CallRefused, "Correct the plan"),
    ],
)
def test_an_error_code_names_system_call_and_mend(
    amazon: Amazon, aws_run: LocalRun, status: int, code: str, fault: type[Exception], mend: str
) -> None:
    amazon.state.codes[status] = code
    amazon.stand_in.trouble(match="GET", status=status, times=-1)
    with pytest.raises(fault) as caught:
        STEP.do(aws_run)
    assert str(caught.value).startswith(f"Amazon S3: GetBucketVersioning s3://{SITE}: ")
    assert code in str(caught.value)
    assert mend in str(caught.value)
    assert "sandbox-secret" not in str(caught.value)


def test_a_login_that_aws_does_not_know_is_said(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_AWS"])
    monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(known | {"login": "AKIAOLD"}))
    with pytest.raises(AccessRefused, match="InvalidAccessKeyId"):
        STEP.do(aws_run)


def test_a_call_that_failed_for_a_moment_is_tried_again(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_api, "ATTEMPTS", 2)
    amazon.stand_in.trouble(match="GET", status=503)
    assert STEP.do(aws_run).changed is True


def test_nobody_there_is_said(amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_AWS"])
    known["extra"]["endpoint_url"] = "http://127.0.0.1:9"
    monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(known))
    with pytest.raises(VendorUnreachable, match=r'no connection\. See.*connection "aws"') as caught:
        STEP.do(aws_run)
    assert not caught.value.sent


def test_no_answer_in_time_is_said(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_api, "READ_TIMEOUT", 0.2)
    amazon.stand_in.trouble(match="GET", delay=1.0)
    with pytest.raises(VendorUnreachable, match="no answer in time") as caught:
        STEP.do(aws_run)
    assert caught.value.sent


def test_half_an_answer_is_said(amazon: Amazon, aws_run: LocalRun) -> None:
    amazon.stand_in.trouble(match=f"GET /{SITE}/style.css", half=True)
    with (
        client(aws_run, "s3") as s3,
        pytest.raises(VendorUnreachable, match=r"GetObject .*style\.css: the answer broke off half-way"),
    ):
        Bucket(client=s3, name=SITE, conn_id="aws").read("style.css")


def test_a_connection_without_credentials_is_said() -> None:
    from botocore.exceptions import NoCredentialsError

    fault = fault_of("Amazon S3", "PutObject s3://a/b", "aws", NoCredentialsError())
    assert isinstance(fault, ConnectionIncomplete)
    assert "Unable to locate credentials. Set login (access key id)" in str(fault)


def test_the_doctor_says_who_is_signed_in(amazon: Amazon, aws_run: LocalRun) -> None:
    assert look(aws_run).startswith("signed in as arn:aws:sts::123456789012:")
