"""Maintenance scheduling from end to end: forty days in a minute, on SSH, AWS, a cluster and LaunchDarkly."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.release import Release
from tests.running import one_plan

from slipway.local.stack import Stack
from slipway.words import GateAnswer, Outcome

pytestmark = pytest.mark.e2e

PLAN = "maintenance_scheduling"
A_MONTH_IN_10_SECONDS = 259_200
SEEN_ENOUGH = 2  # of 48 checkpoints of the first phase, and of 34 of the month; 003 watches to the end
REASON = "The end-to-end tests run at any hour"
CODE = [  # flag, job, code
    "rollback.undo_let_the_test_user_in",
    "rollback.undo_schedule_maintenance_checker",
    "rollback.undo_deploy_front_end",
    "rollback.undo_restart_api_servers",
    "rollback.undo_deploy_api",
]
PHASES = [
    "rollback.undo_everybody_enable_for_everybody",
    "rollback.undo_a_half_enable_for_a_half",
    "rollback.undo_a_quarter_enable_for_a_quarter",
    "rollback.undo_beta_users_enable_for_beta_users",
    "rollback.undo_internal_team_enable_for_internal_team",
]
FIRST_SOAK = "rollout.internal_team.soak"
DATABASE = [
    "rollback.undo_insert_seed_data",
    "rollback.undo_create_maintenance_tables",
    "rollback.undo_fetch_release",
    "rollback.undo_create_flag",
]


@pytest.fixture(scope="module")
def stack() -> Stack:
    return one_plan("communityshare", PLAN)


@pytest.fixture
def production(stack: Stack) -> Callable[[], dict[str, Any]]:
    """Bring both environments back to v1; give what tells production's fingerprint."""
    for environment in ("staging", "production"):
        stack.sandbox.reset("communityshare", environment)
    return lambda: stack.sandbox.fingerprint("communityshare", "production")


def release_of(stack: Stack, version: str) -> Release:
    return Release.trigger(stack, PLAN, version, pace=A_MONTH_IN_10_SECONDS, break_glass=REASON)


def test_it_reaches_everybody_in_five_phases_and_is_rolled_back_later(
    stack: Stack, production: Callable[[], dict[str, Any]]
) -> None:
    before = production()
    release = release_of(stack, "v2").answered(enough=SEEN_ENOUGH).ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    after = production()
    assert after["version"] == "v2"
    assert after["platform"]["servers"] == {"api-1": "v2", "api-2": "v2"}
    assert after["platform"]["cron_jobs"] == {"maintenance-checker": "0 6 * * *"}
    assert after["platform"]["flag"]["on"] is True
    assert after["platform"]["flag"]["fallthrough"] == {"variation": 0}

    back = Release.trigger(stack, PLAN, intent="roll_back")
    back.ends_as(Outcome.ROLLED_BACK)
    assert back.record()["rolls_back"] == release.id
    assert back.undone() == PHASES + CODE + DATABASE
    assert production() == before


def test_a_no_go_leaves_production_alone(stack: Stack, production: Callable[[], dict[str, Any]]) -> None:
    before = production()
    release = release_of(stack, "v2").answered(GateAnswer.NO_GO).ends_as(Outcome.REJECTED)
    assert release.reached("production", "rollback") == []
    assert production() == before


def test_three_critical_bugs_in_the_first_phase_bring_flag_job_and_code_back_and_keep_the_database(
    stack: Stack, production: Callable[[], dict[str, Any]]
) -> None:
    before = production()
    release = release_of(stack, "v2").answered(until=FIRST_SOAK)
    bugs = stack.sandbox.place("communityshare", "production").home / "shared" / "critical_bugs"
    bugs.write_text("3")
    release.ends_as(Outcome.HELD)
    breaches = {each["scenario"]: each["severity"] for each in release.xcom(FIRST_SOAK, "breaches")}
    assert breaches == {"three_or_more_critical_bugs": "CRITICAL"}
    assert release.record()["in_part"] is True
    assert release.reached("ask", "rollout.beta_users", "watch.") == []
    assert release.undone() == [PHASES[-1], *CODE]
    after = production()
    assert after["version"] == "v1"
    assert after["platform"] == before["platform"] | {"flag": after["platform"]["flag"]}
    assert after["platform"]["flag"].get("on") is None
    assert "maintenance_schedules" in after["tables"]
    assert after["tables"]["resources"]["rows"] == before["tables"]["resources"]["rows"]
