"""The doctor of the shipped plans on the sandbox's systems: it finds what each step will touch."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console
from tests.dags.conftest import made_by

from slipway.plan import Plan
from slipway.plans_cli.doctor import examine
from slipway.sandbox import Sandbox

pytestmark = pytest.mark.slow

Examined = Callable[[str], list[str]]
NOT_HERE = ("probe", "airflow")  # the load with its probe, and Airflow, do not run for these tests
STEPS = {
    "manual_score_override": ["try_one_off_dyno", "back_up_database"],
    "personal_goals": ["deploy_to_green", "purge_cdn_when_undone", "deploy_ui", "swap_slots"],
    "maintenance_scheduling": [
        "back_up_database",
        "create_flag",
        "deploy_api",
        "restart_api_servers",
        "deploy_front_end",
        "schedule_maintenance_checker",
    ],
}


@pytest.fixture
def examined(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Examined:
    for conn_id, value in sandbox.connections().items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)

    def of(name: str) -> list[str]:
        plan: Plan = made_by(name)["plan"]
        out = io.StringIO()
        examine(plan, Console(file=out, width=300))
        return out.getvalue().splitlines()

    return of


@pytest.mark.parametrize("name", STEPS)
def test_what_the_steps_will_touch_is_there(examined: Examined, name: str) -> None:
    said = [line.split() for line in examined(name)]
    assert [line for line in said if line[0] == "BAD" and line[2] not in NOT_HERE] == []
    found = [line[3].rstrip(":") for line in said if line[:3] == ["ok", "production", "step"]]
    assert found == STEPS[name]
