"""What the gate knows of the time that production waits for."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests import toy

from slipway.airflow.flow import StartOperator
from slipway.airflow.gate_facts import production_outlook, question_now
from slipway.environment import PRACTICE
from slipway.plan import Plan
from slipway.steps import AirflowOperator, AirflowTask, WaitUntil

DUE = datetime.now(UTC).replace(second=0, microsecond=0)
WAIT = WaitUntil(name="wait", at=DUE.time(), timezone=ZoneInfo("UTC"), late_at_most=timedelta(hours=1))


@pytest.fixture(autouse=True)
def practice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the toy's production a practice range."""
    monkeypatch.setenv(PRACTICE, "slipway_backups,toy_production_service")


def planned() -> Plan:
    plan = toy.plan()
    return replace(plan, on_production=[WAIT, *plan.on_production])


def context(days_ago: int, pace: float = 1) -> dict[str, Any]:
    """Return a run that began so many days ago, at the time that its production waits for."""
    run = SimpleNamespace(run_after=DUE - timedelta(days=days_ago), conf={}, triggering_user_name="rita")
    ti = SimpleNamespace(dag_id="toy", task_id="gate", xcom_pull=lambda task_ids: None)
    return {"dag_run": run, "ti": ti, "params": {"pace": pace}, "run_id": "r"}


@pytest.mark.parametrize(("days_ago", "pace", "late"), [(0, 1, False), (1, 1, True), (1, 60, False)])
def test_only_a_real_release_comes_too_late(days_ago: int, pace: float, late: bool) -> None:
    said = question_now(planned(), "digest", context(days_ago, pace)).must_not_begin
    assert ("this plan goes on 1 h late at the most" in said) is late
    assert ("A GO ends as NO-GO" in production_outlook(planned(), context(days_ago, pace))) is late


@pytest.mark.parametrize(("days_ago", "pace", "late"), [(0, 1, False), (1, 1, True), (1, 60, False)])
def test_a_release_that_cannot_reach_production_any_more_does_not_begin(
    days_ago: int, pace: float, late: bool
) -> None:
    start = StartOperator(task_id="start", plan=planned())
    triggered = context(days_ago, pace)
    triggered["params"] |= {"intent": "release", "version": "v2"}
    if late:
        with pytest.raises(
            AirflowFailException, match=r"1 h late at the most\. Trigger a new release in time"
        ):
            start.choose_branch(triggered)
    else:
        assert start.choose_branch(triggered) == "preflight.check_connections"
    triggered["params"]["intent"] = "roll_back"  # which is never too late
    assert start.choose_branch(triggered) == "verdict"


def test_a_release_that_is_too_late_for_staging_does_not_begin_either() -> None:
    plan = replace(toy.plan(), on_staging=[WAIT, *toy.plan().on_staging])
    triggered = context(1)
    triggered["params"] |= {"intent": "release", "version": "v2"}
    with pytest.raises(AirflowFailException, match="1 h late at the most"):
        StartOperator(task_id="start", plan=plan).choose_branch(triggered)
    # Once staging has begun, only production's time counts at the gate.
    assert question_now(plan, "digest", triggered).must_not_begin == ""


def test_what_follows_the_go_at_once_is_never_too_late() -> None:
    assert question_now(toy.plan(), "digest", context(1)).must_not_begin == ""
    assert production_outlook(toy.plan(), context(1)) == ""


@pytest.mark.parametrize("intent", ["release", "roll_back"])
@pytest.mark.parametrize("practice_range", ["", "slipway_backups", "slipway_backups,toy_staging_service"])
def test_a_system_that_is_no_practice_range_is_never_rehearsed_on(
    practice_range: str, intent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRACTICE, practice_range)
    triggered = context(0, pace=1.01)
    triggered["params"] |= {"intent": intent, "version": "v2"}
    with pytest.raises(AirflowFailException, match=r"toy production is no practice range .*toy_production_"):
        StartOperator(task_id="start", plan=planned()).choose_branch(triggered)
    assert "is no practice range" in question_now(planned(), "digest", triggered).must_not_begin
    triggered["params"]["pace"] = 1
    assert StartOperator(task_id="start", plan=planned()).choose_branch(triggered)
    assert question_now(planned(), "digest", triggered).must_not_begin == ""


HTTP = "airflow.providers.http.operators.http.HttpOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BY_DEFAULT = AirflowOperator(operator=HTTP)  # http_default


@pytest.mark.parametrize(
    ("conn_id", "arguments", "undo"),
    [
        ("cache", {"http_conn_id": "cache"}, None),
        ("{{ var.value.cache }}", {"http_conn_id": "{{ var.value.cache }}"}, None),
        ("http_default", {}, None),
        ("cache, http_default", {"http_conn_id": "cache"}, BY_DEFAULT),
    ],
)
def test_what_an_operator_of_airflow_is_given_or_takes_is_no_practice_range_either(
    conn_id: str, arguments: dict[str, str], undo: AirflowOperator | None
) -> None:
    purge = AirflowTask(name="purge", operator=HTTP, arguments=arguments, undo_with=undo)
    plan = replace(planned(), on_production=[*planned().on_production, purge])
    triggered = context(0, pace=60)
    triggered["params"] |= {"intent": "release", "version": "v2"}
    assert StartOperator(task_id="start", plan=planned()).choose_branch(triggered)
    with pytest.raises(AirflowFailException, match=rf"no practice range \({re.escape(conn_id)} lead"):
        StartOperator(task_id="start", plan=plan).choose_branch(triggered)


def test_an_operator_without_a_connection_may_be_rehearsed() -> None:
    plan = replace(
        planned(), on_production=[*planned().on_production, AirflowTask(name="rest", operator=EMPTY)]
    )
    triggered = context(0, pace=60)
    triggered["params"] |= {"intent": "release", "version": "v2"}
    assert StartOperator(task_id="start", plan=plan).choose_branch(triggered)
