"""Any process of Airflow may be killed at any moment: the release goes on, and nothing is deployed twice."""

import re
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from tests.e2e.production import Production
from tests.e2e.release import WATCH, Release

from slipway.airflow.watch_notes import PROGRESS
from slipway.local.stack import Stack
from slipway.local.waiting import wait_until
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

DEPLOY = "production.deploy_application"
FORTY_SECONDS = 540  # the pace at which the watch takes so long


def held_in_its_deployment(stack: Stack, production: Production) -> Release:
    """Return a release whose deployment has begun and waits."""
    production.hold()
    release = Release.trigger(stack, "thin").go()
    release.wait(lambda client: production.restarts() == {"begun v2": 1}, "the deployment")
    return release


def restarts_that_run(production: Production) -> list[psutil.Process]:
    """Return the restart scripts that run."""
    script = str(production.place.home / "bin" / "counted-restart")
    return [each for each in psutil.process_iter() if script in _cmdline(each)]


def kill(stack: Stack, *names: str) -> None:
    """Kill components of Airflow with -9 and wait until they are gone."""
    for name in names:
        stack.airflow.kill(name)
    wait_until(lambda: not any(stack.airflow.status()[name] for name in names), "the end", timeout=30)


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_scheduler_killed_in_mid_deployment_deploys_nothing_twice(
    stack: Stack, production: Production
) -> None:
    release = held_in_its_deployment(stack, production)
    kill(stack, "scheduler")
    assert stack.start() == ["scheduler"]
    # The new scheduler gives up the first try, which still lives, and begins a second one.
    release.wait(lambda client: production.restarts() == {"begun v2": 2}, "the second try")
    assert len(restarts_that_run(production)) == 1
    production.let_go()
    release.ends_as(Outcome.RELEASED)
    assert production.restarts() == {"begun v2": 2, "done v2": 1}
    assert release.xcom(DEPLOY, "before") == {"release": "v1", "version": "v1"}
    assert production.fingerprint()["version"] == "v2"


def test_a_task_killed_in_mid_deployment_is_tried_again(stack: Stack, production: Production) -> None:
    release = held_in_its_deployment(stack, production)
    [script] = restarts_that_run(production)
    script.parent().kill()
    script.wait(timeout=60)  # on a busy machine the kill takes its time, and the script would go on meanwhile
    production.let_go()
    release.ends_as(Outcome.RELEASED)
    assert release.task(DEPLOY).try_number == 2
    assert production.restarts() == {"begun v2": 2, "done v2": 1}
    assert release.xcom(DEPLOY, "before") == {"release": "v1", "version": "v1"}


def test_a_step_that_is_marked_failed_while_it_runs_is_undone_only_after_it_has_ended(
    stack: Stack, production: Production
) -> None:
    before = production.fingerprint()
    release = held_in_its_deployment(stack, production)
    [script] = restarts_that_run(production)
    release.mark(DEPLOY, "failed", note="Stop!")
    release.await_state("rollback.undo_deploy_application", "running")
    assert not script.is_running()
    production.let_go()
    release.ends_as(Outcome.ROLLED_BACK)
    assert production.fingerprint() == before
    assert production.restarts() == {"begun v2": 1, "begun v1": 1, "done v1": 1}


def test_a_watch_goes_on_after_triggerer_and_api_server_were_killed_and_ends_when_it_should(
    stack: Stack, production: Production
) -> None:
    release = Release.trigger(stack, "thin", pace=FORTY_SECONDS).go()
    noted = f"{PROGRESS}_{WATCH}"  # a moment after the checkpoint itself
    release.wait(lambda client: client.xcom("thin", release.id, "verdict", noted), "a checkpoint")
    kill(stack, "triggerer", "api-server")
    assert sorted(stack.start()) == ["api-server", "triggerer"]
    back = datetime.now(UTC)  # a busy machine takes longer for it than the window is long
    release.ends_as(Outcome.RELEASED)
    said = release.xcom(WATCH)
    assert (said["answer"], said["checkpoints"], said["breaches"]) == ("PASS", 3, [])
    # Each triggerer says it anew, and it is the same moment.
    first, *later = re.findall(r"lasts until (\S+ \S+) UTC", release.log(WATCH))
    assert later == [first]
    end = datetime.fromisoformat(first).replace(tzinfo=UTC)
    ended = release.task(WATCH).ended
    assert ended
    # What comes on top is the way back from the triggerer to a worker.
    assert end <= ended < max(end, back) + timedelta(seconds=20)
