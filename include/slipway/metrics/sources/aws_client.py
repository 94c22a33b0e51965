"""A boto3 client of a connection that is resolved already."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 8.0  # seconds; a reading later than that is no reading
_MADE: dict[tuple[str, str], tuple[Any, Any]] = {}  # by connection id and service: how it was set, client
_FIELDS = ("conn_type", "host", "schema", "login", "password", "port", "extra")
_MAKING: dict[tuple[str, str], Lock] = {}  # making one may ask AWS for a role, and must hold up no other


def client(connection: Any, service: str) -> Any:
    """Return the client of a connection, one for all that is read from it: it takes a while to make.

    Another one is made when the connection was edited, and after AWS did not know its login: what it signs
    with may have been renewed outside the connection. A right that is missing is no reason for a new one.
    boto3's clients are safe to share between threads.

    The connection is compared field by field: to write its address, or to read its extra as JSON, has Airflow
    (3.3.2) mask all secrets anew, and at each the triggerer's other process looks into its database. In a
    rehearsal of five minutes, five readings a second, that was 7 of the triggerer's 38 s of processor time.
    """
    key, as_set = (connection.conn_id, service), [getattr(connection, name) for name in _FIELDS]
    with _MAKING.setdefault(key, Lock()):
        found = _MADE.get(key)
        if found is None or found[0] != as_set:
            found = _MADE[key] = (as_set, _made(connection, service))
        return found[1]


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
    """Raise boto's errors as the faults of slipway.vendor_faults: with system, call, and the mend.

    After AWS did not know what a client signs with, `client` makes another one.
    """
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    from slipway.steps.faults.aws import fault_of, is_unknown_login

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError, KeyError) as error:
        if is_unknown_login(error):
            for key in [key for key in _MADE if key[0] == connection.conn_id]:
                _MADE.pop(key, None)
        raise fault_of(system, call, connection.conn_id, error) from error
