"""How channels reach the world: their connections, and patience with what was certainly not taken."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from slipway import vendor
from slipway.errors import MissingConnection, StepFailed
from slipway.notices.faults import PasswordNotGiven
from slipway.vendor_faults import TooManyCalls, VendorUnreachable

UNTRIED = "is there; it cannot be tried without telling people"
T = TypeVar("T")
log = logging.getLogger("slipway")


def connection(conn_id: str, used_by: str) -> Any:
    """Return an Airflow connection; its password is masked in logs from here on. Raises MissingConnection."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.log import mask_secret

    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise MissingConnection(conn_id, used_by) from error
    if found.password:
        mask_secret(found.password)
    return found


def password(conn_id: str, used_by: str, *, holds: str) -> str:
    """Return a connection's password. Raises MissingConnection and PasswordNotGiven.

    :param holds: what it holds, e.g. "the routing key of the PagerDuty service"
    """
    found = connection(conn_id, used_by).password
    if not found or not found.strip():
        raise PasswordNotGiven(conn_id, holds)
    return str(found).strip()


def patiently(send: Callable[[], T]) -> T:
    """Try again what was certainly not taken: no connection was made, or 429 with a bearable Retry-After."""
    for attempt in range(1, vendor.TRIES):
        try:
            return send()
        except StepFailed as fault:
            pause = _pause(fault, attempt)
            if pause is None:
                raise
            log.info("%s Trying again in %g s.", fault, pause)
            time.sleep(pause)
    return send()


def _pause(fault: StepFailed, attempt: int) -> float | None:
    usual = vendor.PAUSE * attempt
    if isinstance(fault, TooManyCalls):
        wait = usual if fault.wait is None else fault.wait
        return wait if wait <= vendor.LONGEST_PAUSE else None
    return usual if isinstance(fault, VendorUnreachable) and not fault.sent else None


def header_line(text: str, longest: int) -> str:
    """Return a text as one line, cut to a length in characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
