"""A throw-away metadata database, and a simulator for each plan."""

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from airflow.utils.db import initdb
from tests import toy
from tests.simulation.simulator import Simulator

from slipway.airflow.build import build
from slipway.compile import compile_plan
from slipway.kinds import Checklist
from slipway.notices import Slack
from slipway.plan import Moment, Notice, Plan
from slipway.steps import WaitUntil

DAGS = Path(__file__).parents[2] / "dags"
IRREVERSIBLE = toy.ToyStep(name="send_letters", irreversible="Letters cannot be called back.")


WAIT = WaitUntil(name="wait_for_ten", at=time(10), timezone=ZoneInfo("UTC"))


def plan_that_waits() -> Plan:
    """Return one that waits after its deployment, for people, and where its rollout begins."""
    look = Checklist(name="look", items=["It works"])
    gradual, full = toy.rollouts()
    first = replace(gradual.stages[0], steps=[WAIT, *gradual.stages[0].steps], require=[look])
    return toy.plan(
        name="waits",
        on_production=[*toy.steps(), WAIT],
        verify=[*toy.plan().verify, look],
        strategies=[replace(gradual, stages=[first, *gradual.stages[1:]]), full],
    )


NOTICES = [
    Notice(
        name=moment.name.lower(),
        moment=moment,
        audience="the team",
        channels=[Slack(connection="team_chat")],
        subject="{title}",
        text="{version}",
    )
    for moment in Moment
]


def plans() -> dict[str, Callable[[], Plan]]:
    """Return the toy plans and every plan of the project, by name."""
    toys: dict[str, Callable[[], Plan]] = {
        "toy": lambda: toy.plan(strategies=toy.rollouts(), notices=NOTICES),
        "toy_with_a_point_of_no_return": lambda: toy.plan(
            name="toy_no_return", on_production=(*toy.steps(), IRREVERSIBLE)
        ),
    }
    return (
        toys
        | {"waits": plan_that_waits}
        | {path.stem: (lambda path=path: _plan_of(path)) for path in sorted(DAGS.glob("*.py"))}
    )


def _plan_of(path: Path) -> Plan:
    spec = importlib.util.spec_from_file_location(f"simulated_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    plan: Plan = module.plan
    return plan


@pytest.fixture(scope="session")
def simulators() -> Callable[[str], Simulator]:
    """Return a maker of simulators, one for each plan name, each made once."""
    os.nice(10)  # a running Airflow beside it must not take its tasks for lost
    initdb()

    @cache
    def simulator(name: str) -> Simulator:
        graph = compile_plan(plans()[name]())
        return Simulator(build(graph), graph)

    return simulator
