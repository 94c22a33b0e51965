"""A boto3 client of a connection that is resolved already."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def in_words(connection: Any, system: str, call: str) -> Iterator[None]:
    """Raise boto's errors as the faults of slipway.vendor_faults: with system, call, and the mend."""
    from slipway.steps.faults.aws import fault_of

    try:
        yield
    except Exception as error:
        raise fault_of(system, call, connection.conn_id, error) from error
