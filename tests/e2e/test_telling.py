"""People are told at the moments of a plan, in real time, through the real protocols; each thing once."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.sandbox.layout import port, token
from slipway.sandbox.vendors.stand_in import CONTROL
from slipway.words import Outcome

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def told(stack: Stack) -> Iterator[Release]:
    production = Production(stack.sandbox)
    production.reset()
    number = port(stack.sandbox.root, "post_slack")
    busy = {"match": "POST", "status": 429, "retry_after": "31"}  # a second longer than a call itself waits
    httpx.post(f"http://127.0.0.1:{number}{CONTROL}/trouble", json=busy).raise_for_status()
    yield Release.trigger(stack, "telling", pace=1).go().ends_as(Outcome.RELEASED)
    production.let_go()


def read(release: Release, service: str, path: str, **headers: str) -> Any:
    number = port(release.stack.sandbox.root, f"post_{service}")
    return httpx.get(f"http://127.0.0.1:{number}{path}", headers=headers).json()


def test_each_moment_is_told_once_on_its_channel(told: Release) -> None:
    [began] = read(told, "slack", "/messages")
    assert "v2 by release_manager" in str(began)
    key = token(told.stack.sandbox.root, "post_status_page")
    incidents = "/v1/pages/planner/incidents"
    [touched] = read(told, "status_page", incidents, Authorization=f"OAuth {key}")
    assert touched["name"] == "touched"
    [hook] = read(told, "webhook", "/taken")
    assert "v2 is there" in str(hook)
    [mail] = read(told, "mail_window", "/mails")
    assert "RELEASED" in str(mail)


def test_a_channel_that_wants_to_be_left_alone_is_told_later_and_no_task_fails(told: Release) -> None:
    task = told.task("notices.tell_of_the_start")
    assert (task.state, task.try_number) == ("success", 1)
    assert "Told again in 31 s" in told.log("notices.tell_of_the_start")


def test_a_breach_that_stops_nothing_is_told_while_the_watch_goes_on(told: Release) -> None:
    [alert] = read(told, "pager", "/alerts").values()
    assert (alert["summary"], alert["pages"], alert["status"]) == ("busy", 1, "triggered")
    [delivery] = told.xcom("watch.watch_production", "deliveries")
    assert delivery["state"] == "sent"
    assert delivery["occasion"].startswith("requests")
    assert told.task("notices.tell_of_the_breach").state == "skipped"


def test_the_record_tells_what_became_of_each(told: Release) -> None:
    notices = {each["name"]: each["state"] for each in told.record()["notices"]}
    assert notices == {
        "began": "sent",
        "touched": "sent",
        "busy": "sent",
        "launched": "sent",
        "done": "sent",
        "sorry": "not needed",
    }


def test_a_task_that_is_cleared_tells_nothing_again(told: Release) -> None:
    with told.stack.airflow.client("release_manager") as client:
        body = {"task_ids": ["notices.tell_of_the_start"], "dag_run_id": told.id, "dry_run": False}
        client._call("POST", "dags/telling/clearTaskInstances", body | {"only_failed": False})
    told.wait(
        lambda client: (
            client.task("telling", told.id, "notices.tell_of_the_start").try_number == 2
            and client.task("telling", told.id, "notices.tell_of_the_start").state == "success"
        ),
        "the second try",
    )
    assert len(read(told, "slack", "/messages")) == 1


def test_a_rehearsal_shows_and_sends_nothing(told: Release) -> None:
    before = len(read(told, "slack", "/messages"))
    release = Release.trigger(told.stack, "telling", pace=2)
    release.await_state("notices.tell_of_the_start", "success")
    assert "in a rehearsal, so not sent" in release.log("notices.tell_of_the_start")
    assert len(read(told, "slack", "/messages")) == before
    release.await_gate()
    release.mark("gate.go_no_go", "failed", note="only a rehearsal")
    release.ends_as(Outcome.REJECTED)
