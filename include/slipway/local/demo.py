"""A real release over the sandbox, started, followed and judged from the terminal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rich.console import Console

from slipway.graph import OUTCOME, REPORT
from slipway.local.errors import Refused
from slipway.local.follow import Follower
from slipway.local.person import Person
from slipway.local.picture import clock
from slipway.local.records import Question, Run, Task
from slipway.local.rest import Client
from slipway.local.service import LocalAirflow
from slipway.local.waiting import wait_until
from slipway.run import Json
from slipway.words import GateAnswer, Outcome

REQUESTER = "release_manager"


class SandboxFault(StrEnum):
    """What a bad version of a sandbox system does; each is a tag of its repository."""

    ERROR_RATE = "error-rate"
    LATENCY = "latency"
    CRASH_ON_START = "crash-on-start"
    BROKEN_MIGRATION = "broken-migration"
    DATA_CORRUPTION = "data-corruption"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a demo shall show.

    `pace` divides every waiting time of the plan; without `answer` a person answers in the UI. `break_glass`
    is the reason for releasing outside the plan's windows: a rehearsal may be at any time of the day. `keeps`
    is whether a rollback procedure of the plan goes back only part of the way, which ends HELD. `parameters`
    are those of the plan's own that have no default.
    """

    plan: str
    answer: GateAnswer | None = None
    fault: SandboxFault | None = None
    pace: float | None = None
    break_glass: str = ""
    keeps: bool = False
    parameters: Mapping[str, Json] = field(default_factory=dict)

    @property
    def conf(self) -> dict[str, Any]:
        """The run parameters."""
        more = {"pace": self.pace, "break_glass": self.break_glass}
        given = {name: value for name, value in more.items() if value}
        return {"version": self.version, **given, **self.parameters}

    @property
    def version(self) -> str:
        """The tag to release."""
        return f"v2-{self.fault}" if self.fault else "v2"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes that these flags ask for."""
        if self.answer is GateAnswer.NO_GO:
            return (Outcome.REJECTED,)
        if self.fault:
            return (Outcome.ROLLED_BACK, Outcome.HELD) if self.keeps else (Outcome.ROLLED_BACK,)
        return (Outcome.RELEASED,) if self.answer else (Outcome.RELEASED, Outcome.REJECTED)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the release of a demo ended, why, and what to do next."""

    run: Run
    outcome: str | None
    report: str | None
    undone: list[Task]
    why: Sequence[str] = ()
    next: str = ""


def release(
    airflow: LocalAirflow, wish: Wish, console: Console, *, ready: Callable[[], None] = lambda: None
) -> Ending:
    """Trigger a release of the wish's version, follow it to its end and return that end.

    `ready` runs when the plan is there and no older release of it runs any more: the moment to reset
    its environments. Raises PlanNotThere, or what LocalAirflow and its client raise.
    """
    with airflow.client("admin") as client:
        await_plan(client, wish.plan, console)
        end_older_releases(client, wish.plan, console)
        ready()
        client.unpause(wish.plan)
        run = _trigger(airflow, wish)
        console.print(guide(airflow, run, wish), highlight=False, soft_wrap=True)
        follower = Follower(client, run, console, airflow.url)
        return _ending(client, follower.follow(_answering(airflow, wish, run)))


def _trigger(airflow: LocalAirflow, wish: Wish) -> Run:
    with airflow.client(REQUESTER) as requester:
        return requester.trigger_dag(wish.plan, wish.conf)


def _answering(airflow: LocalAirflow, wish: Wish, run: Run) -> Callable[[Question], str | None]:
    if wish.answer is None:
        return lambda question: None
    person = Person(airflow=airflow, answer=wish.answer, requester=REQUESTER)

    def answer(question: Question) -> str | None:
        if not has_settled(airflow, run, question.task_id):
            return None
        try:
            return person.answer_question(run, question)
        except Refused as refused:
            if refused.status == 409:  # somebody in the UI was faster
                return None
            raise

    return answer


def has_settled(airflow: LocalAirflow, run: Run, task_id: str) -> bool:
    """Say whether the scheduler knows that the task of a question has begun to wait.

    An answer before that fails the task: Airflow takes the process that asked for the one that answers.
    """
    told = airflow.log("scheduler").read_text(errors="replace")
    finished = f"TaskInstance Finished: dag_id={run.dag_id}, task_id={task_id}, run_id={run.run_id},"
    started = f"<TaskInstance: {run.dag_id}.{task_id} {run.run_id} [scheduled]"
    return told.rfind(finished) > told.rfind(started)


class PlanNotThere(Exception):
    """Airflow has no DAG for the plan: its file is missing or does not import."""

    def __init__(self, plan: str, errors: dict[str, str]) -> None:
        self.plan, self.errors = plan, errors
        why = "\n".join(f"{file}:\n{text}" for file, text in errors.items()) or "No file in dags/ makes it."
        super().__init__(f"plan {plan}: Airflow has no such DAG. {why}\nTry: ./slipway plan list")


def await_plan(client: Client, plan: str, console: Console, *, timeout: float = 60) -> None:
    """Wait until Airflow has parsed the plan; or raise PlanNotThere after `timeout` seconds."""
    if client.dag(plan):
        return
    console.print(f"waiting until Airflow has read the plan {plan}")

    def parsed_or_broken() -> bool:
        return bool(client.dag(plan)) or any(plan in file for file in client.import_errors())

    try:
        wait_until(parsed_or_broken, f"the plan {plan}", timeout=timeout, every=0.3)
    finally:
        if not client.dag(plan):
            raise PlanNotThere(plan, client.import_errors())


def end_older_releases(client: Client, plan: str, console: Console) -> None:
    """Fail what still runs of this plan: its environments are about to be reset under it."""
    for run in client.dag_runs(plan, states=("queued", "running")):
        console.print(f"ending the release {run.run_id}, which was left open")
        client.mark_run(plan, run.run_id, "failed")


def guide(airflow: LocalAirflow, run: Run, wish: Wish) -> str:
    """Return where to look, how to sign in and what to click."""
    password = airflow.home.passwords()[REQUESTER]
    grid = f"{airflow.url}/dags/{run.dag_id}/runs/{run.run_id}"
    lines = [
        "",
        f"Release of {wish.version} by the plan {run.dag_id}: {grid}",
        f"Sign in as {REQUESTER} with the password {password}",
        f"(the others, one for each role of an approver: {airflow.home.passwords_file})",
    ]
    if wish.answer is None:
        lines += [
            "Checklists come first: open the address of each that is named here, tick and submit.",
            "Then the gate, which names who may answer it: sign in as one of them, open its address, mark it",
            "success (GO) or failed (NO-GO), open Note, say why. A GO of somebody else, or one that does not",
            "say why, ends as NO-GO, and stays so. The gate's form asks the same.",
        ]
    return "\n".join([*lines, ""])


def _ending(client: Client, run: Run) -> Ending:
    facts = client.xcom(run.dag_id, run.run_id, OUTCOME) or {}
    told = client.xcom(run.dag_id, run.run_id, REPORT) or {}
    began = [
        task
        for task in client.task_instances(run.dag_id, run.run_id)
        if task.task_id.startswith("rollback.") and task.started and task.state not in ("skipped", "removed")
    ]
    # Undo and restore tasks say whether they had anything to take back; one that failed says nothing.
    undone = [task for task in began if task.state == "failed" or _took_back(client, run, task)]
    undone.sort(key=lambda task: task.started.timestamp() if task.started else 0)
    return Ending(
        run=run,
        outcome=facts.get("outcome"),
        why=facts.get("reasons") or [],
        next=told.get("next", ""),
        report=facts.get("report"),
        undone=undone,
    )


def _took_back(client: Client, run: Run, task: Task) -> bool:
    value = client.xcom(run.dag_id, run.run_id, task.task_id)
    return isinstance(value, dict) and value.get("undone") is True


def tell(ending: Ending, wish: Wish, console: Console) -> bool:
    """Print how the release ended; return whether it is what the wish asks for."""
    took = clock(ending.run.ended - ending.run.started) if ending.run.ended and ending.run.started else "?"
    console.print(f"\nOutcome: {ending.outcome or 'unknown'} after {took}", style="bold", highlight=False)
    for reason in ending.why:
        console.print(f"Why: {reason}", highlight=False, markup=False, soft_wrap=True)
    if ending.undone:
        console.print("Undone, in this order:")
        for task in ending.undone:
            console.print(f"  {task.task_id}: {task.state}", highlight=False)
    if ending.next:
        console.print(f"Next: {ending.next}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"Report: {ending.report or 'none'}", highlight=False, soft_wrap=True)
    granted = ending.outcome in wish.outcomes
    if not granted:
        console.print(f"Asked for: {' or '.join(wish.outcomes)}", style="red")
    return granted
