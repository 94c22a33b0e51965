"""Amazon Web Services: clients through the amazon provider, their errors as faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slipway.run import Run
from slipway.steps.faults.aws import fault_of
from slipway.steps.reach import connection

S3 = "Amazon S3"
CLOUDFRONT = "Amazon CloudFront"

ATTEMPTS = 3  # the first one included; each call of the steps may be sent twice without harm
CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 60.0  # seconds


@contextmanager
def client(run: Run, service: str) -> Iterator[Any]:
    """Open a boto3 client of the environment's `aws` connection; its extra may hold endpoint_url."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from botocore.config import Config  # type: ignore[import-untyped]

    conn_id = str(connection(run, "aws").conn_id)
    usual = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
    )
    hook: Any = AwsBaseHook(aws_conn_id=conn_id, client_type=service)
    with calling("AWS", "sign in", conn_id):
        # What the connection's own config_kwargs say comes first.
        opened = hook.get_client_type(config=usual.merge(hook.config))
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def calling(system: str, call: str, conn_id: str) -> Iterator[None]:
    """Turn what boto raises inside into a fault that names system, call and mend."""
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
    from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError, ResponseParserError) as error:
        raise fault_of(system, call, conn_id, error) from error


def look(run: Run) -> str:
    """Say whom the `aws` connection is signed in as."""
    with client(run, "sts") as sts, calling("AWS", "GetCallerIdentity", run.environment.aws):
        found = sts.get_caller_identity()
    return f"signed in as {found['Arn']}"
