"""Airflow's own REST API as seen from inside a task: the audit log, forms, task states, marks."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.exceptions import AirflowNotFoundException
from requests import PreparedRequest, Response
from requests.auth import AuthBase
from requests.exceptions import ConnectionError as Unreachable
from requests.exceptions import Timeout
from tenacity import retry_if_exception_type, stop_after_attempt, wait_exponential

from slipway.errors import MissingConnection, SlipwayError
from slipway.run import Json

CONN_ID = "slipway_airflow"
PAGE = 100  # Airflow's own maximum for a page, [api] maximum_page_limit
_RETRY = {  # a restarting api-server is back within seconds
    "retry": retry_if_exception_type((Unreachable, Timeout)),
    "stop": stop_after_attempt(6),
    "wait": wait_exponential(multiplier=0.5, max=8),
    "reraise": True,
}


class ApiRefused(SlipwayError):
    """Airflow's REST API answered with an error; carries `status`, the HTTP status."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        self.status = status
        super().__init__(
            f"{method} {path} answered {status}: {text[:300]}. "
            f'The user of the connection "{CONN_ID}" may lack the right, or what it names is not there.'
        )


class ApiUnreachable(SlipwayError):
    """Airflow's REST API could not be reached, also after several tries."""

    def __init__(self, conn_id: str, error: Exception) -> None:
        super().__init__(
            f"Airflow's REST API cannot be reached ({type(error).__name__}). "
            f'Check host and port of the connection "{conn_id}", and that the api-server runs.'
        )


@dataclass(frozen=True, kw_only=True)
class TaskInstance:
    """A task of a release as Airflow has it now. `state` is "" before it is scheduled."""

    task_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    try_number: int
    note: str
    title: str = ""
    operator: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "TaskInstance":
        """Read what the API answers."""
        return cls(
            task_id=value["task_id"],
            state=value["state"] or "",
            started_at=_time(value["start_date"]),
            ended_at=_time(value["end_date"]),
            try_number=value["try_number"],
            note=value["note"] or "",
            title=value.get("task_display_name") or "",
            operator=value.get("operator_name") or value.get("operator") or "",
        )


@dataclass(frozen=True, kw_only=True)
class HitlDetail:
    """A form and its answer. `responded_at` is None while nobody answered."""

    subject: str
    body: str
    options: Sequence[str]
    chosen: Sequence[str]
    params_input: Mapping[str, Json]
    person: str
    responded_at: datetime | None

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "HitlDetail":
        """Read what the API answers."""
        return cls(
            subject=value["subject"],
            body=value["body"] or "",
            options=tuple(value["options"]),
            chosen=tuple(value["chosen_options"] or ()),
            params_input=value["params_input"] or {},
            person=(value["responded_by_user"] or {}).get("id", ""),
            responded_at=_time(value["responded_at"]),
        )


@dataclass(frozen=True, kw_only=True)
class EventLog:
    """A row of the audit log. A refused request leaves the same row as a granted one."""

    at: datetime
    event: str
    owner: str
    task_id: str
    extra: Mapping[str, Json]

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "EventLog":
        """Read what the API answers; an `extra` that is no JSON object becomes empty."""
        return cls(
            at=datetime.fromisoformat(value["when"]),
            event=value["event"],
            owner=value["owner"] or "",
            task_id=value["task_id"] or "",
            extra=_object(value["extra"]),
        )


class _Bearer(AuthBase):
    """Puts the token in place of the connection's login and password."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class AirflowApi:
    """Airflow's REST API through an http connection with login and password.

    :param conn_id: the connection; its user needs to read the audit log and to edit task instances
    """

    def __init__(self, conn_id: str = CONN_ID) -> None:
        self.conn_id = conn_id
        self._token = ""

    def look(self) -> str:
        """Log in and read the audit log, which the decision needs; return the login."""
        self._object("GET", "/api/v2/eventLogs", query={"limit": 1})
        return f"reads the audit log as {HttpHook.get_connection(self.conn_id).login}"

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Json]:
        """Return the run as the API has it, with `conf` and `triggering_user_name`."""
        return self._object("GET", _run_path(dag_id, run_id))

    def task_instance(self, dag_id: str, run_id: str, task_id: str) -> TaskInstance:
        """Return one task of a run."""
        return TaskInstance.from_json(self._object("GET", _task_path(dag_id, run_id, task_id)))

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return all tasks of a run."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        return [TaskInstance.from_json(row) for row in self._pages(path, "task_instances")]

    def hitl_detail(self, dag_id: str, run_id: str, task_id: str) -> HitlDetail | None:
        """Return the form of a task, or None if it never asked."""
        path = f"{_task_path(dag_id, run_id, task_id)}/-1/hitlDetails"
        try:
            return HitlDetail.from_json(self._object("GET", path))
        except ApiRefused as refused:
            if refused.status == 404:
                return None
            raise

    def event_logs(
        self, dag_id: str, run_id: str, events: Sequence[str] = (), task_id: str = ""
    ) -> list[EventLog]:
        """Return the audit log's rows of a run, oldest first; `events` and `task_id` narrow them."""
        query: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "order_by": "id"}
        if events:
            query["included_events"] = list(events)
        if task_id:
            query["task_id"] = task_id
        return [EventLog.from_json(row) for row in self._pages("/api/v2/eventLogs", "event_logs", query)]

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str, note: str = "") -> None:
        """Mark a task success, failed or skipped, as the UI does."""
        body = {"new_state": state, "note": note} if note else {"new_state": state}
        self._object("PATCH", _task_path(dag_id, run_id, task_id), body=body)

    def note(self, dag_id: str, run_id: str, task_id: str, note: str) -> None:
        """Put a note on a task, which its page in the UI shows."""
        self._object("PATCH", _task_path(dag_id, run_id, task_id), body={"note": note})

    def state_store(self, dag_id: str, run_id: str, task_id: str, key: str) -> Json | None:
        """Return what a task keeps under `key` in its state store, or None."""
        path = f"{_task_path(dag_id, run_id, task_id)}/state-store/{quote(key, safe='')}"
        try:
            return self._object("GET", path)["value"]
        except ApiRefused as refused:
            if refused.status == 404:
                return None
            raise

    def xcom_keys(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Return the keys of what a task has pushed."""
        path = f"{_task_path(dag_id, run_id, task_id)}/xcomEntries"
        return [str(row["key"]) for row in self._pages(path, "xcom_entries")]

    def _pages(self, path: str, key: str, query: Mapping[str, Any] | None = None) -> Iterator[Json]:
        offset = 0
        while True:
            page = self._object("GET", path, query={**(query or {}), "limit": PAGE, "offset": offset})
            yield from page[key]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

    def _object(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Json = None
    ) -> dict[str, Json]:
        self._token = self._token or self._log_in()
        hook = HttpHook(method=method, http_conn_id=self.conn_id, auth_type=lambda *_: _Bearer(self._token))
        answer: dict[str, Json] = _send(hook, path, data=query, json=body).json()
        return answer

    def _log_in(self) -> str:
        try:
            connection = HttpHook.get_connection(self.conn_id)
        except AirflowNotFoundException as missing:
            raise MissingConnection(self.conn_id, "Slipway itself, to read who decided") from missing
        hook = HttpHook(method="POST", http_conn_id=self.conn_id, auth_type=lambda *_: None)
        body = {"username": connection.login, "password": connection.password}
        return str(_send(hook, "/auth/token", json=body).json()["access_token"])


def _send(hook: HttpHook, path: str, **request: Any) -> Response:
    """Send with retries while the api-server cannot be reached; a bad status raises ApiRefused."""
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines name every request
    try:
        response: Response = hook.run_with_advanced_retry(
            _RETRY, path, extra_options={"check_response": False, "timeout": 30}, **request
        )
    except (Unreachable, Timeout) as error:
        raise ApiUnreachable(hook.http_conn_id, error) from error
    if not response.ok:
        raise ApiRefused(hook.method, path, response.status_code, response.text)
    return response


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


def _task_path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _object(text: str | None) -> dict[str, Json]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
