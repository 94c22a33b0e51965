"""Checks of programs, logs, scores, windows, downtime and limits."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.checks.conftest import Service

from slipway.checks import (
    BaselineLimit,
    CommandCheck,
    Downtime,
    InsideWindow,
    LogPattern,
    NoteDowntime,
    NoteLogEnd,
    Part,
    ReadinessScore,
    run_check,
)
from slipway.metrics import GaugeValue
from slipway.plan import Window
from slipway.run import Evidence
from slipway.testing import LocalRun
from slipway.watching import Threshold
from slipway.words import Answer, Severity


def command(run: LocalRun, script: str, **given: Any) -> tuple[Answer, str]:
    finding = run_check(CommandCheck(**{"name": "verify", "argv": ["sh", "-c", script], **given}), run)
    return finding.answer, finding.summary


def test_a_program_that_ends_well_passes_in_the_release_s_folder(home: Path, run: LocalRun) -> None:
    answer, summary = command(
        run, "pwd; echo $V", output_has=f"{home}/current\nv2", variables={"V": "{version}"}
    )
    assert answer is Answer.PASS
    assert summary.startswith("sh ended with status 0 after ")


@pytest.mark.usefixtures("home")
def test_a_program_that_ends_badly_fails_with_its_last_line(run: LocalRun) -> None:
    assert command(run, "echo ok; echo table plans is missing >&2; exit 3") == (
        Answer.FAIL,
        "sh ended with status 3: table plans is missing",
    )
    assert command(run, "exit 3", status=[3])[0] is Answer.PASS
    assert command(run, "echo ok", output_has="fine") == (
        Answer.FAIL,
        'the output of sh does not contain "fine"',
    )


@pytest.mark.usefixtures("home")
def test_a_program_that_is_not_there_or_does_not_end_is_an_error(run: LocalRun) -> None:
    assert command(run, "", argv=["no-such-program"])[0] is Answer.ERROR
    assert command(run, "sleep 30", timeout=timedelta(milliseconds=200))[0] is Answer.ERROR


LOG = LogPattern(name="log", file="service.log", pattern="ERROR|Traceback", at_most=1, last_lines=3)


def test_matching_lines_are_counted_at_the_end_of_a_log(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR a\nERROR b\nfine\nfine\nERROR c\n")
    finding = run_check(LOG, run)
    assert (finding.answer, finding.evidence["matches"], finding.evidence["first"]) == (
        "PASS",
        1,
        ["ERROR c"],
    )
    with log.open("a") as file:
        file.write("ERROR d\n")
    finding = run_check(LOG, run)
    assert finding.answer is Answer.FAIL
    assert finding.summary == "service.log: 2 of 3 lines match 'ERROR|Traceback', allowed 1"


@pytest.mark.usefixtures("home")
def test_a_log_that_is_not_there_is_inconclusive(run: LocalRun) -> None:
    assert run_check(LOG, run).answer is Answer.INCONCLUSIVE


def test_only_lines_after_the_noted_end_count_also_after_a_rotation(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR old\n" * 50)
    since = LogPattern(name="log", file="service.log", pattern="ERROR", since="production.note")
    assert run_check(since, run).answer is Answer.INCONCLUSIVE
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    with log.open("a") as file:
        file.write("fine\n")
    finding = run_check(since, run)
    assert (finding.answer, finding.evidence["lines"]) == (Answer.PASS, 1)
    log.rename(home / "service.log.1")
    log.write_text("ERROR new\n")
    assert run_check(since, run).answer is Answer.FAIL


def test_what_came_before_a_rotation_counts_too(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR old\n")
    since = LogPattern(name="log", file="service.log", pattern="ERROR", since="production.note")
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    with log.open("a") as file:
        file.write("ERROR between\n")
    log.rename(home / "service.log.1")
    log.write_text("fine\n")
    finding = run_check(since, run)
    assert (finding.answer, finding.evidence["first"]) == (Answer.FAIL, ["ERROR between"])
    (home / "service.log.1").unlink()  # packed, or thrown away
    finding = run_check(since, run)
    assert finding.answer is Answer.INCONCLUSIVE
    assert finding.summary.endswith("; it was rotated, and some is not there")


def test_a_log_that_was_rotated_twice_is_read_through(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR old\n")
    since = LogPattern(name="log", file="service.log", pattern="ERROR", since="production.note")
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    with log.open("a") as file:
        file.write("fine\n")
    log.rename(home / "service.log.2")
    log.write_text("ERROR between\n")
    log.rename(home / "service.log.1")
    log.write_text("fine\n")
    finding = run_check(since, run)
    assert (finding.answer, finding.evidence["first"]) == (Answer.FAIL, ["ERROR between"])
    (home / "service.log.1").rename(home / "service.log.1.gz")
    with (home / "service.log.1.gz").open("w") as file:
        file.write("packed")
    assert run_check(since, run).answer is Answer.INCONCLUSIVE


def test_a_log_that_was_emptied_in_place_tells_nothing(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR old\n" * 5)
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    log.write_text("fine\n")
    since = LogPattern(name="log", file="service.log", pattern="ERROR", since="production.note")
    assert run_check(since, run).answer is Answer.INCONCLUSIVE


def test_a_log_that_was_emptied_and_outgrew_its_old_size_is_not_taken_for_whole(
    home: Path, run: LocalRun
) -> None:
    log = home / "service.log"
    log.write_text("INFO old\n" * 50)
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    look = LogPattern(name="log", file="service.log", pattern="^ERROR", since="production.note")
    log.write_text("ERROR first\n" + "INFO new\n" * 80)  # as copytruncate does: the same file, from its start
    assert run_check(look, run).answer is Answer.FAIL
    log.write_text("INFO new\n" * 80)
    finding = run_check(look, run)
    assert (finding.answer, "some is not there" in finding.summary) == (Answer.INCONCLUSIVE, True)


def test_a_log_in_which_nothing_came_tells_nothing(home: Path, run: LocalRun) -> None:
    log = home / "service.log"
    log.write_text("ERROR old\n")
    run.evidences["production.note"] = NoteLogEnd(name="note", file="service.log").do(run)
    since = LogPattern(name="log", file="service.log", pattern="ERROR", since="production.note")
    finding = run_check(since, run)
    assert (finding.answer, finding.summary) == (
        Answer.INCONCLUSIVE,
        "service.log: 0 lines came, which tells nothing",
    )
    assert run_check(replace(since, lines_at_least=0), run).answer is Answer.PASS


PARTS = [
    Part(title="Technical implementation", score=100),
    Part(title="Testing coverage", score=100),
    Part(title="Documentation", score=100),
    Part(title="Risk mitigation", score=95),
    Part(title="Stakeholder communication", score=75, parameter="stakeholder_score"),
]


def test_a_score_is_the_mean_of_its_parts_beside_the_one_that_is_stated(run: LocalRun) -> None:
    finding = run_check(ReadinessScore(name="score", parts=PARTS, floor=90, stated=95), run)
    assert (finding.answer, finding.summary) == (
        Answer.PASS,
        "readiness 94 (the document states 95), floor 90",
    )
    assert finding.evidence["score"] == 94.0


@pytest.mark.parametrize(("given", "answer"), [(100, Answer.PASS), (50, Answer.FAIL), (101, Answer.FAIL)])
def test_a_parameter_of_the_release_replaces_a_part(given: float, answer: Answer, run: LocalRun) -> None:
    run.parameters = {"stakeholder_score": given}
    assert run_check(ReadinessScore(name="score", parts=PARTS, floor=94), run).answer is answer


@pytest.mark.parametrize(
    ("given", "answer", "status"),
    [(74, Answer.FAIL, "NOT READY"), (75, Answer.PASS, "CONDITIONAL"), (90, Answer.PASS, "READY")],
)
def test_a_score_above_the_floor_may_be_conditional(
    given: float, answer: Answer, status: str, run: LocalRun
) -> None:
    parts = [Part(title="Test report", score=given)]
    finding = run_check(ReadinessScore(name="score", parts=parts, floor=75, ready_from=90), run)
    assert finding.answer is answer
    assert finding.evidence["status"] == status
    assert finding.summary == f"{status}: readiness {given}, floor 75, ready from 90"


def test_a_score_of_nothing_is_inconclusive(run: LocalRun) -> None:
    assert run_check(ReadinessScore(name="score", parts=[], floor=0), run).answer is Answer.INCONCLUSIVE


def test_outside_a_window_the_next_opening_is_said_in_its_time_zone() -> None:
    morning = Window(
        days=[0, 1, 2, 3, 4],
        start=time(6),
        end=time(8),
        timezone=ZoneInfo("Europe/Berlin"),
        title="weekday morning",
    )
    check = InsideWindow(name="window", windows=[morning])
    finding = check.at(datetime(2026, 3, 27, 9, tzinfo=UTC))
    assert (finding.answer, finding.summary) == (
        Answer.FAIL,
        "no window is open; the next one opens Mon 2026-03-30 06:00 Europe/Berlin",
    )
    assert finding.evidence["next"] == "2026-03-30T04:00:00+00:00"
    open_now = check.at(datetime(2026, 3, 30, 4, tzinfo=UTC))
    assert (open_now.answer, open_now.summary) == (Answer.PASS, "open: weekday morning")


def probe_page(seconds: float, started: float = 1) -> str:
    lines = [
        "# TYPE probe_downtime_seconds counter",
        f'probe_downtime_seconds_total{{environment="production"}} {seconds}',
        'probe_downtime_seconds_total{environment="staging"} 1000',
        "# TYPE process_start_time_seconds gauge",
        f"process_start_time_seconds {started}",
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("page", "answer", "summary"),
    [
        (probe_page(14.5), "PASS", "4.5 s of downtime, allowed 300 s"),
        (probe_page(320), "FAIL", "310.0 s of downtime, allowed 300 s"),
        (probe_page(12, started=2), "INCONCLUSIVE", "the probe began anew since the downtime was noted"),
        ("other 1\n", "INCONCLUSIVE", "the probe has no figure for the downtime"),
    ],
)
def test_downtime_is_what_the_probe_has_counted_since_it_was_noted(
    page: str, answer: str, summary: str, service: Service, run: LocalRun
) -> None:
    mine = {"environment": "production"}
    service.says("/metrics", probe_page(10))
    run.evidences["production.note"] = NoteDowntime(name="note", labels=mine).do(run)
    service.says("/metrics", page)
    check = Downtime(name="down", limit=timedelta(minutes=5), since="production.note", labels=mine)
    finding = run_check(check, run)
    assert (finding.answer, finding.summary) == (answer, summary)


def test_downtime_that_nobody_noted_is_inconclusive(service: Service, run: LocalRun) -> None:
    service.says("/metrics", probe_page(10))
    check = Downtime(name="down", limit=timedelta(minutes=5), since="production.note")
    assert run_check(check, run).answer is Answer.INCONCLUSIVE


@pytest.mark.usefixtures("nobody")
def test_a_probe_that_cannot_be_read_is_an_error(run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PROBE", "http://127.0.0.1:1")
    finding = run_check(Downtime(name="down", limit=timedelta(0), since="x"), run)
    assert finding.answer is Answer.ERROR
    assert finding.summary.startswith("The metrics page /metrics of the connection probe could not be read")


@pytest.mark.parametrize(
    ("memory", "answer", "summary"),
    [(104, "PASS", "within the limits: memory 104 MiB"), (106, "FAIL", "beyond the limit: memory 106 MiB")],
)
def test_metrics_are_held_against_the_baseline(
    memory: float, answer: str, summary: str, service: Service, run: LocalRun
) -> None:
    service.says("/metrics", f"memory {memory}\n")
    taken = {"memory": {"mean": 100, "samples": [100], "at": "2026-01-01T00:00:00+00:00"}}
    run.evidences["production.baseline"] = Evidence(proof={"baseline": taken})
    finding = run_check(limit(), run)
    assert (finding.answer, finding.summary) == (answer, summary)
    assert finding.evidence["rows"][0]["limit"] == 105.0


def limit() -> BaselineLimit:
    return BaselineLimit(
        name="limits",
        metrics=[GaugeValue(name="memory", gauge="memory", unit="MiB")],
        thresholds=[Threshold(metric="memory", severity=Severity.HIGH, above_baseline_by_percent=5)],
        baseline="production.baseline",
        samples=3,
        lasting=timedelta(milliseconds=30),
    )


@pytest.mark.parametrize(("pace", "lasting"), [(1, 300), (10, 30), (17_280, 5)])
def test_a_rehearsal_measures_shorter_but_not_less_than_a_second_a_sample(
    pace: int, lasting: float, service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("slipway.checks.baseline_limit.time.sleep", slept.append)
    service.says("/metrics", "memory 1\n")
    run_check(
        replace(limit(), samples=5, lasting=timedelta(minutes=5)), replace(run, parameters={"pace": pace})
    )
    assert sum(slept) == lasting


def test_without_a_baseline_or_a_page_nothing_is_concluded(service: Service, run: LocalRun) -> None:
    assert run_check(limit(), run).answer is Answer.INCONCLUSIVE
    service.says("/metrics", "memory 1\n")
    assert run_check(limit(), run).answer is Answer.INCONCLUSIVE


def test_every_kind_has_a_name_of_its_own() -> None:
    from slipway import checks, metrics

    names = list(itertools.chain(checks.KINDS, checks.STEP_KINDS, metrics.KINDS))
    assert len(names) == len(set(names)) == 15 + 3 + 13


def test_a_part_that_only_a_person_can_tell_is_no_score_until_somebody_does(run: LocalRun) -> None:
    parts = [Part(title="Tests", score=100), Part(title="Test report", parameter="report_score")]
    check = ReadinessScore(name="score", parts=parts, floor=75, ready_from=90)
    assert check.asks_for == ("report_score",)
    run.parameters = {"report_score": None}  # an empty field of the form
    finding = run_check(check, run)
    said = "nobody gave the score of Test report; give it as report_score in the trigger form"
    assert (finding.answer, finding.summary) == (Answer.INCONCLUSIVE, said)
    run.parameters = {"report_score": 70}
    assert run_check(check, run).summary == "CONDITIONAL: readiness 85, floor 75, ready from 90"
    nobody = run_check(replace(check, parts=[Part(title="Luck")]), run)
    assert (nobody.answer, nobody.summary) == (Answer.INCONCLUSIVE, "nobody gave the score of Luck")
