"""Airflow's REST API as one signed-in person uses it."""

from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from slipway.local.errors import Refused
from slipway.local.records import Event, Question, Run, Task

PAGE = 500  # a whole release at once; Airflow gives fewer where [api] maximum_page_limit says so


class Client:
    """Speaks to one Airflow as one user; every method raises Refused on an error answer.

    What only reads is asked again while the api-server does not answer, for two minutes.
    """

    def __init__(self, url: str, *, user: str, password: str, timeout: float = 30) -> None:
        self.user, self._password = user, password
        # No proxy and no certificates from the environment: this Airflow is on this machine.
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def trigger_dag(self, dag_id: str, conf: dict[str, Any], run_id: str | None = None) -> Run:
        """Start a run; the DAG must be unpaused for it to go on."""
        # The field must be there: null means a run that belongs to no moment of a schedule.
        body = {"conf": conf, "logical_date": None} | ({"dag_run_id": run_id} if run_id else {})
        return Run.read(self._call("POST", f"dags/{dag_id}/dagRuns", body))

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return what Airflow knows of a DAG, None when it was not parsed yet."""
        try:
            return dict(self._call("GET", f"dags/{dag_id}"))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def unpause(self, dag_id: str) -> None:
        """Let the runs of a DAG go on."""
        self._call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let no task of a DAG begin."""
        self._call("PATCH", f"dags/{dag_id}", {"is_paused": True})

    def import_errors(self) -> dict[str, str]:
        """Return the import error of each DAG file that has one."""
        rows = self._rows("importErrors", "import_errors")
        return {row["filename"]: row["stack_trace"] for row in rows}

    def dag_run(self, dag_id: str, run_id: str) -> Run:
        """Return a run as it is now."""
        return Run.read(self._call("GET", run_path(dag_id, run_id)))

    def dag_runs(self, dag_id: str, *, states: tuple[str, ...] = ()) -> list[Run]:
        """Return the runs of a DAG, oldest first, those in `states` only if given."""
        return [Run.read(row) for row in self._rows(f"dags/{dag_id}/dagRuns", "dag_runs", state=states)]

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a whole run success or failed."""
        self._call("PATCH", run_path(dag_id, run_id), {"state": state})

    def task_instances(
        self, dag_id: str, run_id: str, *, states: tuple[str, ...] = (), since: datetime | None = None
    ) -> list[Task]:
        """Return the tasks of a run, those in `states` or those that changed `since` then, if given."""
        about = {"state": states} | ({"updated_at_gte": since.isoformat()} if since else {})
        rows = self._rows(f"{run_path(dag_id, run_id)}/taskInstances", "task_instances", **about)
        return [Task.read(row) for row in rows]

    def task(self, dag_id: str, run_id: str, task_id: str) -> Task:
        """Return one task of a run."""
        return Task.read(self._call("GET", task_path(dag_id, run_id, task_id)))

    def mark_task(self, dag_id: str, run_id: str, task_id: str, state: str, note: str | None = None) -> None:
        """Mark a task success or failed, as the UI's button does."""
        body = {"new_state": state} | ({"note": note} if note else {})
        self._call("PATCH", task_path(dag_id, run_id, task_id), body)

    def clear_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task with what follows it, as the UI's button does."""
        body = {
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "include_downstream": True,
            "only_failed": False,
            "dry_run": False,
        }
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", body)

    def questions(self, dag_id: str, run_id: str) -> list[Question]:
        """Return what the tasks of a run asked people, answered or not."""
        rows = self._rows(f"{run_path(dag_id, run_id)}/hitlDetails", "hitl_details")
        return [Question.read(row) for row in rows]

    def question(self, dag_id: str, run_id: str, task_id: str) -> Question:
        """Return what one task asks."""
        return Question.read(self._call("GET", f"{task_path(dag_id, run_id, task_id)}/-1/hitlDetails"))

    def respond(
        self, dag_id: str, run_id: str, task_id: str, chosen: list[str], params: dict[str, Any] | None = None
    ) -> None:
        """Answer a task's question through its form."""
        body = {"chosen_options": chosen, "params_input": params or {}}
        self._call("PATCH", f"{task_path(dag_id, run_id, task_id)}/-1/hitlDetails", body)

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the whole log of one try of a task."""
        path = f"{task_path(dag_id, run_id, task_id)}/logs/{try_number}"
        lines = self._call("GET", path, full_content=True)["content"]
        return "\n".join(line if isinstance(line, str) else str(line["event"]) for line in lines)

    def xcom_keys(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Return the keys that a task pushed so far."""
        rows = self._rows(f"{task_path(dag_id, run_id, task_id)}/xcomEntries", "xcom_entries")
        return [row["key"] for row in rows]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a value that a task pushed, None when it did not."""
        path = f"{task_path(dag_id, run_id, task_id)}/xcomEntries/{quote(key, safe='')}"
        try:
            return self._call("GET", path, deserialize=False)["value"]
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def events(self, dag_id: str, run_id: str, task_id: str | None = None) -> list[Event]:
        """Return the audit log of a run, or of one of its tasks, oldest first."""
        about = {"dag_id": dag_id, "run_id": run_id} | ({"task_id": task_id} if task_id else {})
        rows = self._rows("eventLogs", "event_logs", order_by="event_log_id", **about)
        return [Event.read(row) for row in rows]

    def _rows(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", path, limit=PAGE, offset=len(rows), **query)
            rows += page[key]
            if not page[key] or len(rows) >= page["total_entries"]:
                return rows

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        answer = self._look(path, query) if method == "GET" else self._send(method, path, body, query)
        if answer.is_error:
            raise self._refused(answer)
        return answer.json() if answer.content else None

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),  # a killed api-server is back within a minute
        stop=stop_after_delay(120),
        wait=wait_fixed(1),
        reraise=True,
    )
    def _look(self, path: str, query: dict[str, Any]) -> httpx.Response:
        return self._send("GET", path, None, query)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, Any]
    ) -> httpx.Response:
        self._sign_in()
        answer = self._http.request(method, f"/api/v2/{path}", json=body, params=query)
        if answer.status_code == 401:  # the token ran out
            self._sign_in(again=True)
            answer = self._http.request(method, f"/api/v2/{path}", json=body, params=query)
        return answer

    def _sign_in(self, *, again: bool = False) -> None:
        if "Authorization" in self._http.headers and not again:
            return
        login = {"username": self.user, "password": self._password}
        answer = self._http.post("/auth/token", json=login)
        if answer.is_error:
            raise self._refused(answer)
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _refused(self, answer: httpx.Response) -> Refused:
        request = answer.request
        return Refused(
            user=self.user,
            method=request.method,
            path=request.url.path,
            status=answer.status_code,
            detail=answer.text[:500],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a run; its id may hold any character."""
    return f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def task_path(dag_id: str, run_id: str, task_id: str) -> str:
    """Return the path of a task of a run."""
    return f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id)}"
