"""Releases of the manual score override on the sandbox: Heroku's stand-in, git, PostgreSQL and processes."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.dags.conftest import made_by
from tests.sandbox.deploying import ask
from tests.sandbox.local_release import LocalRelease

from slipway.checks import NoteDowntime
from slipway.sandbox import Sandbox
from slipway.sandbox.platforms.scores import begin
from slipway.sandbox.vendors.heroku_state import HerokuState
from slipway.steps import TakeBaseline
from slipway.steps.faults.checks import CheckNotPassed
from slipway.steps.faults.heroku import DynoCommandFailed
from slipway.words import Answer

pytestmark = pytest.mark.slow

# Nobody uses the sandbox of these tests, so that there is nothing to measure.
NEEDS_LOAD = (TakeBaseline, NoteDowntime)
WAY_BACK = [
    "rollback.undo_migrate",
    "rollback.undo_deploy",
    "rollback.undo_try_one_off_dyno",
]


@pytest.fixture
def release(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LocalRelease]]:
    """Give a maker of releases of the plan, on environments that serve v1."""
    for conn_id, value in sandbox.connections().items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)

    def make(version: str, strategy: str = "direct") -> LocalRelease:
        plan = made_by("manual_score_override")["plan"]
        return LocalRelease(plan=plan, version=version, strategy=strategy, leaves_out=NEEDS_LOAD)

    yield make
    for environment in ("staging", "production"):
        sandbox.reset("scores", environment)


def parents_of(sandbox: Sandbox, commit: str) -> list[str]:
    """Name the parents of a commit."""
    repository = str(sandbox.place("scores", "staging").repository)

    def git(*arguments: str) -> str:
        command = ["git", "-C", repository, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    parents = git("show", "-s", "--format=%P", commit).split()
    return [
        git("name-rev", "--name-only", "--refs=main", "--refs=v2", each).strip().removesuffix("^0")
        for each in parents
    ]


def production(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.fingerprint("scores", "production")


def test_a_release_reaches_everyone_and_goes_back_whole(
    sandbox: Sandbox, release: Callable[..., LocalRelease]
) -> None:
    before, v2 = production(sandbox), release("v2", "gradual")
    v2.on_staging()
    assert parents_of(sandbox, v2.evidences["staging.make_deployment_branch"].proof["commit"]) == [
        "main",
        "v2",
    ]
    v2.on_production()
    assert v2.check("verification", v2.plan.verify) == {}
    assert production(sandbox)["flags"]["MANUAL_SCORE_OVERRIDE"] == {"enabled": False, "percentage": 0}
    v2.roll_out()
    assert {name for name, found in v2.findings.items() if found.answer != "PASS"} == set()
    now = production(sandbox)
    assert (now["version"], now["revision"]) == ("v2", "0003_manual_score_flag")
    assert now["flags"]["MANUAL_SCORE_OVERRIDE"] == {"enabled": True, "percentage": 100}
    assert sandbox.fingerprint("scores", "staging")["platform"]["commit"] == now["platform"]["commit"]
    # What the stand-in knows after it was started anew:
    begun = begin(HerokuState(), sandbox.place("scores", "production"))
    assert begun.running == now["platform"]["commit"]

    order = v2.roll_back()
    assert order[-3:] == WAY_BACK
    assert {name.rpartition("_")[2] for name in order[:-3]} == {"flag"}
    assert production(sandbox) == before
    assert v2.check("rollback", [c for c in v2.plan.verify_rollback if c.name != "version_before"]) == {}


def test_a_broken_migration_ends_with_its_status_and_what_ran_goes_back(
    sandbox: Sandbox, release: Callable[..., LocalRelease]
) -> None:
    before, broken = production(sandbox), release("v2-broken-migration")
    broken.on_staging()
    assert broken.check("validation", broken.plan.validate) == {}
    with pytest.raises(
        DynoCommandFailed, match=r"(?s)`python manage.py migrate.* ended with status 1.*is duplicated"
    ):
        broken.on_production()
    assert production(sandbox)["revision"] == "0003_manual_score_flag"
    assert broken.roll_back() == WAY_BACK
    assert production(sandbox) == before


def test_damaged_data_is_seen_and_comes_back_from_the_backup(
    sandbox: Sandbox, release: Callable[..., LocalRelease]
) -> None:
    before, damaging = production(sandbox), release("v2-data-corruption")
    damaging.on_staging()
    with pytest.raises(CheckNotPassed) as found:
        damaging.on_production()
    assert found.value.saw_damage
    order = damaging.roll_back(restores=True)
    assert order == [*WAY_BACK[:2], "rollback.restore_database", WAY_BACK[2]]
    assert production(sandbox) == before


def test_errors_of_the_new_version_are_found_in_its_log(
    sandbox: Sandbox, release: Callable[..., LocalRelease]
) -> None:
    before, failing = production(sandbox), release("v2-error-rate")
    failing.on_staging()
    failing.on_production()
    place = sandbox.place("scores", "production")
    assert 500 in [ask(place, "/api/assessments", X_User=str(1 + n % 25))[0] for n in range(100)]
    [log] = [each for each in failing.plan.verify if each.name == "logs_no_error"]
    assert set(failing.check("verification", [log])) == {"logs_no_error"}
    assert failing.findings["verification.logs_no_error"].answer is Answer.FAIL
    failing.roll_back()
    assert production(sandbox) == before


def test_a_release_that_crashes_is_seen_before_it_migrates(
    sandbox: Sandbox, release: Callable[..., LocalRelease]
) -> None:
    before, crashing = production(sandbox), release("v2-crash-on-start")
    crashing.on_staging()
    with pytest.raises(CheckNotPassed, match=r"0 of 1 web dynos of the5hc are up \(1 crashed\)"):
        crashing.on_production()
    assert crashing.roll_back() == WAY_BACK[1:]
    assert production(sandbox) == before
