"""Branching without waiting for Airflow to follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Context, TriggerRule
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped

from slipway.airflow.gather import task_states

if TYPE_CHECKING:
    from airflow.sdk.types import Operator

ANY = (TriggerRule.ALL_SUCCESS, TriggerRule.NONE_SKIPPED)  # one skipped task before it, and it is skipped
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


def skipped_with(dag: DAG, first: Iterable[str], states: Mapping[str, str]) -> list[str]:
    """Return what is skipped when these tasks are, in the order of the DAG: they and what hangs on them.

    A task that runs or has ended is not skipped, and nothing is for its sake: the way back may have begun
    before a question to which it is the answer was cleared.

    :param states: the state of each task that has one
    """
    skipped = {task_id for task_id in first if states.get(task_id) not in KEPT}
    while (
        more := {t.task_id for t in dag.tasks if not states.get(t.task_id) and _follows(t, skipped)} - skipped
    ):
        skipped |= more
    return [task.task_id for task in dag.tasks if task.task_id in skipped]


def _follows(task: Operator, skipped: Collection[str]) -> bool:
    before = task.upstream_task_ids
    if task.trigger_rule in ANY:
        return any(task_id in skipped for task_id in before)
    return task.trigger_rule in ALL and bool(before) and all(task_id in skipped for task_id in before)
