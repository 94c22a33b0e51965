"""Answers a release's questions as the asked people would."""

from dataclasses import dataclass
from typing import Any

from slipway.local.records import Question, Run
from slipway.local.service import LocalAirflow
from slipway.words import GateAnswer, Phase


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whoever is asked: gates are marked in the grid, checklists and other questions answered by form.

    `requester` triggered the release, and leaves gates to others where others are asked too.
    """

    airflow: LocalAirflow
    answer: GateAnswer
    requester: str

    def answer_question(self, run: Run, question: Question) -> str:
        """Answer one open question and return what was done, as a sentence."""
        user = self._one_of(question.assigned)
        if question.task_id.startswith(f"{Phase.GATE}."):
            return self._mark(run, question, user)
        chosen = choose(question)
        with self.airflow.client(user) as client:
            client.respond(run.dag_id, run.run_id, question.task_id, [chosen], ticked(question))
        return f"{user} answered {question.task_id}: {chosen}"

    def _mark(self, run: Run, question: Question, user: str) -> str:
        state = "success" if self.answer is GateAnswer.GO else "failed"
        note = f"{self.answer}: answered by the demo for {user}"
        with self.airflow.client(user) as client:
            client.mark_task(run.dag_id, run.run_id, question.task_id, state, note)
        return f"{user} marked {question.task_id} {state} ({self.answer})"

    def _one_of(self, assigned: list[str]) -> str:
        others = [user for user in assigned if user != self.requester]
        return next(iter(others or assigned), self.requester)


def choose(question: Question) -> str:
    """Return the option that a careful person takes: roll back where that is asked, else the first one."""
    return next((each for each in question.options if "roll" in each.lower()), question.options[0])


def ticked(question: Question) -> dict[str, Any]:
    """Return the form filled in: every box ticked, everything else as it was offered."""
    filled = {}
    for name, param in question.params.items():
        offered = param["value"] if isinstance(param, dict) and "value" in param else param
        filled[name] = True if isinstance(offered, bool) else offered
    return filled
