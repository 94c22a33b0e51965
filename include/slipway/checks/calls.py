"""Sending a question to a service: through HttpHook in a task, through HttpAsyncHook in a trigger."""

import time
from typing import Any

from slipway.checks.expect import Question, Reply
from slipway.errors import MissingConnection, SlipwayError, in_one_line


class NoAnswer(SlipwayError):
    """A service gave no HTTP answer at all."""

    def __init__(self, question: Question, why: str) -> None:
        self.conn_id, self.why = question.conn_id, why
        super().__init__(
            f"{question.method} {question.path}: {why} (connection {question.conn_id}). "
            "Is the service up, and does the connection name the right host and port?"
        )


def ask(question: Question) -> Reply:
    """Send it and return the answer, whatever its status; raises NoAnswer and MissingConnection."""
    import requests
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    body: dict[str, Any] = {} if question.body is None else {"json": question.body}
    options = {"timeout": question.timeout.total_seconds(), "check_response": False}
    hook = HttpHook(method=question.method, http_conn_id=question.conn_id)
    try:
        headers = {**_bearer(hook.get_connection(question.conn_id)), **question.headers}
        began = time.perf_counter()
        answer = hook.run(question.path, headers=headers, extra_options=options, **body)
        return Reply(status=answer.status_code, text=answer.text, seconds=time.perf_counter() - began)
    except AirflowNotFoundException as error:
        raise MissingConnection(question.conn_id, f"{question.method} {question.path}") from error
    except requests.RequestException as error:
        raise NoAnswer(question, reason(error, question)) from error


async def ask_async(question: Question) -> Reply:
    """Send it without blocking the event loop; raises NoAnswer."""
    import asyncio

    import aiohttp
    from airflow.providers.common.compat.connection import get_async_connection
    from airflow.providers.http.hooks.http import HttpAsyncHook

    hook = HttpAsyncHook(method=question.method, http_conn_id=question.conn_id, retry_limit=1)
    try:
        async with asyncio.timeout(question.timeout.total_seconds()):
            headers = {**_bearer(await get_async_connection(question.conn_id)), **question.headers}
            async with hook.session() as session:
                began = time.perf_counter()
                answer = await session.run(
                    question.path,
                    json=question.body,
                    headers=headers,
                    extra_options={"check_response": False},
                )
                text = await answer.text()
                return Reply(status=answer.status, text=text, seconds=time.perf_counter() - began)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NoAnswer(question, reason(error, question)) from error


def _bearer(connection: Any) -> dict[str, str]:
    """A connection with a password and no login carries a token."""
    if connection.login or not connection.password:
        return {}
    return {"Authorization": f"Bearer {connection.password}"}


def reason(error: Exception, question: Question) -> str:
    """Say in a few words why there is no answer."""
    import requests

    if isinstance(error, TimeoutError | requests.Timeout):
        return f"no answer within {question.timeout.total_seconds():g} s"
    text = str(error)
    if "refused" in text or "Connect call failed" in text:
        return "connection refused"
    return in_one_line(error)
