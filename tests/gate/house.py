"""The people of a running Airflow, and what they do to a gate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway.local.demo import has_settled
from slipway.local.records import Run, Task
from slipway.local.rest import Client
from slipway.local.service import LocalAirflow
from slipway.local.waiting import wait_until

GATE = "gate.go_no_go"
DECISION = "gate.decision"
PRODUCTION = "production.deploy"
OFTEN = ("alone", "ask", "both")
OVER = {"success", "failed", "skipped", "upstream_failed"}


@dataclass
class House:
    """One Airflow, with a client for each of its users."""

    airflow: LocalAirflow
    clients: dict[str, Client] = field(default_factory=dict)
    ahead: dict[str, Run] = field(default_factory=dict)

    def as_user(self, user: str) -> Client:
        if user not in self.clients:
            self.clients[user] = self.airflow.client(user)
        return self.clients[user]

    def release(self, dag_id: str, *, by: str = "release_manager", **conf: Any) -> "Release":
        """Trigger a DAG of tests/gate/dags as a person does.

        Of one that is wanted often the next is triggered ahead, and comes to its question meanwhile; the last
        of them is left over.
        """
        if conf or by != "release_manager" or dag_id not in OFTEN:
            return Release(house=self, run=self._triggered(dag_id, by, conf))
        run = self.ahead.get(dag_id) or self._triggered(dag_id, by, conf)
        self.ahead[dag_id] = self._triggered(dag_id, by, conf)
        return Release(house=self, run=run)

    def _triggered(self, dag_id: str, by: str, conf: dict[str, Any]) -> Run:
        admin = self.as_user("admin")
        wait_until(lambda: admin.dag(dag_id), f"the DAG {dag_id}", timeout=60)
        admin.unpause(dag_id)
        return self.as_user(by).trigger_dag(dag_id, conf)


@dataclass
class Release:
    """One run, and what people do to it."""

    house: House
    run: Run

    def task(self, task_id: str) -> Task:
        return self.house.as_user("admin").task(self.run.dag_id, self.run.run_id, task_id)

    def wait_for(self, task_id: str, *states: str) -> "Release":
        wanted = set(states) or OVER
        seen: Callable[[], bool] = lambda: self.task(task_id).state in wanted  # noqa: E731
        wait_until(seen, f"{task_id} to be {wanted}", timeout=60, every=0.25)
        return self

    def asked(self, task_id: str) -> "Release":
        """Wait until the question is open, and the scheduler knows it.

        A form answered before the scheduler has seen the end of the process that asked fails the task
        (docs/adr/0015-gate-asking-again.md).
        """
        self.wait_for(task_id, "awaiting_input")
        wait_until(
            lambda: has_settled(self.house.airflow, self.run, task_id),
            f"the scheduler to have seen {task_id} wait",
            timeout=60,
        )
        return self

    def over(self) -> "Release":
        """Wait until the run is over: a clear in its last moment would not start it again."""
        admin = self.house.as_user("admin")
        ended: Callable[[], bool] = lambda: admin.dag_run(self.run.dag_id, self.run.run_id).is_over  # noqa: E731
        wait_until(ended, "the run to be over", timeout=60)
        return self

    def wait_for_answers(self, task_id: str, count: int) -> "Release":
        """Wait until the task has taken that many form answers."""
        answered: Callable[[], bool] = lambda: len(self.xcom(task_id, "answers") or []) >= count  # noqa: E731
        wait_until(answered, f"{count} answers to {task_id}", timeout=60, every=0.5)
        return self

    def mark(self, task_id: str, state: str, *, by: str, note: str | None = None) -> None:
        self.house.as_user(by).mark_task(self.run.dag_id, self.run.run_id, task_id, state, note)

    def answer(self, task_id: str, option: str, *, by: str, **fields: Any) -> None:
        """Answer the form; without fields none is sent, which the REST API allows."""
        client = self.house.as_user(by)
        client.respond(self.run.dag_id, self.run.run_id, task_id, [option], fields)

    def call(self, method: str, path: str, body: Any, *, by: str) -> Any:
        """Send what the UI sends where the client has no word for it; `path` follows the run's."""
        full = f"dags/{self.run.dag_id}/dagRuns/{self.run.run_id}{path}"
        return self.house.as_user(by)._call(method, full, body)

    def clear(self, *task_ids: str, by: str = "release_manager") -> None:
        """Clear tasks of a run that is over, and with them nothing else."""
        self.over()
        body = {"dag_run_id": self.run.run_id, "task_ids": list(task_ids), "dry_run": False}
        body |= {"only_failed": False, "reset_dag_runs": True}
        self.house.as_user(by)._call("POST", f"dags/{self.run.dag_id}/clearTaskInstances", body)

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        return self.house.as_user("admin").xcom(self.run.dag_id, self.run.run_id, task_id, key)

    def log(self, task_id: str, try_number: int = 1) -> str:
        """Return a task's log with the errors that ended it."""
        path = f"/taskInstances/{task_id}/logs/{try_number}?full_content=true"
        lines = self.call("GET", path, None, by="admin")["content"]
        return "\n".join(line if isinstance(line, str) else _read(line) for line in lines)


def _read(line: dict[str, Any]) -> str:
    errors = [str(error["exc_value"]) for error in line.get("error_detail") or ()]
    return " ".join([str(line["event"]), *errors])


def went(release: Release) -> tuple[str | None, str | None]:
    """How decision and production ended."""
    release.wait_for(DECISION).wait_for(PRODUCTION)
    return release.task(DECISION).state, release.task(PRODUCTION).state


def reasons(release: Release) -> list[str]:
    return list(release.xcom(DECISION)["reasons"])
