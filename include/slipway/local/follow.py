"""Follows a release in the terminal until it ends."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.live import Live

from slipway.local.picture import ACTIVE, PAUSED, Picture, clock
from slipway.local.records import Question, Run, Task
from slipway.local.rest import Client

INTERVAL = 1.0  # seconds; a person cannot read faster, and each look takes time from the release
PAUSED_EVERY = 5.0  # seconds
ALL_EVERY = timedelta(seconds=30)
SLACK = timedelta(seconds=10)  # a change is seen when its transaction ends, and dated from within
UNDER_WAY = (*ACTIVE, "scheduled", "queued")


class Follower:
    """Shows one release: a live picture in a terminal, one line for each change anywhere else."""

    def __init__(self, client: Client, run: Run, console: Console, address: str) -> None:
        self.client, self.run, self.console, self.address = client, run, console, address
        self._seen: set[tuple[str, str, int]] = set()
        self._checkpoints: dict[tuple[str, str], str] = {}
        self._read_to_the_end: set[str] = set()
        self._told_paused = self._paused = False
        self._ask_whether_paused_at = 0.0
        self._tasks: dict[str, Task] = {}
        self._read_at = self._all_read_at = datetime.min.replace(tzinfo=UTC) + ALL_EVERY

    def follow(self, on_question: Callable[[Question], str | None]) -> Run:
        """Show the release until it ends and return it; `on_question` may answer and say what it did."""
        screen = Live(console=self.console, transient=False) if self.console.is_terminal else nullcontext()
        with screen as live:
            while True:
                picture = self.look()
                self._show(picture, live)
                if picture.run.is_over:
                    return picture.run
                for question in picture.open_questions:
                    if done := on_question(question):
                        self.console.print(f"{clock(picture.elapsed)}  {done}", highlight=False)
                time.sleep(INTERVAL)

    def look(self) -> Picture:
        """Return the release as it is now."""
        dag_id, run_id = self.run.dag_id, self.run.run_id
        tasks = self._read_tasks()
        # For its state of a run Airflow reads all of its tasks, too.
        if not self.run.started or not any(task.state in UNDER_WAY for task in tasks):
            self.run = self.client.dag_run(dag_id, run_id)
        asking = any(task.state == "awaiting_input" for task in tasks)
        questions = self.client.questions(dag_id, run_id) if asking else []
        for task in tasks:
            if is_watch(task.task_id) and task.started and task.task_id not in self._read_to_the_end:
                self._read_checkpoints(task.task_id)
                self._read_to_the_end |= {task.task_id} if task.is_over else set()
        return Picture(
            run=self.run,
            tasks=tasks,
            questions=questions,
            checkpoints=list(self._checkpoints.values()),
            now=datetime.now(UTC),
            address=self.address,
            paused=self._is_paused(tasks),
        )

    def _read_tasks(self) -> list[Task]:
        """Return all tasks; only those that changed are asked for, for Airflow reads much to tell of one."""
        now = datetime.now(UTC)
        since: datetime | None = self._read_at - SLACK
        if now - self._all_read_at > ALL_EVERY:
            self._tasks, since = {}, None
            self._all_read_at = now
        self._read_at = now
        changed = self.client.task_instances(self.run.dag_id, self.run.run_id, since=since)
        self._tasks |= {task.task_id: task for task in changed}
        return list(self._tasks.values())

    def _is_paused(self, tasks: Sequence[Task]) -> bool:
        """Ask only now and then while no task runs: Airflow reads the whole DAG for it, which takes long."""
        if any(task.state == "running" for task in tasks):
            return False
        if time.monotonic() >= self._ask_whether_paused_at:
            self._ask_whether_paused_at = time.monotonic() + PAUSED_EVERY
            self._paused = bool((self.client.dag(self.run.dag_id) or {}).get("is_paused"))
        return self._paused

    def _read_checkpoints(self, task_id: str) -> None:
        for key in sorted(self.client.xcom_keys(self.run.dag_id, self.run.run_id, task_id), key=in_order):
            if key.startswith("checkpoint") and (task_id, key) not in self._checkpoints:
                value = self.client.xcom(self.run.dag_id, self.run.run_id, task_id, key)
                self._checkpoints[task_id, key] = checkpoint_line(task_id, key, value)

    def _show(self, picture: Picture, live: Live | None) -> None:
        if live:
            live.update(picture.render())
            return
        for line in self._news(picture):
            self.console.print(f"{clock(picture.elapsed)}  {line}", highlight=False, soft_wrap=True)

    def _news(self, picture: Picture) -> list[str]:
        news = []
        for task in sorted(picture.tasks, key=lambda each: each.ended or picture.now):
            key = (task.task_id, task.state or "", task.try_number)
            begun = (task.task_id, "running", task.try_number) in self._seen
            untold = (None, "") if begun else (None, "", *UNTOLD)
            if task.started and task.state not in untold and key not in self._seen:
                self._seen.add(key)
                news.append(f"{task.task_id}: {task.state}")
        if picture.paused and not self._told_paused:
            news.append(PAUSED)
        self._told_paused = picture.paused
        for name, line in self._checkpoints.items():
            if (*name, 0) not in self._seen:
                self._seen.add((*name, 0))
                news.append(line)
        for question in picture.open_questions:
            if (question.task_id, "asked", 0) not in self._seen:
                self._seen.add((question.task_id, "asked", 0))
                news += picture.asked(question)
        return news


# What did not run, or is about to, is no news, unless it was told that it runs; the report tells it.
UNTOLD = ("skipped", "upstream_failed", "scheduled", "queued")


def is_watch(task_id: str) -> bool:
    """Say whether a task watches for a while."""
    return task_id.startswith("watch.") or task_id.endswith((".soak", "watch_meanwhile"))


def in_order(key: str) -> tuple[str, int]:
    """Sort checkpoint_10 after checkpoint_9."""
    name, _, number = key.rpartition("_")
    return (name, int(number)) if number.isdigit() else (key, 0)


def checkpoint_line(task_id: str, key: str, value: Any) -> str:
    """Return a checkpoint as one line."""
    if not isinstance(value, dict) or "summary" not in value:
        return f"{task_id} {key}: {value}"
    why = [str(breach.get("reason", "")) for breach in value.get("breaches") or ()]
    return f"{task_id} {'. '.join([str(value['summary']), *why])}"
