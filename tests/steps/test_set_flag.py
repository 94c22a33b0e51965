import json
import os

import pytest
from tests.steps.world import World, killed_after

from slipway.run import Evidence
from slipway.steps import DeployRelease, FlagValue, SetFlag, set_flag
from slipway.steps.faults import FlagSwitchedOff, ServiceUnreachable, TokenRefused, UnknownFlag
from slipway.testing import LocalRun

STEP = SetFlag(
    name="expose_undo",
    flags=[FlagValue(flag="undo_stack", percentage=25), FlagValue(flag="logging_hooks")],
)
OFF = {"enabled": False, "percentage": 0}
WIDER = SetFlag(name="widen", flags=[FlagValue(flag="undo_stack", percentage=50)], only_if_on=True)


@pytest.fixture
def flagged(service: World, run: LocalRun) -> World:
    """A running service with two flags, both off."""
    (service.home / "flags.json").write_text(json.dumps({"logging_hooks": OFF, "undo_stack": OFF}))
    service.release("v2")
    DeployRelease(name="deploy").do(run.at("production.deploy"))
    return service


def flags(world: World) -> dict[str, object]:
    return dict(json.loads((world.home / "flags.json").read_text()))


def set_by_hand(world: World, flag: str, *, enabled: bool, percentage: int) -> None:
    value = {"enabled": enabled, "percentage": percentage}
    (world.home / "flags.json").write_text(json.dumps(flags(world) | {flag: value}))


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


def put(run: LocalRun, method: str, *_: object, **__: object) -> bool:
    return method == "PUT"


def test_a_crash_after_the_first_flag_sets_nothing_twice(
    flagged: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, set_flag, "ask_service", when=put):
        STEP.do(run)
    evidence = STEP.do(run)
    assert evidence.before == {"flags": [{"flag": "undo_stack", **OFF}, {"flag": "logging_hooks", **OFF}]}
    assert puts(flagged) == ["undo_stack", "logging_hooks"]


def test_a_crash_after_the_first_flag_is_undone_and_a_crash_of_the_undo_sets_nothing_twice(
    flagged: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, set_flag, "ask_service", when=put):
        STEP.do(run)
    evidence, undoing = Evidence(before=run.memory["before"]), run.at("rollback.undo_expose")
    with killed_after(monkeypatch, set_flag, "ask_service", when=put):
        STEP.undo(undoing, evidence)
    assert STEP.undo(undoing, evidence).changed is False
    assert flags(flagged) == {"logging_hooks": OFF, "undo_stack": OFF}
    assert puts(flagged) == ["undo_stack", "undo_stack"]


def test_a_later_stage_does_not_turn_on_what_somebody_turned_off(flagged: World, run: LocalRun) -> None:
    first = STEP.do(run)
    set_by_hand(flagged, "undo_stack", enabled=False, percentage=25)
    later = run.at("rollout.half.widen")
    with pytest.raises(FlagSwitchedOff, match=r"left it on: undo_stack\. Somebody.*It stays off"):
        WIDER.do(later)
    assert flags(flagged)["undo_stack"] == {"enabled": False, "percentage": 25}
    assert later.memory == {}
    assert WIDER.undo(later, Evidence()).changed is False
    STEP.undo(run, first)
    assert flags(flagged) == {"logging_hooks": OFF, "undo_stack": OFF}


def test_a_later_stage_widens_what_is_on_and_its_undo_narrows_it(flagged: World, run: LocalRun) -> None:
    STEP.do(run)
    later = run.at("rollout.half.widen")
    evidence = WIDER.do(later)
    assert WIDER.do(later) == evidence
    assert flags(flagged)["undo_stack"] == {"enabled": True, "percentage": 50}
    assert WIDER.undo(later, evidence).changed is True
    assert flags(flagged)["undo_stack"] == {"enabled": True, "percentage": 25}
    assert WIDER.undo(later, evidence).changed is False


@pytest.mark.parametrize("finished", [True, False])
def test_a_flag_that_somebody_turned_off_stays_off_in_the_undo(
    flagged: World, run: LocalRun, caplog: pytest.LogCaptureFixture, finished: bool
) -> None:
    first, later = STEP.do(run), run.at("rollout.half.widen")
    second = WIDER.do(later)
    set_by_hand(flagged, "undo_stack", enabled=False, percentage=50)
    done = len(puts(flagged))
    undone = WIDER.undo(later, second if finished else Evidence(before=later.memory["before"]))
    assert (undone.changed, undone.proof) == (False, {"left_down": {"undo_stack": True}})
    assert "Somebody set undo_stack off for 50 % in" in caplog.text
    assert len(puts(flagged)) == done
    STEP.undo(run, first)
    assert flags(flagged) == {"logging_hooks": OFF, "undo_stack": OFF}


def test_a_flag_that_somebody_narrowed_is_not_widened_by_the_undo(
    flagged: World, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    first, later = STEP.do(run), run.at("rollout.half.widen")
    second = WIDER.do(later)
    set_by_hand(flagged, "undo_stack", enabled=True, percentage=5)
    undone = WIDER.undo(later, second)
    assert (undone.changed, undone.proof) == (False, {"left_down": {"undo_stack": True}})
    assert undone.summary == "undo_stack on for 5 % (somebody had turned down undo_stack: it stays so)"
    assert "Somebody set undo_stack on for 5 % in" in caplog.text
    assert "it stays so, for it was on for 25 % before" in caplog.text
    STEP.undo(run, first)
    assert flags(flagged) == {"logging_hooks": OFF, "undo_stack": OFF}


def test_a_flag_that_the_step_turned_off_goes_back_whatever_share_somebody_gave_it(
    flagged: World, run: LocalRun
) -> None:
    STEP.do(run)
    off = SetFlag(name="off", flags=[FlagValue(flag="logging_hooks", enabled=False, percentage=0)])
    later = run.at("production.off")
    evidence = off.do(later)
    set_by_hand(flagged, "logging_hooks", enabled=True, percentage=50)
    assert off.undo(later, evidence).proof == {"left_down": {"logging_hooks": False}}
    assert flags(flagged)["logging_hooks"] == {"enabled": True, "percentage": 100}


def test_a_flag_that_somebody_widened_is_narrowed_by_the_undo(
    flagged: World, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    STEP.do(run)
    later = run.at("rollout.half.widen")
    evidence = WIDER.do(later)
    set_by_hand(flagged, "undo_stack", enabled=True, percentage=80)
    assert WIDER.undo(later, evidence).proof == {"left_down": {"undo_stack": False}}
    assert flags(flagged)["undo_stack"] == {"enabled": True, "percentage": 25}
    assert "it goes back to on for 25 %, as it was before" in caplog.text


def test_a_flag_that_was_off_before_is_turned_off_whatever_share_somebody_gave_it(
    flagged: World, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    evidence = STEP.do(run)
    set_by_hand(flagged, "undo_stack", enabled=True, percentage=60)
    assert STEP.undo(run, evidence).changed is True
    assert flags(flagged)["undo_stack"] == OFF
    assert "Somebody set undo_stack on for 60 % in" in caplog.text


def test_only_if_on_is_for_turning_on() -> None:
    with pytest.raises(ValueError, match="x: only_if_on is for a step that turns flags on"):
        SetFlag(name="x", flags=[FlagValue(flag="undo_stack", enabled=False)], only_if_on=True)


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
