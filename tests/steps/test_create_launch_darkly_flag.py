from collections.abc import Iterator

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.launchdarkly import FLAG, World, local_run, world
from tests.steps.world import killed_after

from slipway.run import Evidence
from slipway.steps import CreateLaunchDarklyFlag, SetLaunchDarklyFlag, create_launch_darkly_flag
from slipway.steps.faults.launchdarkly import FlagInUse, FlagIsAnother
from slipway.testing import LocalRun
from slipway.vendor_faults import VendorBroken

STEP = CreateLaunchDarklyFlag(
    name="create_flag",
    flag=FLAG,
    flag_title="Maintenance Scheduling & Alert System",
    description="Enables the maintenance scheduling and alert system for resources",
)


@pytest.fixture
def ld(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


@pytest.fixture
def run() -> LocalRun:
    return local_run()


def test_a_flag_is_created_as_described_and_off_everywhere(ld: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    flag = ld.kept.flags["default", FLAG]
    assert flag["name"] == "Maintenance Scheduling & Alert System"
    assert [(each["value"], each["name"]) for each in flag["variations"]] == [
        (True, "Enabled"),
        (False, "Disabled"),
    ]
    assert [each["on"] for each in flag["environments"].values()] == [False, False]
    assert ld.there()["offVariation"] == 1
    assert ld.there()["fallthrough"] == {"variation": 1}
    assert evidence.summary == f"{FLAG} created, off everywhere"
    assert STEP.undo(run, evidence).changed is True
    assert ld.kept.flags == {}
    assert STEP.undo(run, evidence).changed is False


def test_a_creation_whose_answer_was_lost_happens_once_and_is_known_as_ours(ld: World, run: LocalRun) -> None:
    ld.stand_in.trouble(match="POST", status=502, after=True)
    with pytest.raises(VendorBroken):
        STEP.do(run)
    evidence = STEP.do(run)
    assert len(ld.sent("POST")) == 1
    assert evidence.changed is True
    STEP.undo(run, Evidence(before=evidence.before))
    assert ld.kept.flags == {}


def test_a_deletion_whose_answer_was_lost_is_known_as_done(ld: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    ld.stand_in.trouble(match="DELETE", status=502, after=True)
    assert STEP.undo(run, evidence).summary == f"{FLAG} deleted"
    assert len(ld.sent("DELETE")) == 2
    assert ld.kept.flags == {}


def test_a_deletion_whose_answers_stay_lost_is_found_done_by_the_next_try(ld: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    ld.stand_in.trouble(match="DELETE", status=502, after=True, times=-1)
    with pytest.raises(VendorBroken, match=f"LaunchDarkly: DELETE /api/v2/flags/default/{FLAG}: HTTP 502"):
        STEP.undo(run, evidence)
    assert STEP.undo(run, evidence).changed is False
    assert ld.kept.flags == {}


def test_an_undo_that_is_killed_when_it_deleted_deletes_nothing_twice(
    ld: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deletes(run: LocalRun, method: str, *_: object, **__: object) -> bool:
        return method == "DELETE"

    evidence = STEP.do(run)
    with killed_after(monkeypatch, create_launch_darkly_flag, "ask", when=deletes):
        STEP.undo(run, evidence)
    assert STEP.undo(run, evidence).changed is False
    assert len(ld.sent("DELETE")) == 1


def test_a_flag_that_was_there_is_left_there(ld: World, run: LocalRun) -> None:
    STEP.do(run)
    other = local_run()
    other.release_id = "manual__2026-01-02"
    evidence = STEP.do(other)
    assert evidence.changed is False
    assert evidence.summary == f"{FLAG} was there already"
    STEP.undo(other, evidence)
    assert ("default", FLAG) in ld.kept.flags


def test_a_flag_that_somebody_made_at_the_same_moment_is_not_deleted_as_ours(
    ld: World, run: LocalRun
) -> None:
    run.remember("before", lambda: {"exists": False})
    variations = [{"value": True}, {"value": False}]
    defaults = {"onVariation": 1, "offVariation": 1}
    ld.kept.create("default", {"key": FLAG, "name": "x", "variations": variations, "defaults": defaults})
    evidence = STEP.do(run)
    assert evidence.changed is False
    STEP.undo(run, evidence)
    assert ("default", FLAG) in ld.kept.flags


def test_another_flag_of_that_key_is_refused(ld: World, run: LocalRun) -> None:
    ld.kept.create("default", {"key": FLAG, "name": "x", "variations": [{"value": "a"}, {"value": "b"}]})
    with pytest.raises(FlagIsAnother, match=r"other variations: \['a', 'b'\], not \[True, False\]"):
        STEP.do(run)


def test_a_flag_that_is_on_somewhere_is_not_deleted(ld: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    SetLaunchDarklyFlag(name="on", flag=FLAG).do(run.at("production.on"))
    with pytest.raises(FlagInUse, match="is on in production, so it is not deleted"):
        STEP.undo(run, evidence)
    assert ("default", FLAG) in ld.kept.flags


def test_a_later_rollback_deletes_the_flag_of_its_release(ld: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    assert STEP.undo(run.later(), evidence).changed is True
    assert ld.kept.flags == {}


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_the_flag_is_created_once_and_known_as_ours(
    ld: World, run: LocalRun, bad: Bad
) -> None:
    meets(ld.stand_in, bad, "POST", "LaunchDarkly: POST /api/v2/flags/default: ", lambda: STEP.do(run))
    assert STEP.do(run).changed is True
    assert list(ld.kept.flags) == [("default", FLAG)]
    STEP.undo(run, Evidence(before=run.recall("before")))
    assert ld.kept.flags == {}
