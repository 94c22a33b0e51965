"""Any process of Airflow may be killed at any moment: the release goes on, and nothing is deployed twice."""

from datetime import datetime

import psutil
import pytest
from tests.e2e.production import Production
from tests.e2e.release import WATCH, Release

from slipway.local.process import marked
from slipway.local.settings import MARK
from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

DEPLOY = "production.deploy_application"
ONE_MINUTE = 360  # the pace at which the watch takes so long


def held_in_its_deployment(stack: Stack, production: Production) -> Release:
    """Return a release whose deployment has begun and waits."""
    production.hold()
    release = Release.trigger(stack, "thin").go()
    release.wait(lambda client: production.restarts() == {"begun v2": 1}, "the deployment")
    return release


def task_process(stack: Stack) -> psutil.Process:
    """Return the process of the task that runs the held restart."""
    processes = marked(MARK, str(stack.airflow.home.root))
    by_pid = {process.pid: process for process in psutil.process_iter()}
    [script] = [each for each in by_pid.values() if "bin/counted-restart" in " ".join(_cmdline(each))]
    parent = by_pid[script.ppid()]
    assert parent in processes
    return parent


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_scheduler_killed_in_mid_deployment_deploys_nothing_twice(
    stack: Stack, production: Production
) -> None:
    release = held_in_its_deployment(stack, production)
    stack.airflow.kill("scheduler")
    assert stack.start() == ["scheduler"]
    production.let_go()
    release.ends_as(Outcome.RELEASED)
    assert production.restarts() == {"begun v2": 1, "done v2": 1}
    assert production.fingerprint()["version"] == "v2"


def test_a_task_killed_in_mid_deployment_is_tried_again(stack: Stack, production: Production) -> None:
    release = held_in_its_deployment(stack, production)
    task_process(stack).kill()
    production.let_go()
    release.ends_as(Outcome.RELEASED)
    assert release.task(DEPLOY).try_number == 2
    assert production.restarts() == {"begun v2": 2, "done v2": 1}
    assert release.xcom(DEPLOY, "before") == {"release": "v1", "version": "v1"}


def test_a_watch_goes_on_after_triggerer_and_api_server_were_killed_and_ends_when_it_should(
    stack: Stack, production: Production
) -> None:
    release = Release.trigger(stack, "thin", pace=ONE_MINUTE).go()
    release.wait(lambda client: client.xcom("thin", release.id, WATCH, "checkpoint_1"), "a checkpoint")
    stack.airflow.kill("triggerer")
    stack.airflow.kill("api-server")
    assert sorted(stack.start()) == ["api-server", "triggerer"]
    release.ends_as(Outcome.RELEASED)
    said = release.xcom(WATCH)
    assert (said["answer"], said["checkpoints"], said["breaches"]) == ("PASS", 3, [])
    ended = release.task(WATCH).ended
    assert isinstance(ended, datetime)
    # What comes on top is the way back from the triggerer to a worker.
    assert 60 <= ended.timestamp() - float(release.xcom(WATCH, "watch_start")) < 75
