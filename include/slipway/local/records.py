"""What Airflow's REST API tells, as values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True, kw_only=True)
class Run:
    """One DAG run: a release."""

    dag_id: str
    run_id: str
    state: str
    conf: dict[str, Any]
    started: datetime | None
    ended: datetime | None

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        """Read a row of the API."""
        return cls(
            dag_id=row["dag_id"],
            run_id=row["dag_run_id"],
            state=row["state"],
            conf=row["conf"] or {},
            started=moment(row["start_date"]),
            ended=moment(row["end_date"]),
        )

    @property
    def is_over(self) -> bool:
        """Say whether the run came to its end."""
        return self.state in ("success", "failed")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a run, as its latest try left it."""

    task_id: str
    state: str | None
    started: datetime | None
    ended: datetime | None
    try_number: int
    operator: str | None
    note: str | None

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        """Read a row of the API."""
        return cls(
            task_id=row["task_id"],
            state=row["state"],
            started=moment(row["start_date"]),
            ended=moment(row["end_date"]),
            try_number=row["try_number"],
            operator=row["operator_name"],
            note=row["note"],
        )

    @property
    def is_over(self) -> bool:
        """Say whether the task came to its end."""
        return self.state in FINISHED


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a task asks a person."""

    task_id: str
    subject: str
    body: str
    options: list[str]
    params: dict[str, Any]
    assigned: list[str] = field(default_factory=list)
    is_answered: bool = False
    chosen: list[str] = field(default_factory=list)
    answered_by: str | None = None

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        """Read a row of the API."""
        return cls(
            task_id=row["task_instance"]["task_id"],
            subject=row["subject"],
            body=row["body"] or "",
            options=row["options"],
            params=row["params"],
            assigned=[user["id"] for user in row["assigned_users"]],
            is_answered=row["response_received"],
            chosen=row["chosen_options"] or [],
            answered_by=(row["responded_by_user"] or {}).get("id"),
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """One row of the audit log."""

    id: int
    when: datetime
    event: str
    owner: str | None
    task_id: str | None
    extra: str | None

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        """Read a row of the API."""
        return cls(
            id=row["event_log_id"],
            when=datetime.fromisoformat(row["when"]),
            event=row["event"],
            owner=row["owner"],
            task_id=row["task_id"],
            extra=row["extra"],
        )


def moment(text: str | None) -> datetime | None:
    """Read a time of the API."""
    return datetime.fromisoformat(text) if text else None
