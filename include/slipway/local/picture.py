"""A release at one moment, as a terminal shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from slipway.local.records import Question, Run, Task
from slipway.words import Phase

ACTIVE = ("running", "deferred", "awaiting_input", "up_for_retry", "up_for_reschedule")
PAUSED = "The plan is paused in the UI: no task begins, nor would a rollback. Switch it on beside its name."
COLOURS = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "dark_orange",
    "skipped": "bright_black",
    "awaiting_input": "yellow",
    "deferred": "blue",
    "running": "cyan",
    "up_for_retry": "magenta",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a release looks like now: its tasks, what it asks, and the checkpoints of its watches.

    :param address: of Airflow's UI, e.g. "http://127.0.0.1:8080"
    :param paused: whether the plan is switched off in the UI, so that no further task begins
    """

    run: Run
    tasks: Sequence[Task]
    questions: Sequence[Question]
    checkpoints: Sequence[str]
    now: datetime
    address: str
    paused: bool = False

    @property
    def elapsed(self) -> timedelta:
        """How long the release goes on, or went."""
        return ((self.run.ended or self.now) - self.run.started) if self.run.started else timedelta(0)

    @property
    def active(self) -> list[Task]:
        """The tasks that do something or wait for something now."""
        return [task for task in self.tasks if task.state in ACTIVE]

    @property
    def open_questions(self) -> list[Question]:
        """What people are asked now. A marked gate is not open, although nobody answered its form."""
        asking = {task.task_id for task in self.tasks if task.state == "awaiting_input"}
        return [each for each in self.questions if each.task_id in asking and not each.is_answered]

    def phases(self) -> dict[str, list[Task]]:
        """Return the tasks of each phase that was reached, phases in the order in which they began."""
        reached = [task for task in self.tasks if task.started]
        reached.sort(key=lambda task: task.started or datetime.max.replace(tzinfo=UTC))
        found: dict[str, list[Task]] = {}
        for task in reached:
            found.setdefault(phase_of(task.task_id), []).append(task)
        return found

    def render(self) -> RenderableType:
        """Return what a terminal shows."""
        version = self.run.conf.get("version", "")
        title = Text(f"{self.run.dag_id} {version}  {clock(self.elapsed)}  {self.run.state}", style="bold")
        table = Table(show_header=False, box=None, pad_edge=False)
        for phase, tasks in self.phases().items():
            table.add_row(Text(phase, style="bold"), Text(" ").join(_mark(task) for task in tasks))
        doing = [Spinner("dots", text=self._doing(task)) for task in self.active]
        past = [Text(f"  {line}", style="dim") for line in self.checkpoints[-6:]]
        asked = [Text(line, style="yellow") for each in self.open_questions for line in self.asked(each)]
        halted = [Text(PAUSED, style="bold red")] if self.paused else []
        return Group(title, table, *past, *doing, *asked, *halted)

    def asked(self, question: Question) -> list[str]:
        """Return what a question says and where it is answered, for a person who looks at the terminal."""
        who = f" (asks {', '.join(question.assigned)})" if question.assigned else ""
        place = f"{self.address}/dags/{self.run.dag_id}/runs/{self.run.run_id}/tasks/{question.task_id}"
        # A gate is marked, on its own page; everything else is a form, which has a page beside it.
        form = "" if phase_of(question.task_id) == Phase.GATE else "/required_actions"
        return [f"waits for a person: {question.task_id}{who}", f"  {question.subject}", f"  {place}{form}"]

    def _doing(self, task: Task) -> str:
        since = clock(self.now - task.started) if task.started else ""
        return f"{task.task_id}: {task.state} {since}"


def _mark(task: Task) -> Text:
    name = task.task_id.split(".", 1)[-1]
    return Text(name, style=COLOURS.get(task.state or "", "white"))


def phase_of(task_id: str) -> str:
    """Return the phase that a task belongs to, its own name outside of all phases."""
    return task_id.split(".", 1)[0]


def clock(length: timedelta) -> str:
    """Return a length as minutes and seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return f"{minutes:02}:{seconds:02}"
