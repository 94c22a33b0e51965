"""Checks that ask a service over HTTP, against a real one."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.checks.conftest import ENVIRONMENT, Service

from slipway.checks import (
    Call,
    Expected,
    HttpCheck,
    HttpSeries,
    Journey,
    VersionServed,
    http_series,
    run_check,
)
from slipway.checks.calls import NoAnswer, ask_async
from slipway.checks.expect import NothingThere, Question, Reply, at_path, judge
from slipway.errors import MissingExtra
from slipway.run import Evidence, Finding
from slipway.steps.faults.checks import CheckNotPassed
from slipway.steps.run_check import RunCheck
from slipway.testing import LocalRun
from slipway.words import Answer


def health(**given: Any) -> HttpCheck:
    return HttpCheck(**{"name": "health", "path": "/health", **given})


def test_an_answer_as_expected_passes_with_its_figures(service: Service, run: LocalRun) -> None:
    service.says("/health", {"status": "ok", "parts": [{"name": "db"}]})
    finding = run_check(
        health(json_has={"status": "ok", "parts.0.name": "db"}, text_has="parts", text_lacks="green"), run
    )
    assert finding.answer is Answer.PASS
    assert finding.summary.startswith("GET /health answers 200 in ")
    assert finding.evidence["status"] == 200


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"status": [201, 204]}, "status 200, expected 201 or 204"),
        ({"json_has": {"status": "fine"}}, 'status is "ok", expected "fine"'),
        ({"json_has": {"parts.1": "x"}}, 'the answer has nothing at "parts.1" (stopped at "1")'),
        ({"text_has": "green"}, 'the answer does not contain "green"'),
        ({"text_lacks": "parts"}, 'the answer contains "parts"'),
    ],
)
def test_another_answer_fails_and_says_what_differs(
    given: dict[str, Any], fault: str, service: Service, run: LocalRun
) -> None:
    service.says("/health", {"status": "ok", "parts": [{"name": "db"}]})
    finding = run_check(health(**given), run)
    assert (finding.answer, finding.summary) == (Answer.FAIL, f"GET /health: {fault}")
    assert finding.evidence["body"] == '{"status": "ok", "parts": [{"name": "db"}]}'


def test_an_answer_that_is_not_json_fails(service: Service, run: LocalRun) -> None:
    service.says("/health", "<html>")
    assert run_check(health(json_has={"status": "ok"}), run).summary == "GET /health: the answer is not JSON"


def test_a_slow_answer_fails(service: Service, run: LocalRun) -> None:
    service.says("/health", {})
    service.slow = 0.1
    finding = run_check(health(within=timedelta(milliseconds=50)), run)
    assert finding.answer is Answer.FAIL
    assert finding.summary.endswith("ms, allowed 50 ms")


def test_no_answer_in_time_is_an_error(service: Service, run: LocalRun) -> None:
    service.slow = 0.5
    finding = run_check(health(timeout=timedelta(milliseconds=100)), run)
    assert finding.answer is Answer.ERROR
    assert finding.summary.startswith("GET /health: no answer within 0.1 s (connection service).")


@pytest.mark.usefixtures("nobody")
def test_a_refused_connection_is_an_error_with_a_clear_line(run: LocalRun) -> None:
    finding = run_check(health(), run)
    assert (finding.answer, finding.summary) == (
        Answer.ERROR,
        "GET /health: connection refused (connection service). "
        "Is the service up, and does the connection name the right host and port?",
    )


def test_a_connection_that_does_not_exist_is_an_error_that_names_it(run: LocalRun) -> None:
    finding = run_check(health(), run)
    assert finding.answer is Answer.ERROR
    assert finding.summary.startswith('There is no Airflow connection "service"')
    assert finding.evidence["hopeless"] is True


def test_a_body_and_a_token_go_along(
    service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says("/plans", {"id": 1}, status=201)
    import os

    port = os.environ["AIRFLOW_CONN_SERVICE"].rpartition(":")[2]
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", f"http://:sesame@127.0.0.1:{port}")
    check = HttpCheck(name="make", path="/plans", method="POST", body={"title": "a"}, status=[201])
    assert run_check(check, run).answer is Answer.PASS
    assert service.asked == [
        {"method": "POST", "path": "/plans", "body": {"title": "a"}, "authorization": "Bearer sesame"}
    ]


def test_a_trigger_gets_the_same_answer_as_a_task(service: Service, run: LocalRun) -> None:
    service.says("/health", {"status": "starting"})
    question = health(json_has={"status": "ok"}).question(run)
    finding = judge(question, asyncio.run(ask_async(question)))
    assert finding.summary == 'GET /health: status is "starting", expected "ok"'


@pytest.mark.usefixtures("nobody")
def test_a_trigger_too_says_that_nobody_answers(run: LocalRun) -> None:
    with pytest.raises(NoAnswer, match="GET /health: connection refused"):
        asyncio.run(ask_async(health().question(run)))


def test_a_dotted_path_that_leads_nowhere_says_where_it_stopped() -> None:
    assert at_path({"a": [{"b": 1}]}, "a.-1.b") == 1
    with pytest.raises(NothingThere, match=r'nothing at "a\.b\.c" \(stopped at "b"\)'):
        at_path({"a": {}}, "a.b.c")


def test_the_version_of_the_release_must_be_served(service: Service, run: LocalRun) -> None:
    service.says("/version", {"version": "v2"})
    finding = run_check(VersionServed(name="version"), run)
    assert (finding.answer, finding.summary) == (Answer.PASS, "the service serves v2")
    service.says("/version", {"version": "v1"})
    finding = run_check(VersionServed(name="version"), run)
    assert (finding.answer, finding.summary) == (
        Answer.FAIL,
        'GET /version: version is "v1", expected "v2"',
    )


def test_the_version_before_is_the_one_that_was_noted(service: Service, run: LocalRun) -> None:
    service.says("/version", {"version": "v1"})
    noted = run_check(VersionServed(name="version", expects=Expected.ANY), run)
    after = VersionServed(name="back", expects=Expected.BEFORE, noted_by="preflight.version")
    assert run_check(after, run).answer is Answer.INCONCLUSIVE
    run.findings["preflight.version"] = Finding.from_json(noted.to_json())
    assert run_check(after, run).answer is Answer.PASS
    run.findings.clear()
    run.evidences["preflight.version"] = Evidence(before={"version": "v0"})
    assert run_check(after, run).answer is Answer.FAIL


def test_a_rollback_that_keeps_the_deployment_wants_the_version_that_stays(
    service: Service, run: LocalRun
) -> None:
    run.findings["preflight.version"] = Finding(answer=Answer.PASS, summary="", evidence={"version": "v1"})
    back = VersionServed(
        name="back",
        expects=Expected.BEFORE,
        noted_by="preflight.version",
        deployed_by="production.deploy",
    )
    for kept, served in ((frozenset[str](), "v1"), (frozenset({"production.deploy"}), "v2")):
        run.kept_steps = kept
        for version, answer in ((served, Answer.PASS), ("v0", Answer.FAIL)):
            service.says("/version", {"version": version})
            assert run_check(back, run).answer is answer


def test_what_was_noted_first_is_kept_when_the_check_is_cleared_after_the_deployment(
    service: Service, run: LocalRun
) -> None:
    note = VersionServed(name="version", expects=Expected.ANY)
    service.says("/version", {"version": "v1"})
    assert run_check(note, run).summary == "the service serves v1"
    service.says("/version", {"version": "v2"})
    again = run_check(note, run)
    assert again.evidence["version"] == "v1"
    assert again.summary == "the service serves v2; noted before, and kept: v1"


def test_a_service_that_says_no_version_gives_nothing_to_note(service: Service, run: LocalRun) -> None:
    service.says("/version", {"build": "v1"})
    noted = run_check(VersionServed(name="version", expects=Expected.ANY), run)
    assert (noted.answer, noted.summary) == (
        Answer.INCONCLUSIVE,
        "/version answers, but says no version at version: nothing can be noted",
    )


JOURNEY = Journey(
    name="journey",
    calls=[
        Call(name="make", method="POST", path="/plans", body={"by": "{version}"}, capture={"id": "plan.id"}),
        Call(name="read", path="/plans/{id}", json_has={"id": "{id}"}),
        Call(name="remove", method="DELETE", path="/plans/{id}", status=[200]),
    ],
)


def test_a_journey_uses_what_earlier_calls_returned(service: Service, run: LocalRun) -> None:
    service.says("/plans", {"plan": {"id": 7}})
    service.says("/plans/7", {"id": 7})
    finding = run_check(JOURNEY, run)
    assert finding.answer is Answer.PASS
    assert finding.summary.startswith("all 3 calls as expected")
    assert [(asked["method"], asked["path"], asked["body"]) for asked in service.asked] == [
        ("POST", "/plans", {"by": "v2"}),
        ("GET", "/plans/7", None),
        ("DELETE", "/plans/7", None),
    ]


def test_a_journey_stops_at_the_first_call_that_fails_and_names_it(service: Service, run: LocalRun) -> None:
    service.says("/plans", {"plan": {"id": 7}})
    finding = run_check(JOURNEY, run)
    assert finding.answer is Answer.FAIL
    assert finding.summary == 'call 2 of 3, "read": GET /plans/7: status 404, expected 200'
    assert len(service.asked) == 2


def test_a_journey_without_the_value_to_capture_fails(service: Service, run: LocalRun) -> None:
    service.says("/plans", {"plan": {}})
    finding = run_check(JOURNEY, run)
    assert finding.summary.startswith(
        'call 1 of 3, "make": nothing to capture: the answer has nothing at "plan.id"'
    )


@pytest.mark.usefixtures("nobody")
def test_a_journey_to_nobody_is_an_error(run: LocalRun) -> None:
    assert run_check(JOURNEY, run).answer is Answer.ERROR


def test_another_role_can_be_asked(service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    service.says("/health", {"status": "ok"})
    monkeypatch.setenv("AIRFLOW_CONN_GREEN_SITE", os.environ["AIRFLOW_CONN_SERVICE"])
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", "http://127.0.0.1:9")
    environment = replace(ENVIRONMENT, green="green_site")
    check = health(role="green")
    assert check.needs == ("green",)
    assert check.connections(environment) == ("green_site",)
    assert check.probe(replace(run, environment=environment)).answer is Answer.PASS


def test_a_journey_and_a_version_can_be_asked_of_another_role(
    service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says("/version", {"version": "v2"})
    monkeypatch.setenv("AIRFLOW_CONN_GREEN_SITE", os.environ["AIRFLOW_CONN_SERVICE"])
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", "http://127.0.0.1:9")
    run = replace(run, environment=replace(ENVIRONMENT, green="green_site"))
    call = Call(name="version", path="/version", text_has="{version}")
    for check in (
        Journey(name="walk", calls=[call], role="green"),
        VersionServed(name="version", role="green"),
    ):
        assert check.needs == ("green",)
        assert check.probe(run).answer is Answer.PASS


def test_a_journey_ends_where_an_answer_has_what_it_must_not(service: Service, run: LocalRun) -> None:
    service.says("/", {"script": "goals.js", "version": "v2"})
    there = Call(name="page", path="/", text_lacks="{version}")
    later = Call(name="later", path="/later")
    found = Journey(name="walk", calls=[there, later]).probe(run)
    assert (found.answer, found.summary) == (
        Answer.FAIL,
        'call 1 of 2, "page": GET /: the answer contains "v2"',
    )
    assert [each["path"] for each in service.asked] == ["/"]
    gone = replace(there, text_lacks="{version}.js")
    assert Journey(name="walk", calls=[gone]).probe(run).answer is Answer.PASS


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (7, Answer.FAIL),
        (8, Answer.PASS),
        ("", Answer.ERROR),
        (None, Answer.ERROR),
        (True, Answer.ERROR),
        ({"number": 7}, Answer.ERROR),
    ],
    ids=str,
)
@pytest.mark.parametrize("text", ["{id}", "[{id}]"])
def test_a_journey_looks_whether_what_it_captured_is_gone(
    service: Service, run: LocalRun, made: Any, answer: Answer, text: str
) -> None:
    service.says("/made", {"id": made})
    service.says("/all", {"ids": [7]})
    make = Call(name="make", path="/made", capture={"id": "id"})
    gone = Call(name="all", path="/all", text_lacks=text)
    found = Journey(name="walk", calls=[make, gone]).probe(run)
    assert found.answer is answer
    assert ("which is no text to look for" in found.summary) is (answer is Answer.ERROR)
    if answer is Answer.ERROR:
        there = replace(gone, text_lacks="", text_has=text)
        assert Journey(name="walk", calls=[make, there]).probe(run).answer is Answer.ERROR


def test_what_nothing_fills_is_known_of_a_journey() -> None:
    calls = [
        Call(name="make", path="/made", text_lacks="{id} {version} {verison}", capture={"id": "id"}),
        Call(name="all", path="/all", text_lacks="{id} {journey_user} {journey_id} {item-id}"),
        Call(name="late", path="/late", capture={"journey_id": "id"}),
    ]
    assert Journey(name="walk", calls=calls).unfilled == ("id", "verison", "journey_id", "item-id")


def test_a_journey_logs_in_with_what_the_connection_holds(
    service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says("/login", {"token": "t"})
    extra = "journey_user=ada&journey_password=pr4ctice&other=x"
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", f"{os.environ['AIRFLOW_CONN_SERVICE']}?{extra}")
    body = {"user": "{journey_user}", "password": "{journey_password}", "other": "{other}"}
    found = Journey(
        name="log_in", calls=[Call(name="log in", method="POST", path="/login", body=body)]
    ).probe(run)
    assert found.answer is Answer.PASS
    assert service.asked[0]["body"] == {"user": "ada", "password": "pr4ctice", "other": "{other}"}
    assert "pr4ctice" not in str(found.to_json())


def test_a_secret_that_an_answer_shows_stands_in_no_finding(
    service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says("/page", {"shown": "an-0pen-secret"})
    extra = "journey_password=an-0pen-secret"
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", f"{os.environ['AIRFLOW_CONN_SERVICE']}?{extra}")
    hidden = Journey(name="hidden", calls=[Call(name="page", path="/page", text_lacks="{journey_password}")])
    found = run_check(hidden, run)
    assert (found.answer, "an-0pen-secret" in str(found.to_json())) == (Answer.FAIL, False)
    with pytest.raises(CheckNotPassed, match=r'the answer contains "\*\*\*"'):
        RunCheck(name="look", check=hidden).do(run)


def test_a_journey_without_its_login_asks_nothing_and_names_what_is_missing(
    service: Service, run: LocalRun
) -> None:
    log_in = Call(
        name="log in",
        method="POST",
        path="/login",
        body={"as": ["{journey_user}"]},
        text_lacks="{journey_pin}",
    )
    journey = Journey(name="walk", calls=[log_in])
    assert journey.extras == ("journey_user", "journey_pin")
    with pytest.raises(MissingExtra, match=r"\"service\" has no journey_user and no journey_pin"):
        journey.probe(run)
    assert service.asked == []


def test_what_a_journey_captures_is_no_login() -> None:
    make = Call(name="make", path="/things", capture={"journey_id": "id"})
    look = Call(name="look", path="/things/{journey_id}", headers={"X-User": "{journey_user}"})
    assert Journey(name="walk", calls=[make, look]).extras == ("journey_user",)


def series(**given: Any) -> HttpSeries:
    return HttpSeries(**{"name": "series", "path": "/health", "times": 20, **given})


def test_many_requests_pass_together_and_say_how_long_they_took(service: Service, run: LocalRun) -> None:
    service.says("/health", {})
    second = timedelta(seconds=1)
    finding = run_check(series(median_within=second, p95_within=second), run)
    assert finding.answer is Answer.PASS
    assert finding.summary.startswith("GET /health: 20 of 20 requests as expected, median ")
    assert (finding.evidence["requests"], finding.evidence["failed"], len(service.asked)) == (20, 0, 20)
    assert 0 < finding.evidence["median_ms"] <= finding.evidence["p95_ms"] < 1000


def test_one_failed_request_of_a_series_is_too_many_unless_the_plan_allows_it(
    service: Service, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.says("/health", {})
    real = http_series.ask

    def ask_with_a_fault(question: Question) -> Reply:
        reply = real(question)
        return replace(reply, status=503) if len(service.asked) % 10 == 1 else reply

    monkeypatch.setattr(http_series, "ask", ask_with_a_fault)
    finding = run_check(series(), run)
    assert finding.answer is Answer.FAIL
    assert finding.summary == "GET /health: 1 of 1 failed, the last with: status 503, expected 200"
    service.asked.clear()
    finding = run_check(series(failed_at_most=10), run)
    assert finding.answer is Answer.PASS
    assert finding.evidence["failed"] == 2


def test_a_series_ends_as_soon_as_more_have_failed_than_may(service: Service, run: LocalRun) -> None:
    service.says("/health", {}, status=500)
    finding = run_check(series(failed_at_most=10), run)
    assert finding.summary == "GET /health: 3 of 3 failed, the last with: status 500, expected 200"
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("limit", "said"), [("median_within", "median "), ("p95_within", "p95 ")], ids=["median", "p95"]
)
def test_a_series_that_is_slow_fails(limit: str, said: str, service: Service, run: LocalRun) -> None:
    service.says("/health", {})
    service.slow = 0.02
    finding = run_check(series(times=5, **{limit: timedelta(milliseconds=10)}), run)
    assert finding.answer is Answer.FAIL
    assert finding.summary.startswith(f"GET /health: {said}")
    assert finding.summary.endswith(" ms, allowed 10 ms")


@pytest.mark.usefixtures("nobody")
def test_a_series_of_which_nothing_is_answered_is_an_error(run: LocalRun) -> None:
    finding = run_check(series(), run)
    assert finding.answer is Answer.ERROR
    assert finding.summary.startswith("GET /health: connection refused (connection service).")


def test_a_limit_on_the_times_of_too_few_answers_is_inconclusive(service: Service, run: LocalRun) -> None:
    service.says("/health", {})
    finding = run_check(series(times=4, p95_within=timedelta(seconds=1)), run)
    assert finding.answer is Answer.INCONCLUSIVE
