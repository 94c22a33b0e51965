"""A release on a running Airflow, as the tests drive it and look at it."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg

from slipway.facts import NOT_REACHED
from slipway.graph import OUTCOME
from slipway.local.demo import has_settled
from slipway.local.errors import NotInTime, Refused
from slipway.local.follow import UNDER_WAY
from slipway.local.person import Person
from slipway.local.records import Task
from slipway.local.rest import Client
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until
from slipway.sandbox.connections import LEDGER
from slipway.words import GateAnswer, Outcome

PATIENCE = 900  # seconds; other tests share the two cores, and a whole plan is a hundred tasks
SELDOM = 10  # at so many looks at a task one at the run, for which Airflow reads all of its tasks
GATE = "gate.go_no_go"
WATCH = "watch.watch_production"
RECORD = "SELECT record FROM slipway.releases WHERE plan = %s AND release_id = %s"


@dataclass(frozen=True)
class Release:
    """One release of a plan, seen and changed through Airflow's REST API."""

    stack: Stack
    plan: str
    id: str

    @classmethod
    def trigger(cls, stack: Stack, plan: str, version: str = "v2", **parameters: Any) -> Self:
        """Start a release as its release manager."""
        conf = {"version": version, "pace": 1800, **parameters}
        with stack.airflow.client("release_manager") as client:
            return cls(stack, plan, client.trigger_dag(plan, conf).run_id)

    def task(self, task_id: str) -> Task:
        with self.stack.airflow.client() as client:
            return client.task(self.plan, self.id, task_id)

    def states(self) -> dict[str, str]:
        """Return the state of each task that has one."""
        with self.stack.airflow.client() as client:
            tasks = client.task_instances(self.plan, self.id)
        return {task.task_id: task.state for task in tasks if task.state}

    def reached(self, *phases: str) -> list[str]:
        """Return the tasks of these phases that ran or may have run."""
        ran = [task_id for task_id, state in self.states().items() if state not in NOT_REACHED]
        return sorted(task_id for task_id in ran if task_id.startswith(phases))

    def undone(self) -> list[str]:
        """Return the undos and restores that took something back, in the order in which they began."""
        with self.stack.airflow.client() as client:
            tasks = client.task_instances(self.plan, self.id)
        undos = ("rollback.undo_", "rollback.restore_")
        began = {t.task_id: t.started for t in tasks if t.task_id.startswith(undos) and t.started}
        return [task_id for task_id in sorted(began, key=began.__getitem__) if self._took_back(task_id)]

    def _took_back(self, task_id: str) -> bool:
        return bool((self.xcom(task_id) or {}).get("undone"))

    def await_state(self, task_id: str, *wanted: str, every: float = 0.5) -> None:
        """Wait until a task has one of these states; a release that ends before it fails at once."""

        looks = count(1)

        def there(client: Client) -> bool:
            if client.task(self.plan, self.id, task_id).state in wanted:
                return True
            if next(looks) % SELDOM:
                return False
            over = client.dag_run(self.plan, self.id).is_over
            # The task may have come to its state between the two looks.
            assert not over or client.task(self.plan, self.id, task_id).state in wanted, self.picture()
            return False

        self.wait(there, f"{task_id} {' or '.join(wanted)}", every)

    def wait(self, condition: Callable[[Client], Any], what: str, every: float = 0.5) -> Any:
        """Wait until a condition holds, looking `every` so many seconds.

        Each look takes from the release that is looked at; a state that is short needs many. If the condition
        never holds, the fault shows the state of each task.
        """
        with self.stack.airflow.client() as client:
            try:
                return wait_until(lambda: condition(client), what, timeout=PATIENCE, every=every)
            except NotInTime as fault:
                fault.add_note(self.picture())
                raise

    def mark(self, task_id: str, state: str, by: str = "product_owner", note: str | None = None) -> None:
        """Mark a task as a person does in the UI."""
        with self.stack.airflow.client(by) as client:
            client.mark_task(self.plan, self.id, task_id, state, note)

    def respond(self, chosen: str, rationale: str = "", by: str = "product_owner") -> None:
        """Answer the gate's form."""
        with self.stack.airflow.client(by) as client:
            client.respond(self.plan, self.id, GATE, [chosen], {"rationale": rationale})

    def await_gate(self) -> None:
        """Wait until the gate can be answered."""
        self.await_question(GATE)

    def await_question(self, task_id: str) -> None:
        """Wait until a question can be answered."""
        self.await_state(task_id, "awaiting_input", every=1)

        def settled(client: Client) -> bool:
            run = client.dag_run(self.plan, self.id)
            return has_settled(self.stack.airflow, run, task_id)

        self.wait(settled, f"the question {task_id}")

    def go(self) -> Self:
        """Wait for the gate and give the GO by marking it."""
        self.await_gate()
        self.mark(GATE, "success", note="GO, staging looks good")
        return self

    def answered(
        self,
        answer: GateAnswer = GateAnswer.GO,
        enough: int = 0,
        until: str = "",
        leaving: Collection[str] = (),
    ) -> Self:
        """Answer all that is asked, as one of the people whom it asks, until the release is over.

        :param enough: the checkpoint after which a person ends each watch or soak, 0 for its own end
        :param until: the task in whose waiting this leaves the release to itself, "" for its end
        :param leaving: the questions that nobody answers
        """
        person = Person(airflow=self.stack.airflow, answer=answer, requester="release_manager")

        def is_over(client: Client) -> bool:
            under_way = client.task_instances(self.plan, self.id, states=UNDER_WAY)
            for task in under_way:
                if task.task_id in leaving:
                    continue
                if task.state == "awaiting_input":
                    self._answer_by(person, client, task.task_id)
                elif enough and task.state == "deferred" and self._has_seen(task.task_id, enough):
                    self.mark(task.task_id, "success", by="devops_lead", note="Seen enough")
                if task.task_id == until and task.state == "deferred":
                    return True
            return not under_way and client.dag_run(self.plan, self.id).is_over

        self.wait(is_over, "the end of the release", every=3)
        return self

    def _has_seen(self, task_id: str, checkpoint: int) -> bool:
        watches = task_id == WATCH or task_id.endswith(".soak")
        return watches and bool(self.xcom(task_id, f"checkpoint_{checkpoint}"))

    def _answer_by(self, person: Person, client: Client, task_id: str) -> None:
        run, question = client.dag_run(self.plan, self.id), client.question(self.plan, self.id, task_id)
        if has_settled(self.stack.airflow, run, task_id):
            with suppress(Refused):  # answered a moment ago
                person.answer_question(run, question)

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        with self.stack.airflow.client() as client:
            return client.xcom(self.plan, self.id, task_id, key)

    def log(self, task_id: str, try_number: int = 1) -> str:
        with self.stack.airflow.client() as client:
            return client.log(self.plan, self.id, task_id, try_number)

    def record(self) -> dict[str, Any]:
        """Return what the ledger keeps of this release."""
        with psycopg.connect(self.stack.sandbox.postgres.url(LEDGER)) as connection:
            row = connection.execute(RECORD, [self.plan, self.id]).fetchone()
        assert row, f"{self.plan} {self.id} is not in the ledger"
        return dict(row[0])

    def ends_as(self, outcome: Outcome) -> Self:
        """Wait for the end; outcome, colour, ledger and report must all say the same."""
        run = self.wait(lambda client: _over(client, self), "the end of the release", every=1)
        said = self.xcom("outcome")
        assert said, self.picture()
        assert said["outcome"] == outcome, f"{said['reasons']}\n{self.picture()}"
        assert run.state == ("success" if outcome is Outcome.RELEASED else "failed")
        assert self.record()["outcome"] == outcome
        assert f"{outcome}" in Path(said["report"]).read_text()
        return self

    def picture(self) -> str:
        """Return the release for a person who reads a failed test."""
        lines = [f"{self.plan} {self.id}", *(f"  {task}: {state}" for task, state in self.states().items())]
        return "\n".join(lines)


def _over(client: Client, release: Release) -> Any:
    if not client.task(release.plan, release.id, OUTCOME).is_over:
        return None
    run = client.dag_run(release.plan, release.id)
    return run if run.is_over else None
