"""The task that writes the report: a real ledger and a real file; Airflow's part is played from traces."""

import json
import logging
from pathlib import Path

import pytest
from tests.report.releases import Course, decide, deploy, to_the_gate, watch

from slipway.airflow import closeout
from slipway.airflow.closeout import ReportOperator
from slipway.ledger.store import Ledger


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Course:
    """A healthy release that has come to its closeout."""
    course = Course()
    to_the_gate(course)
    decide(course)
    deploy(course)
    watch(course, errors=[0.1, 0.2])
    course.judge()
    course.run("closeout.complete", value={"version": "v2"})
    reports = {"conn_type": "fs", "extra": {"path": str(tmp_path)}}
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_REPORTS", json.dumps(reports))
    monkeypatch.setattr(closeout, "gather", lambda context, graph: course.facts())
    monkeypatch.setattr(closeout, "verdict_in_force", lambda context: course.verdict)
    monkeypatch.setattr(closeout, "trace_of", lambda context, graph, digest: course.trace())
    return course


def test_the_log_of_the_report_ends_with_the_outcome_below_report_and_ledger(
    course: Course, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    task = ReportOperator(task_id="report", graph=course.graph, digest="d")
    task._cached_logger = logging.getLogger("report")  # Airflow's own prints and keeps nothing
    with caplog.at_level(logging.INFO):
        told = task.execute({})
    assert {each.name for each in caplog.records} == {"report"}
    whole, file, ledger, last = [each.getMessage() for each in caplog.records][-4:]
    assert "\n# RELEASED: Projection calibration v2" in whole
    assert file == f"Report: {told['report']}"
    assert ledger.startswith("Recorded in the ledger")
    lines = last.splitlines()
    assert lines[0] == "RELEASED: Projection calibration v2 on calibration production"
    assert [line.split()[0] for line in lines[1:]] == ["what", "why", "next", "report"]
    assert told["report"] in lines[-1]
    assert Ledger().record("projection_calibration", course.trace().release_id).version == "v2"
