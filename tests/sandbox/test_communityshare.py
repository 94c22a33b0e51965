"""Releases of maintenance scheduling on the sandbox: SSH, AWS, a cluster, LaunchDarkly, and real servers."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psutil
import pytest
from tests.dags.conftest import made_by
from tests.sandbox.deploying import ask
from tests.sandbox.local_release import LocalRelease

from slipway.kinds import Step
from slipway.local.waiting import wait_until
from slipway.metrics.sources import Readings
from slipway.sandbox import Sandbox
from slipway.sandbox.layout import Place, port
from slipway.sandbox.platforms import agent
from slipway.sandbox.seed_communityshare import BETA, INTERNAL
from slipway.steps import RollingRestart, TakeBaseline, rolling_restart, ssh_job
from slipway.steps.faults import CommandFailed, ScriptFailed
from slipway.steps.faults.checks import CheckNotPassed

pytestmark = pytest.mark.slow

SCHEDULES = "/api/maintenance/schedules"
V1 = {
    "checked_out": "v1",
    "servers": {"api-1": "v1", "api-2": "v1"},
    "cron_jobs": {},
    "flag": None,
}
ROLLOUT = [
    "rollback.undo_enable_for_everybody",
    "rollback.undo_enable_for_a_half",
    "rollback.undo_enable_for_a_quarter",
    "rollback.undo_enable_for_beta_users",
    "rollback.undo_enable_for_internal_team",
]
WAY_BACK = [  # flag, job, code, database
    "rollback.undo_let_the_test_user_in",
    "rollback.undo_schedule_maintenance_checker",
    "rollback.undo_deploy_front_end",
    "rollback.undo_restart_api_servers",
    "rollback.undo_deploy_api",
    "rollback.undo_insert_seed_data",
    "rollback.undo_create_maintenance_tables",
    "rollback.undo_fetch_release",
    "rollback.undo_create_flag",
]


@pytest.fixture
def release(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], LocalRelease]]:
    """Give a maker of releases of the plan, on environments that serve v1."""
    for conn_id, value in sandbox.connections().items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
    for module in (rolling_restart, ssh_job):
        monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    plan = made_by("maintenance_scheduling")["plan"]
    quick = replace(plan, on_staging=hurried(plan.on_staging), on_production=hurried(plan.on_production))
    # Nobody uses the sandbox of these tests, so that there is nothing to measure.
    yield lambda version: LocalRelease(plan=quick, version=version, leaves_out=(TakeBaseline,))
    for environment in ("staging", "production"):
        sandbox.reset("communityshare", environment)


def hurried(steps: Sequence[Step]) -> list[Step]:
    """Let no server settle for seconds."""
    return [
        replace(step, settle=timedelta(0)) if isinstance(step, RollingRestart) else step for step in steps
    ]


def production(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.fingerprint("communityshare", "production")


def site(place: Place) -> str:
    """The page as CloudFront serves it."""
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port(place.root, f'{place.name}_site')}/index.html", timeout=5
    ) as answer:
        return str(answer.read().decode())


def enabled_for(place: Place, users: Any) -> int:
    """For how many of these users the deployed service shows the feature."""
    return sum(ask(place, SCHEDULES, X_User=str(user))[0] == 200 for user in users)


def schedule(place: Place, user: int) -> int:
    body = {"resource_id": 1, "title": "Oil", "frequency": "yearly", "next_due": "2026-01-01"}
    return ask(place, SCHEDULES, body, X_User=str(user))[0]


def test_a_release_reaches_everyone_in_five_phases_and_goes_back_whole(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    place, before, v2 = sandbox.place("communityshare", "production"), production(sandbox), release("v2")
    assert before["platform"] | {"site": None} == V1 | {"site": None}
    assert "CommunityShare v1" in site(place)
    v2.on_staging()
    v2.on_production()
    assert v2.check("verification", v2.plan.verify) == {}
    assert (enabled_for(place, INTERNAL), enabled_for(place, range(1, 101))) == (0, 0)
    await_a_night(sandbox, place)
    # An alert that is on its way is counted before it is delivered.
    wait_until(
        lambda: figures_of_the_job(v2) == {"job_success": 100.0, "alert_delivery": 100.0},
        "a night whose alerts all arrived",
        timeout=30,
    )
    reach = []
    [phased] = v2.plan.strategies
    for stage in phased.stages:
        only = LocalRelease(
            plan=v2.plan, version="v2", evidences=v2.evidences, findings=v2.findings, done=v2.done
        )
        for step in stage.steps:
            run = only._run(f"rollout.{stage.name}", step.name, "production")
            only.done.append((run.task_id, step, run))
            only._do(step, run)
        time.sleep(0.3)  # the SDK of each server hears of it
        shown = [enabled_for(place, users) for users in (INTERNAL, BETA, range(1, 301))]
        reach.append(shown)
        if stage.name == "internal_team":
            assert [schedule(place, user) for user in INTERNAL] == [200] * 10
            assert only.check("rollout.internal_team", stage.require) == {}
    assert reach[0] == [10, 0, 0]
    assert reach[1] == [10, 100, 0]
    assert 50 <= reach[2][2] <= 100
    assert 120 <= reach[3][2] <= 180
    assert reach[4] == [10, 100, 300]
    assert {name for name, found in v2.findings.items() if found.answer != "PASS"} == set()
    now = production(sandbox)
    assert now["version"] == "v2"
    assert now["platform"]["servers"] == {"api-1": "v2", "api-2": "v2"}
    assert now["platform"]["cron_jobs"] == {"maintenance-checker": "0 6 * * *"}
    assert sorted(now["platform"]["site"]) == ["index.html", "static/maintenance.js", "static/resources.js"]
    assert "CommunityShare v2" in site(place)

    assert v2.roll_back() == ROLLOUT + WAY_BACK
    assert production(sandbox) == before
    assert "CommunityShare v1" in site(place)
    assert v2.check("rollback", v2.plan.verify_rollback) == {}
    assert v2.roll_back() == ROLLOUT + WAY_BACK  # done twice it is done once
    assert production(sandbox) == before


def test_one_server_answers_while_the_other_is_restarted(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    place, v2 = sandbox.place("communityshare", "production"), release("v2-crash-on-start")
    v2.on_staging()
    with pytest.raises(CommandFailed) as stopped:
        v2.on_production()
    assert "PHOTO_BUCKET" in str(stopped.value)
    assert ask(place, "/version") == (200, {"version": "v1"})
    servers = production(sandbox)["platform"]["servers"]
    assert servers == {"api-1": "v2-crash-on-start", "api-2": "v1"}
    assert v2.roll_back()[:2] == ["rollback.undo_restart_api_servers", "rollback.undo_deploy_api"]
    assert production(sandbox)["platform"]["servers"] == {"api-1": "v1", "api-2": "v1"}
    assert v2.check("rollback", v2.plan.verify_rollback) == {}


def test_a_broken_migration_fails_on_production_and_leaves_nothing(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    before, v2 = production(sandbox), release("v2-broken-migration")
    v2.on_staging()
    with pytest.raises(ScriptFailed) as failed:
        v2.on_production()
    assert "last spring" in str(failed.value)
    v2.roll_back()
    assert production(sandbox) == before


def test_damaged_data_is_found_before_anything_is_deployed_and_comes_back_from_s3(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    before, v2 = production(sandbox), release("v2-data-corruption")
    v2.on_staging()
    with pytest.raises(CheckNotPassed) as found:
        v2.on_production()
    assert "resources" in str(found.value)
    assert production(sandbox)["version"] == "v1"
    order = v2.roll_back(restores=True)
    assert "rollback.restore_database" in order
    assert production(sandbox) == before


@pytest.mark.parametrize("tag", ["v2-error-rate", "v2-latency"])
def test_a_fault_of_the_code_shows_on_production_only(
    sandbox: Sandbox, release: Callable[[str], LocalRelease], tag: str
) -> None:
    faulty = release(tag)
    faulty.on_staging()
    faulty.on_production()
    both = [sandbox.place("communityshare", environment) for environment in ("staging", "production")]
    with ThreadPoolExecutor(8) as users:
        staging, live = [list(users.map(lambda n, of=place: pages(of, n), range(1, 41))) for place in both]
    if tag == "v2-error-rate":
        assert {status for status, _ in staging} == {200}
        assert 4 <= sum(status == 500 for status, _ in live) <= 16
    else:
        assert min(seconds for _, seconds in live) > 0.9
    time.sleep(2 * agent.EVERY)  # until the figures show it
    assert set(faulty.check("verification", faulty.plan.verify)) == {"metrics_are_calm"}
    faulty.roll_back()


def pages(place: Place, n: int) -> tuple[int, float]:
    """Status and seconds of the n-th of many users' lists; far apart, so that most of the resources show."""
    began = time.perf_counter()
    status, _ = ask(place, "/api/resources", X_User=str(n * 37))
    return status, time.perf_counter() - began


def await_a_night(sandbox: Sandbox, place: Place) -> None:
    """Wait until the cluster has run the job, and see that it failed on no server."""
    deadline = time.monotonic() + 20
    count = "SELECT count(*) FROM notifications WHERE subject LIKE 'Maintenance is due: Test schedule %'"
    with sandbox.postgres.connect(place.name) as database:
        while database.execute(count).fetchone() == (0,):
            assert time.monotonic() < deadline, "no night came"
            time.sleep(0.2)
    pages = [counters(place, name) for name in ("api-1", "api-2")]
    assert sum(page.count('maintenance_job_runs_total{outcome="failed"} 0.0') for page in pages) == 2


def figures_of_the_job(release: LocalRelease) -> dict[str, float | None]:
    """Read from CloudWatch what the watch wants from phase 2 on; the agent puts it there within seconds."""
    found: dict[str, float | None] = {}
    deadline, reader = time.monotonic() + 10, Readings(since=time.time())
    metrics = [m for m in release.plan.watch.metrics if m.name in ("job_success", "alert_delivery")]
    while None in (found.values() or (None,)) and time.monotonic() < deadline:
        for metric in metrics:
            conn_id = release.plan.production.connection(metric.source)
            scrape = reader.read(conn_id, metric.reading.query)
            found[metric.name] = metric.value(scrape, scrape)
        time.sleep(0.2)
    return found


def counters(place: Place, name: str) -> str:
    address = f"http://127.0.0.1:{port(place.root, f'{place.name}/{name}')}/metrics"
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())


def test_notices_in_the_application_are_kept_once(sandbox: Sandbox) -> None:
    place = sandbox.place("communityshare", "staging")
    connection = json.loads(sandbox.connections()[f"{place.name}_service"])
    headers = {"Authorization": f"Bearer {connection['password']}", "Idempotency_Key": "one"}
    body = {"title": "New Feature Coming", "text": "Stay tuned", "audience": "All users"}
    assert [ask(place, "/api/notices", body, **headers)[0] for _ in range(2)] == [200, 200]
    assert len(ask(place, "/api/notices")[1]["notices"]) == 1
    sandbox.reset("communityshare", "staging")


def test_two_servers_run_behind_one_address(sandbox: Sandbox) -> None:
    found = sandbox.status()["services"]
    pids = [found[f"communityshare_production/{name}"]["pid"] for name in ("api-1", "api-2")]
    assert len(set(pids)) == 2
    assert all(psutil.pid_exists(pid) for pid in pids)
