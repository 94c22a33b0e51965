"""A boto3 client of a connection that is resolved already."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 8.0  # seconds; a reading later than that is no reading
_MADE: dict[tuple[str, str], Any] = {}  # by the connection as it is set, and the service
_MAKING = Lock()


def client(connection: Any, service: str) -> Any:
    """Return the client of a connection, one for all that is read from it: it takes a while to make.

    A connection that was edited has another one. boto3's clients are safe to share between threads.
    """
    key = (connection.get_uri(), service)
    with _MAKING:
        if key not in _MADE:
            _MADE[key] = _made(connection, service)
        return _MADE[key]


def _made(connection: Any, service: str) -> Any:
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
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    from slipway.steps.faults.aws import fault_of

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError, KeyError) as error:
        raise fault_of(system, call, connection.conn_id, error) from error
