"""Closing questions that nobody needs to answer any more."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from slipway.airflow.gather import marked_failed
from slipway.airflow.meanwhile import ENDED
from slipway.airflow.rest import AirflowApi, ApiRefused
from slipway.words import Action

CONFLICT = 409  # the HTTP status where a task has the state already that it is to be marked with


class CloseOthersOperator(BaseOperator):
    """Closes questions that still wait as soon as one of some tasks failed; skips itself where none did.

    What was answered a moment ago is left to end by itself: an answer that was given counts.
    `one_failed` also fires where something before those tasks failed, and then nobody was asked. If it cannot
    close a question it fails, and the question ends by its own timeout.

    :param causes: the tasks of which one has failed
    :param questions: what is closed, and the watch that stands beside it
    :param state: what a closed question is marked: "failed" where that is its safe answer, else "skipped"
    :param why: what its note says, {} is the causes that failed
    :param watch: the cause that closes nothing unless a breach ended it, or a person marked it failed
    """

    def __init__(
        self,
        *,
        causes: Sequence[str],
        questions: Sequence[str],
        state: str,
        why: str,
        watch: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.causes, self.questions, self.state, self.why = list(causes), list(questions), state, why
        self.watch = watch

    def execute(self, context: Context) -> list[str]:
        """Mark every question that still waits; return the closed ones."""
        ti, api = context["ti"], AirflowApi()
        asked = {*self.causes, *self.questions}
        states = {
            task_id: api.task_instance(ti.dag_id, ti.run_id, task_id).state for task_id in sorted(asked)
        }
        failed = ", ".join(task_id for task_id in self.causes if states[task_id] == "failed")
        if not failed:
            raise AirflowSkipException("nobody was asked")
        if self.watch and not _said(ti, self.watch):
            self.log.warning("%s broke: it says nothing, and the question stays with the person.", self.watch)
            raise AirflowSkipException("the watch broke")
        why = self.why.format(failed)
        waiting = [task_id for task_id in self.questions if states[task_id] not in ENDED]
        return [task_id for task_id in waiting if self._closed(api, ti, task_id, why)]

    def _closed(self, api: AirflowApi, ti: Any, task_id: str, why: str) -> bool:
        asked = api.hitl_detail(ti.dag_id, ti.run_id, task_id)
        if asked and asked.responded_at:
            self.log.info("%s has just been answered; it ends by itself.", task_id)
            return False
        try:
            api.mark(ti.dag_id, ti.run_id, task_id, self.state, f"closed: {why}")
        except ApiRefused as refused:
            if refused.status != CONFLICT:
                raise
            self.log.info("%s has just ended by itself.", task_id)
            return False
        self.log.info("Closed %s: %s", task_id, why)
        return True


def _said(ti: Any, watch: str) -> bool:
    breaches = ti.xcom_pull(task_ids=watch, key="breaches") or []
    return any(Action(b["action"]).ends_the_watch for b in breaches) or bool(marked_failed(ti, [watch]))
