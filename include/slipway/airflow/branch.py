"""Branching, and failing, without waiting for Airflow to follow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Context, TriggerRule
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped

from slipway.airflow.gather import task_states

if TYPE_CHECKING:
    from airflow.sdk.types import Operator

LOG = logging.getLogger("slipway")
ANY = (TriggerRule.ALL_SUCCESS, TriggerRule.NONE_SKIPPED)  # one skipped task before it, and it is skipped
NEEDS_ALL = (TriggerRule.ALL_SUCCESS, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)  # no failed task before it
KEPT = ("running", "success", "failed")  # states that Airflow lets no branch overwrite
ALL = (TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, TriggerRule.ONE_FAILED)  # skipped when all before it are


class BranchOperator(BaseBranchOperator):
    """A branch that skips at once whatever Airflow would skip for it, one task at each look of its scheduler.

    A rollback would wait for that, and production with it.
    """

    def do_branch(
        self, context: Context, branches_to_execute: str | Iterable[str] | None
    ) -> str | Iterable[str] | None:
        """Skip all ways but the chosen ones, and what hangs on them alone."""
        try:
            return super().do_branch(context, branches_to_execute)
        except DownstreamTasksSkipped as skipped:
            first = [task if isinstance(task, str) else task[0] for task in skipped.tasks]
            first += self.skips_too(context)
            skipped.tasks = skipped_with(context["dag"], first, task_states(context))
            raise

    def skips_too(self, context: Mapping[str, Any]) -> Sequence[str]:
        """Return tasks that would begin only to skip themselves on the chosen way."""
        return ()


def follow_the_failure(context: Context) -> None:
    """Skip at once what cannot run any more, since the task of this context has failed or skipped itself.

    Airflow would find that out by itself, one task at each look of its scheduler: after a fault in the middle
    of a long plan the verdict, and with it the rollback, would wait half a minute for it. What closes
    questions still runs where the failure is its cause.

    A callback of the task, which runs while Airflow still takes it for running. One that was marked by then
    has the state that a person gave it; and for one that was killed the dag processor calls back, whose
    context has no state and which can skip nothing. Then Airflow finds out as ever.
    """
    from airflow.sdk.execution_time.comms import SkipDownstreamTasks
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    task_id = context["task"].task_id
    if not context["ti"].state or (states := task_states(context)).get(task_id) != "running":
        return
    if skipped := cut_off_by(context["dag"], task_id, states):
        SUPERVISOR_COMMS.send(SkipDownstreamTasks(tasks=[*skipped]))
        number = len(skipped)
        LOG.info("Skipped at once: %d task%s that cannot run any more.", number, "" if number == 1 else "s")


def cut_off_by(dag: DAG, task_id: str, states: Mapping[str, str]) -> list[str]:
    """Return what cannot run any more once this task has failed, in the order of the DAG.

    :param states: the state of each task that has one
    """
    gone = _with_what_follows(dag, {task_id}, states, lambda task, gone: _is_cut_off(task, gone, task_id))
    return [each for each in gone if each != task_id]


def skipped_with(dag: DAG, first: Iterable[str], states: Mapping[str, str]) -> list[str]:
    """Return what is skipped when these tasks are, in the order of the DAG: they and what hangs on them.

    A task that runs or has ended is not skipped, and nothing is for its sake: the way back may have begun
    before a question to which it is the answer was cleared.

    :param states: the state of each task that has one
    """
    skipped = {task_id for task_id in first if states.get(task_id) not in KEPT}
    return _with_what_follows(dag, skipped, states, _follows)


def _with_what_follows(
    dag: DAG,
    first: Collection[str],
    states: Mapping[str, str],
    follows: Callable[[Operator, Collection[str]], bool],
) -> list[str]:
    """Return these tasks with those without a state that follow them, in the order of the DAG."""
    found, waiting = set(first), [task for task in dag.tasks if not states.get(task.task_id)]
    while more := {task.task_id for task in waiting if follows(task, found)} - found:
        found |= more
    return [task.task_id for task in dag.tasks if task.task_id in found]


def _is_cut_off(task: Operator, gone: Collection[str], failed: str) -> bool:
    before = task.upstream_task_ids
    if task.trigger_rule in NEEDS_ALL:
        return any(task_id in gone for task_id in before)
    # What closes questions when one of these fails: none of them begins, so nobody is asked.
    never = bool(before) and all(task_id in gone and task_id != failed for task_id in before)
    return task.trigger_rule == TriggerRule.ONE_FAILED and never


def _follows(task: Operator, skipped: Collection[str]) -> bool:
    before = task.upstream_task_ids
    if task.trigger_rule in ANY:
        return any(task_id in skipped for task_id in before)
    return task.trigger_rule in ALL and bool(before) and all(task_id in skipped for task_id in before)
