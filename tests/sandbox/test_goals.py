"""Releases of the personal goals on the sandbox: Azure's stand-in, two slots, a CDN, and processes."""

import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from rich.console import Console
from tests.dags.conftest import made_by
from tests.sandbox.deploying import ask
from tests.sandbox.local_release import LocalRelease
from tests.waiting import until

from slipway.checks import BaselineLimit, Downtime, NoteDowntime
from slipway.kinds import Check
from slipway.plans_cli.doctor import examine
from slipway.sandbox import Sandbox
from slipway.sandbox.layout import Place, port
from slipway.sandbox.platforms.doors import Doors
from slipway.sandbox.platforms.goals_build import ensure_artifacts
from slipway.sandbox.platforms.goals_cloud import Cloud
from slipway.steps import TakeBaseline
from slipway.steps.faults import ScriptFailed
from slipway.steps.faults.checks import CheckNotPassed
from slipway.words import Answer

pytestmark = pytest.mark.slow

FLAG = "Features:PersonalGoals:Enabled"
# Nobody uses the sandbox of these tests, so that there is nothing to measure.
NEEDS_LOAD = (TakeBaseline, NoteDowntime)
V1 = {"slots": {"production": "v1", "green": None}, "ui": "v1", "switches": {FLAG: "false"}}
WAY_BACK = [
    "rollback.undo_enable_personal_goals",
    "rollback.undo_swap_slots",
    "rollback.undo_purge_cdn",
    "rollback.undo_deploy_ui",
    "rollback.undo_purge_cdn_when_undone",
    "rollback.undo_deploy_to_green",
    "rollback.undo_migrate_database",
]


@pytest.fixture
def release(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], LocalRelease]]:
    """Give a maker of releases of the plan, on environments that serve v1."""
    for conn_id, value in sandbox.connections().items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
    yield lambda version: LocalRelease(
        plan=made_by("personal_goals")["plan"], version=version, leaves_out=NEEDS_LOAD
    )
    for environment in ("staging", "production"):
        sandbox.reset("goals", environment)


def production(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.fingerprint("goals", "production")


def seen(checks: Any) -> list[Any]:
    """Leave out what only load can show, and what compares with the note of a preflight that did not run."""
    return [
        check
        for check in checks
        if not isinstance(check, BaselineLimit | Downtime) and check.name != "version_before"
    ]


def green(place: Place, path: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the green slot's own address."""
    url = f"http://127.0.0.1:{port(place.root, 'goals_production_green')}{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, {}


def test_a_release_takes_the_traffic_from_green_and_goes_back_whole(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    place, before, v2 = sandbox.place("goals", "production"), production(sandbox), release("v2")
    assert before["platform"] == V1
    assert green(place, "/version")[0] == 503
    v2.on_staging()
    assert {name: found.summary for name, found in v2.findings.items() if found.answer != Answer.PASS} == {}
    v2.on_production()
    assert v2.check("verification", seen(v2.plan.verify)) == {}
    now = production(sandbox)
    assert (now["version"], now["revision"]) == ("v2", "20251104101500_AddPersonalGoals")
    assert now["platform"] == {
        "slots": {"production": "v2", "green": "v1"},
        "ui": "v2",
        "switches": {FLAG: "true"},
    }
    assert green(place, "/version") == (200, {"version": "v1"})
    restarted = Cloud(place, ensure_artifacts(sandbox.root), Doors({}))  # as the stand-ins' process would be
    assert restarted.fingerprint() == now["platform"]
    assert v2.evidences["production.swap_slots"].proof["warm"] is True

    assert v2.roll_back() == WAY_BACK
    assert production(sandbox) == before
    assert green(place, "/version")[0] == 503
    assert v2.check("rollback", seen(v2.plan.verify_rollback)) == {}


def test_undoing_twice_changes_nothing_more(sandbox: Sandbox, release: Callable[[str], LocalRelease]) -> None:
    before, v2 = production(sandbox), release("v2")
    v2.on_staging()
    v2.on_production()
    v2.roll_back()
    v2.roll_back()
    assert production(sandbox) == before


def test_the_switch_in_the_store_switches_the_feature(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    place, v2 = sandbox.place("goals", "production"), release("v2")
    v2.on_staging()
    v2.on_production()
    goals = [each for each in v2.plan.verify if each.name == "walk_through_goals"]
    assert v2.check("verification", goals) == {}
    _, step, run = v2.done[-1]
    step.undo(run, v2.evidences["production.enable_personal_goals"])
    until(lambda: ask(place, "/api/me/goals", X_User="1000000")[0] == 404)
    assert ask(place, "/api/me/skills", X_User="1")[0] == 200


def test_a_version_that_does_not_start_is_found_in_green_and_nobody_notices(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    before, crashing = production(sandbox), release("v2-crash-on-start")
    crashing.on_staging()
    assert crashing.check("validation", seen(crashing.plan.validate)) == {}
    with pytest.raises(CheckNotPassed, match='"health": GET /api/health: status 503, expected 200'):
        crashing.on_production()
    assert production(sandbox)["version"] == "v1"
    assert crashing.roll_back() == WAY_BACK[-2:]
    assert production(sandbox) == before


def test_a_broken_migration_leaves_nothing_of_itself(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    before, broken = production(sandbox), release("v2-broken-migration")
    broken.on_staging()
    assert broken.check("validation", seen(broken.plan.validate)) == {}
    with pytest.raises(ScriptFailed, match="is duplicated"):
        broken.on_production()
    assert production(sandbox) == before
    assert broken.roll_back() == ["rollback.undo_migrate_database"]
    assert production(sandbox) == before


def test_damaged_data_is_seen_and_comes_back_from_the_backup(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    before, damaging = production(sandbox), release("v2-data-corruption")
    damaging.on_staging()
    with pytest.raises(CheckNotPassed) as found:
        damaging.on_production()
    assert found.value.saw_damage
    assert production(sandbox)["version"] == "v1"  # nothing is deployed on top of it
    assert damaging.roll_back(restores=True) == [
        "rollback.undo_migrate_database",
        "rollback.restore_database",
    ]
    assert production(sandbox) == before


def test_errors_show_on_production_only(sandbox: Sandbox, release: Callable[[str], LocalRelease]) -> None:
    before, wrong = production(sandbox), release("v2-error-rate")
    wrong.on_staging()
    wrong.on_production()
    places = [sandbox.place("goals", name) for name in ("staging", "production")]
    statuses = [
        [ask(place, "/api/me/skills", X_User=str(user))[0] for user in range(1, 21)] for place in places
    ]
    assert [each.count(500) for each in statuses] == [0, 4]
    with used(places[1]):
        assert set(wrong.check("verification", [named(wrong, "error_rate_is_normal")])) == {
            "error_rate_is_normal"
        }
    assert wrong.findings["verification.error_rate_is_normal"].answer is Answer.FAIL
    wrong.roll_back()
    assert production(sandbox) == before


def test_slowness_shows_on_production_only(sandbox: Sandbox, release: Callable[[str], LocalRelease]) -> None:
    slow = release("v2-latency")
    slow.on_staging()
    slow.on_production()
    assert slow.check("validation", seen(slow.plan.validate)) == {}
    assert slow.check("verification", seen(slow.plan.verify)) == {}  # those of the checks have few skills
    took = [_seconds(sandbox.place("goals", name)) for name in ("staging", "production")]
    assert took[0] < 0.2
    assert took[1] > 0.3


def named(release: LocalRelease, name: str) -> Check:
    """Return the check of this name after production."""
    [found] = [each for each in release.plan.verify if isinstance(each, Check) and each.name == name]
    return found


@contextmanager
def used(place: Place) -> Iterator[None]:
    """Let the twenty users ask for their skills, again and again."""
    over = Event()

    def ask_on() -> None:
        while not over.is_set():
            for user in range(1, 21):
                ask(place, "/api/me/skills", X_User=str(user))

    users = Thread(target=ask_on)
    users.start()
    try:
        yield
    finally:
        over.set()
        users.join()


def _seconds(place: Place) -> float:
    began = time.perf_counter()
    ask(place, "/api/me/skills", X_User="7")
    return time.perf_counter() - began


def test_the_doctor_reads_all_that_the_plan_names(
    sandbox: Sandbox, release: Callable[[str], LocalRelease]
) -> None:
    out = io.StringIO()
    examine(release("v2").plan, Console(file=out, width=300))
    found = out.getvalue()
    for text in (
        "ok   production azure",
        "goals_production_azure: 1 resource groups readable as sandbox-client: cpr-prod-rg",
        "goals_staging_app_configuration: 1 keys readable as sandbox-key",
        "goals_artifacts: folder ",
        "goals_production_site: GET / answers 200",
        "goals_staging_service: GET /health answers 200",
        "NOTE production green      goals_production_green: GET /health answers 503: empty,",
    ):
        assert text in found
    # Neither the load nor Airflow runs beside this sandbox.
    assert [line.split()[3] for line in found.splitlines() if line.startswith("BAD")] == [
        "goals_staging_probe:",
        "goals_production_probe:",
        "goals_production_probe:",  # and once more as a source of metrics
        "slipway_airflow:",
    ]
