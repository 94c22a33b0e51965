"""A boto3 client of a connection that is resolved already."""

from typing import Any

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 8.0  # seconds; a reading later than that is no reading


def client(connection: Any, service: str) -> Any:
    """Return a client that gives up soon: the next reading is the second try."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from botocore.config import Config  # type: ignore[import-untyped]

    hook: Any = AwsBaseHook(aws_conn_id=connection.conn_id, client_type=service)
    hook.get_connection = lambda _: connection
    quick = Config(
        retries={"total_max_attempts": 1}, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
    )
    return hook.get_client_type(config=quick.merge(hook.config) if hook.config else quick)
