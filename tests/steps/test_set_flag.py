import json
import os

import pytest
from tests.steps.world import World

from slipway.run import Evidence
from slipway.steps import DeployRelease, FlagValue, SetFlag
from slipway.steps.faults import ServiceUnreachable, TokenRefused, UnknownFlag
from slipway.testing import LocalRun

STEP = SetFlag(
    name="expose_undo",
    flags=[FlagValue(flag="undo_stack", percentage=25), FlagValue(flag="logging_hooks")],
)
OFF = {"enabled": False, "percentage": 0}


@pytest.fixture
def flagged(service: World, run: LocalRun) -> World:
    """A running service with two flags, both off."""
    (service.home / "flags.json").write_text(json.dumps({"logging_hooks": OFF, "undo_stack": OFF}))
    service.release("v2")
    DeployRelease(name="deploy").do(run.at("production.deploy"))
    return service


def flags(world: World) -> dict[str, object]:
    return dict(json.loads((world.home / "flags.json").read_text()))


def puts(world: World) -> list[str]:
    log = world.home / "puts.log"
    return log.read_text().split() if log.exists() else []


def test_flags_are_set_in_order_and_undone_in_reverse(flagged: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    assert flags(flagged)["undo_stack"] == {"enabled": True, "percentage": 25}
    assert flags(flagged)["logging_hooks"] == {"enabled": True, "percentage": 100}
    assert evidence.summary == "undo_stack on for 25 %; logging_hooks on for 100 %"
    assert STEP.do(run).before == evidence.before
    STEP.undo(run, evidence)
    assert flags(flagged) == {"logging_hooks": OFF, "undo_stack": OFF}
    assert puts(flagged) == ["undo_stack", "logging_hooks", "logging_hooks", "undo_stack"]
    assert STEP.undo(run, evidence).changed is False
    assert len(puts(flagged)) == 4


def test_an_undo_after_a_crash_before_the_first_flag_changes_nothing(flagged: World, run: LocalRun) -> None:
    before = {"flags": [{"flag": "undo_stack", **OFF}]}
    assert STEP.undo(run, Evidence(before=before)).changed is False
    assert STEP.undo(run, Evidence()).changed is False
    assert puts(flagged) == []


def test_an_unknown_flag_is_refused_with_those_that_exist(flagged: World, run: LocalRun) -> None:
    step = SetFlag(name="expose", flags=[FlagValue(flag="undo_stack"), FlagValue(flag="no_such")])
    with pytest.raises(UnknownFlag, match=r'no flag "no_such"\. It has: logging_hooks, undo_stack'):
        step.do(run)
    assert puts(flagged) == []


def test_a_refused_token_is_said(flagged: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_SERVICE"])
    monkeypatch.setenv("AIRFLOW_CONN_SERVICE", json.dumps(known | {"password": "wrong-token"}))
    with pytest.raises(TokenRefused, match="PUT /api/flags/undo_stack was refused with HTTP 401") as refused:
        STEP.do(run)
    assert "wrong-token" not in str(refused.value)


def test_a_service_that_is_down_is_said_in_one_line(service: World, run: LocalRun) -> None:
    with pytest.raises(ServiceUnreachable, match="GET /api/flags/undo_stack: connection refused"):
        STEP.do(run)
