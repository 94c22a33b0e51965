"""Close a release: gather its record, write ledger and report, and paint the run its true colour."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator

from slipway.airflow.gate_facts import MARKS, marks_for
from slipway.airflow.gather import gather, verdict_in_force, version_before
from slipway.airflow.rest import AirflowApi, EventLog, TaskInstance
from slipway.airflow.tell import deliveries_of
from slipway.airflow.watch_notes import CHECKPOINT
from slipway.facts import NOT_REACHED
from slipway.gate.proof import cause_of
from slipway.graph import ANSWER, REPORT, ROLLBACK_START, Kind, Node, ReleaseGraph
from slipway.ledger import Ledger
from slipway.outcome import Ending, ending_of, in_sentences
from slipway.record import ReleaseRecord
from slipway.report.markdown import markdown
from slipway.report.place import report_path
from slipway.report.recording import ReleaseTrace, TaskTrace, record_from
from slipway.report.short import last_words, short
from slipway.report.summary import what_next
from slipway.report.text import as_it_reads
from slipway.run import Json
from slipway.words import Outcome


class ReportOperator(BaseOperator):
    """Write the report, whatever the outcome: to the task log, to a file, to the ledger."""

    def __init__(self, *, graph: ReleaseGraph, digest: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.graph = graph
        self.digest = digest

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return the outcome, its reasons, what to do next, and the report's path.

        The ledger comes after the report: it may be away. The log ends with the outcome: it opens there.
        """
        facts, verdict = gather(context, self.graph), verdict_in_force(context)
        ending = ending_of(self.graph, facts, verdict)
        record = record_from(self.graph, facts, trace_of(context, self.graph, self.digest), ending, verdict)
        text = markdown(record)
        self.log.info("%s\n\n%s", short(record), as_it_reads(text))
        path = write_report(record, text)
        self.log.info("Report: %s", path)
        ledger = Ledger()
        ledger.migrate()
        ledger.write(record)
        self.log.info("Recorded in the ledger as %s %s.", record.plan, record.release_id)
        self.log.info("%s", last_words(record, path))
        return {
            "outcome": str(ending.outcome),
            "reasons": list(ending.reasons),
            "next": what_next(record),
            "report": str(path),
        }


class OutcomeOperator(BaseOperator):
    """The last task and the only leaf: it fails unless the outcome is RELEASED (invariant I4)."""

    def __init__(self, *, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.graph = graph

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return the outcome; judged again: a report that was marked success by hand proves nothing."""
        ending = ending_of(self.graph, gather(context, self.graph), verdict_in_force(context))
        report = context["ti"].xcom_pull(task_ids=REPORT)
        if ending.outcome is Outcome.RELEASED and not report:
            reason = f"Deployed and healthy, but not recorded: {REPORT} did not finish. Clear it."
            ending = Ending(outcome=Outcome.HELD, reasons=(reason,))
        value = {
            "outcome": str(ending.outcome),
            "reasons": list(ending.reasons),
            "report": (report or {}).get("report", ""),
        }
        if ending.outcome is Outcome.RELEASED:
            self.log.info("Outcome: %s. Report: %s", ending.outcome, value["report"])
            return value
        context["ti"].xcom_push(key="return_value", value=value)
        self.log.error("Outcome: %s. %s", ending.outcome, in_sentences(ending.reasons))
        sys.exit(1)  # for any other failure Airflow (3.3.2) logs a traceback, which tells nothing here


def trace_of(context: Mapping[str, Any], graph: ReleaseGraph, digest: str) -> ReleaseTrace:
    """Gather what Airflow keeps of this release beside states and XComs: times, tries, notes, people."""
    ti, run = context["ti"], context["dag_run"]
    api = AirflowApi()
    found = {task.task_id: task for task in api.task_instances(ti.dag_id, ti.run_id)}
    details = api.dag_run(ti.dag_id, ti.run_id)
    marks = api.event_logs(ti.dag_id, ti.run_id, MARKS)
    rollback = ti.xcom_pull(task_ids=ROLLBACK_START) or {}
    return ReleaseTrace(
        release_id=ti.run_id,
        plan_digest=digest,
        parameters=dict(context["params"]),
        triggered_by=str(details.get("triggering_user_name") or "Airflow"),
        triggered_at=run.run_after,  # start_date moves when a task is cleared
        version_before=version_before(context, graph),
        answer=ti.xcom_pull(task_ids=ANSWER, key="answer"),
        notices=deliveries_of(context, graph),
        rolls_back=rollback.get("release", "") if rollback.get("earlier") else "",
        tasks={
            node.task_id: _trace(ti, api, node, found[node.task_id], marks)
            for node in graph.nodes
            if node.task_id in found
        },
    )


def write_report(record: ReleaseRecord, text: str) -> Path:
    """Write the report to its place and return its path."""
    path = report_path(record.plan, record.release_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text)
    return unfinished.replace(path)


def _trace(ti: Any, api: AirflowApi, node: Node, task: TaskInstance, marks: Sequence[EventLog]) -> TaskTrace:
    ran = task.state not in NOT_REACHED
    mark = cause_of(marks_for(node.task_id, marks), task.state, task.ended_at)
    return TaskTrace(
        started=task.started_at,
        ended=task.ended_at,
        tries=task.try_number,
        note=task.note,
        marked_by=mark.person if ran and mark else "",
        checkpoints=_checkpoints(ti, api, node.task_id) if ran and node.kind is Kind.WATCH else (),
    )


def _checkpoints(ti: Any, api: AirflowApi, task_id: str) -> list[Json]:
    """Return a watch's checkpoints; a second try has lost those before it, and goes on with their numbers."""
    keys = [key for key in api.xcom_keys(ti.dag_id, ti.run_id, task_id) if key.startswith(CHECKPOINT)]
    in_order = sorted(keys, key=lambda key: int(key.removeprefix(CHECKPOINT)))
    return [ti.xcom_pull(task_ids=task_id, key=key) for key in in_order]
