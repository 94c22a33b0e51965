"""Gathers what a gate is judged by: forms, audit log, task states and what staging left."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slipway.airflow.rehearsal import no_rehearsal
from slipway.airflow.rest import AirflowApi, EventLog, HitlDetail
from slipway.airflow.run import AirflowRun
from slipway.gate.criteria import (
    commits,
    evidence_tasks,
    packages,
    parameters_digest,
    state_of,
    unproved,
)
from slipway.gate.records import Asked, CriterionState, FormAnswer, GateQuestion, Mark, Release
from slipway.gate.text import shown_release
from slipway.kinds import Step
from slipway.plan import Approval, Plan
from slipway.run import Json, pace_of
from slipway.steps.wait_until import WaitUntil, first_wait
from slipway.windows import is_open
from slipway.words import GateAnswer

SHOWN = "shown"  # the XCom of a question with what it showed
MARKS = ("patch_task_instance", "patch_task_group_instances", "patch_dag_run")
_REACHES = ("include_upstream", "include_downstream", "include_future", "include_past")


def results(plan: Plan, ti: Any) -> dict[str, Json]:
    """Return what each check, checklist and staging step left, by its name."""
    return {name: ti.xcom_pull(task_ids=task_id) for name, task_id in evidence_tasks(plan).items()}


def release_now(plan: Plan, digest: str, found: Mapping[str, Json], conf: Mapping[str, Json]) -> Release:
    """Return what would be deployed now."""
    return Release(
        digest=digest,
        parameters_digest=parameters_digest(conf),
        commits=commits(plan, found),
        packages=packages(plan, found),
    )


def criteria_now(plan: Plan, found: Mapping[str, Json]) -> tuple[CriterionState, ...]:
    """Return each criterion with what its checks say now."""
    return tuple(state_of(criterion, found) for criterion in plan.gate.criteria)


def question_now(plan: Plan, digest: str, context: Mapping[str, Any]) -> GateQuestion:
    """Return the gate's question as it stands now."""
    found = results(plan, context["ti"])
    run = context["dag_run"]
    return GateQuestion(
        release=release_now(plan, digest, found, run.conf or {}),
        criteria=criteria_now(plan, found),
        requester=requester_of(context),
        requester_may_approve=plan.gate.requester_may_approve,
        window_open=is_open(plan.windows, datetime.now(UTC)),
        break_glass=str(context["params"].get("break_glass") or ""),
        unproved=unproved(plan, found),
        must_not_begin=too_late(plan.on_production, plan, context) or no_rehearsal(plan, context),
    )


def too_late(steps: Sequence[Step], plan: Plan, context: Mapping[str, Any]) -> str:
    """Return why staging or production cannot begin any more, "" if it can: its time is too long ago."""
    return _wait_of(steps, plan, context, WaitUntil.too_late)


def production_outlook(plan: Plan, context: Mapping[str, Any]) -> str:
    """Return a sentence of when production begins if it is decided now, "" if it follows a GO at once."""
    return _wait_of(plan.on_production, plan, context, WaitUntil.outlook)


def _wait_of(
    steps: Sequence[Step],
    plan: Plan,
    context: Mapping[str, Any],
    say: Callable[[WaitUntil, datetime, datetime, float], str],
) -> str:
    wait, run = first_wait(steps), AirflowRun(context, plan.production)
    return say(wait, run.began, datetime.now(UTC), pace_of(run)) if wait else ""


def requester_of(context: Mapping[str, Any]) -> str:
    """Return the user who triggered the release, "" if Airflow does not know."""
    return getattr(context["dag_run"], "triggering_user_name", None) or ""


def answers_now(
    api: AirflowApi, ti: Any, approvals: Mapping[str, Approval], *, go: str = GateAnswer.GO
) -> list[Asked]:
    """Return each approval's task with every trace of an answer.

    :param go: the form's option that counts as GO; any other but DEFER counts as NO-GO
    """
    rows = api.event_logs(ti.dag_id, ti.run_id, MARKS)
    return [_asked(api, ti, task_id, approval, rows, go) for task_id, approval in approvals.items()]


def marks_for(task_id: str, rows: Sequence[EventLog]) -> list[Mark]:
    """Return the audit log's rows that may have set this task's state."""
    return [mark for row in rows for mark in _mark(task_id, row)]


def _asked(
    api: AirflowApi, ti: Any, task_id: str, approval: Approval, rows: Sequence[EventLog], go: str
) -> Asked:
    task = api.task_instance(ti.dag_id, ti.run_id, task_id)
    return Asked(
        task_id=task_id,
        approval=approval,
        state=task.state,
        ended_at=task.ended_at,
        shown=shown_release(ti.xcom_pull(task_ids=task_id, key=SHOWN)),
        form=_form(api.hitl_detail(ti.dag_id, ti.run_id, task_id), go),
        marks=marks_for(task_id, rows),
    )


def _form(detail: HitlDetail | None, go: str) -> FormAnswer | None:
    if detail is None or detail.responded_at is None or not detail.chosen:
        return None
    chosen = detail.chosen[0]
    options = {go: GateAnswer.GO, GateAnswer.DEFER: GateAnswer.DEFER}
    return FormAnswer(
        person=detail.person,
        at=detail.responded_at,
        option=options.get(chosen, GateAnswer.NO_GO),
        rationale=str(detail.params_input.get("rationale") or ""),
        override=str(detail.params_input.get("override") or ""),
    )


def _mark(task_id: str, row: EventLog) -> Iterator[Mark]:
    state = row.extra.get("new_state") or row.extra.get("state")
    mask = row.extra.get("update_mask")
    if not state or (mask and mask not in ("new_state", "state")):
        return  # it only wrote a note, or was masked to one
    direct = row.event == "patch_task_instance" and row.task_id == task_id
    if direct or _reaches(task_id, row):
        note = str(row.extra.get("note") or "")
        yield Mark(person=row.owner, at=row.at, state=str(state), note=note, direct=direct)


def _reaches(task_id: str, row: EventLog) -> bool:
    """Whether a request about something else may have set this task too."""
    if row.event == "patch_task_group_instances":
        group = str(row.extra.get("group_id", ""))
        return task_id.startswith(f"{group}.") or _spreads(row)
    return row.event == "patch_dag_run" or _spreads(row)


def _spreads(row: EventLog) -> bool:
    return any(row.extra.get(flag) for flag in _REACHES)
