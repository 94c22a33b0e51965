"""Who gets a feature, told by LaunchDarkly's own SDK."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.steps.launchdarkly import FLAG, MEMBERS, Service, World, local_run, world

from slipway.run import Evidence
from slipway.steps import CreateLaunchDarklyFlag, SetLaunchDarklyFlag
from slipway.steps.faults import FlagNotTaken
from slipway.steps.faults.launchdarkly import FlagChangedMeanwhile, FlagTurnedOff, NoSuchFlagEnvironment
from slipway.steps.launchdarkly_api import look
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, CallRefused, NotThere, VendorBroken, VendorUnreachable

INTERNAL = SetLaunchDarklyFlag(
    name="internal", flag=FLAG, segments=["internal-team-members"], targets=["ann"]
)
QUARTER = SetLaunchDarklyFlag(name="quarter", flag=FLAG, percentage=25)
OFF_FOR_ALL = {"variation": 1}


@pytest.fixture
def ld(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        body: dict[str, Any] = {"key": FLAG, "name": "Maintenance Scheduling & Alert System"}
        body["defaults"] = {"onVariation": 1, "offVariation": 1}
        made.kept.create("default", body)
        yield made


@pytest.fixture
def run() -> LocalRun:
    return local_run()


@pytest.fixture
def service(ld: World) -> Iterator[Service]:
    made = Service(ld)
    yield made
    made.client.close()


def test_the_sdk_gives_the_internal_team_the_feature_and_nobody_else(
    ld: World, run: LocalRun, service: Service
) -> None:
    assert service.gives("ann") is False
    evidence = INTERNAL.do(run)
    assert service.noticed()
    assert service.gives("ann") is True
    assert all(service.gives(user) for user in MEMBERS)
    assert service.share(1000) == 0.0
    assert evidence.summary == (
        f"{FLAG}: off, variation 1 for all -> on; 1 target; 1 rule; variation 1 for the rest"
    )
    assert ld.there("staging")["on"] is False


def test_the_sdk_serves_a_quarter_of_ten_thousand_users_and_the_same_ones_at_a_half(
    ld: World, run: LocalRun, service: Service
) -> None:
    QUARTER.do(run)
    assert service.noticed()
    assert service.share() == pytest.approx(25.0, abs=1.5)
    chosen = [f"user-{number}" for number in range(1000) if service.gives(f"user-{number}")]
    half = SetLaunchDarklyFlag(name="half", flag=FLAG, percentage=50)
    evidence = half.do(run.at("production.half"))
    assert service.noticed()
    assert all(service.gives(user) for user in chosen)
    assert evidence.summary == (
        f"{FLAG}: on; 25 % variation 0, 75 % variation 1 -> on; 50 % variation 0, 50 % variation 1"
    )


def test_after_the_undo_the_sdk_serves_everybody_what_they_had(
    ld: World, run: LocalRun, service: Service
) -> None:
    first, second = run.at("production.internal"), run.at("production.quarter")
    internal, quarter = INTERNAL.do(first), QUARTER.do(second)
    assert service.noticed()
    assert service.noticed()
    QUARTER.undo(second, quarter)
    assert service.noticed()
    assert service.gives("ann") is True
    assert service.share(1000) == 0.0
    INTERNAL.undo(first, internal)
    assert service.noticed()
    assert service.gives("ann") is False
    assert not any(service.gives(user) for user in MEMBERS)
    assert ld.there()["rules"] == []
    assert ld.there()["targets"] == []


def test_the_whole_rule_set_comes_back_not_only_what_the_step_touched(ld: World, run: LocalRun) -> None:
    clause = {"attribute": "plan", "op": "in", "values": ["gold"], "negate": False, "contextKind": "user"}
    ld.kept.patch(
        "default",
        FLAG,
        [
            {"op": "add", "path": "/environments/production/rules/-",
             "value": {"variation": 0, "clauses": [clause]}},
            {"op": "replace", "path": "/environments/production/targets",
             "value": [{"variation": 1, "values": ["ann", "bob"]}]},
            {"op": "replace", "path": "/environments/production/on", "value": True},
        ],
    )  # fmt: skip
    before = ld.there()
    evidence = INTERNAL.do(run)
    assert ld.there()["targets"] == [
        {"variation": 0, "contextKind": "user", "values": ["ann"]},
        {"variation": 1, "values": ["bob"]},
    ]
    assert INTERNAL.undo(run, evidence).changed is True
    for name in ("on", "rules", "targets", "fallthrough", "offVariation", "prerequisites"):
        assert ld.there()[name] == before[name]
    assert INTERNAL.undo(run, evidence).changed is False


def test_what_is_so_already_is_not_changed_again(ld: World, run: LocalRun) -> None:
    QUARTER.do(run)
    again = QUARTER.do(run.at("production.again"))
    assert again.changed is False
    assert len(ld.sent("PATCH")) == 1


def test_a_change_whose_answer_was_lost_happens_once_and_keeps_the_state_before(
    ld: World, run: LocalRun
) -> None:
    ld.stand_in.trouble(match="PATCH", status=503, after=True)
    with pytest.raises(VendorBroken, match="LaunchDarkly: PATCH /api/v2/flags/default/maintenance"):
        INTERNAL.do(run)
    evidence = INTERNAL.do(run)
    assert len(ld.sent("PATCH")) == 1
    assert evidence.before["rules"]["on"] is False
    assert evidence.changed is True


def test_an_undo_after_a_crash_half_way_knows_only_the_state_before(ld: World, run: LocalRun) -> None:
    ld.stand_in.trouble(match="PATCH", half=True)
    with pytest.raises(VendorUnreachable):
        QUARTER.do(run)
    evidence = Evidence(before=run.recall("before"))
    assert QUARTER.undo(run, evidence).changed is True
    assert ld.there()["on"] is False
    assert QUARTER.undo(run, Evidence()).summary == f"{FLAG} was never touched"


@pytest.mark.parametrize("on_before", [False, True])
def test_an_undo_of_a_flag_that_is_gone_undoes_nothing(ld: World, run: LocalRun, on_before: bool) -> None:
    if on_before:
        INTERNAL.do(run.at("production.internal"))
    evidence = QUARTER.do(run)
    ld.kept.flags.clear()
    undone = QUARTER.undo(run, evidence)
    assert (undone.changed, undone.summary) == (False, f"{FLAG} is gone")
    assert undone.proof == {"left_down": {f"{FLAG} (default, production)": on_before}}


def test_a_change_by_somebody_else_meanwhile_is_said_and_not_overwritten(
    ld: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway.steps import launchdarkly_api

    patched = launchdarkly_api._patch

    def slow(*what: Any) -> Any:
        made = patched(*what)
        ld.kept.patch(
            "default", FLAG, [{"op": "replace", "path": "/environments/production/on", "value": True}]
        )
        return made

    monkeypatch.setattr(launchdarkly_api, "_patch", slow)
    with pytest.raises(FlagChangedMeanwhile, match=r"version 1 became 2\); nothing was overwritten"):
        QUARTER.do(run)
    assert ld.there()["fallthrough"] == OFF_FOR_ALL


def test_an_undo_says_what_of_others_it_overwrites(
    ld: World, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    evidence = QUARTER.do(run)
    ld.kept.patch(
        "default",
        FLAG,
        [{"op": "replace", "path": "/environments/production/fallthrough", "value": {"variation": 0}}],
    )
    QUARTER.undo(run, evidence)
    assert "Somebody changed maintenance_scheduling_enabled in production after this step" in caplog.text
    assert ld.there()["on"] is False


def test_a_change_that_does_not_stick_is_said(
    ld: World, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ld.kept, "patch", lambda *what: ld.kept.flags["default", FLAG])
    with pytest.raises(
        FlagNotTaken, match="set to on; 25 % variation 0, 75 % variation 1, reads back as off"
    ):
        QUARTER.do(run)


def test_a_flag_is_turned_off_and_on_again_by_its_undo(ld: World, run: LocalRun) -> None:
    QUARTER.do(run)
    off = SetLaunchDarklyFlag(name="off", flag=FLAG, on=False)
    evidence = off.do(run.at("production.off"))
    assert ld.there()["on"] is False
    off.undo(run.at("production.off"), evidence)
    assert ld.there()["on"] is True
    assert ld.there()["fallthrough"]["rollout"]["variations"][0] == {"variation": 0, "weight": 25000}


def kill(ld: World) -> None:
    """Let a person turn the flag off in LaunchDarkly."""
    ld.kept.patch("default", FLAG, [{"op": "replace", "path": "/environments/production/on", "value": False}])


def test_a_flag_that_a_person_turned_off_stays_off_through_all_undos(
    ld: World, run: LocalRun, caplog: pytest.LogCaptureFixture
) -> None:
    fallthrough = ld.there()["fallthrough"]
    internal, quarter = INTERNAL.do(run.at("production.internal")), QUARTER.do(run.at("production.quarter"))
    kill(ld)
    undone = QUARTER.undo(run.at("rollback.quarter"), quarter)
    assert ld.there()["on"] is False
    assert ld.there()["fallthrough"] == fallthrough
    assert undone.proof == {"left_down": {f"{FLAG} (default, production)": True}}
    assert undone.summary.endswith("(somebody had turned it off, so it stays off)")
    assert "turned maintenance_scheduling_enabled off in production after this step" in caplog.text
    assert QUARTER.undo(run.at("rollback.quarter"), quarter).changed is False
    assert INTERNAL.undo(run.at("rollback.internal"), internal).proof == {
        "left_down": {f"{FLAG} (default, production)": False}
    }
    assert (ld.there()["on"], ld.there()["rules"]) == (False, [])


def test_a_flag_turned_off_after_a_crash_half_way_stays_off_too(ld: World, run: LocalRun) -> None:
    INTERNAL.do(run.at("production.internal"))
    ld.stand_in.trouble(match="PATCH", half=True)
    with pytest.raises(VendorUnreachable):
        QUARTER.do(run)
    kill(ld)
    QUARTER.undo(run, Evidence(before=run.recall("before")))
    assert ld.there()["on"] is False


def test_a_later_stage_does_not_turn_on_what_a_person_turned_off(ld: World, run: LocalRun) -> None:
    wider = SetLaunchDarklyFlag(name="wider", flag=FLAG, percentage=25, only_if_on=True)
    with pytest.raises(FlagTurnedOff, match=r"in production is off.*It stays off.*clear this task"):
        wider.do(run)
    assert (ld.sent("PATCH"), run.memory) == ([], {})
    INTERNAL.do(run.at("production.internal"))
    wider.do(run)
    kill(ld)
    with pytest.raises(FlagTurnedOff):
        wider.do(run)
    assert ld.there()["on"] is False


def test_organizations_are_targeted_as_contexts(ld: World, run: LocalRun) -> None:
    step = SetLaunchDarklyFlag(name="one", flag=FLAG, targets=["acme"], context_kind="organization")
    step.do(run)
    assert ld.there()["contextTargets"] == [
        {"variation": 0, "contextKind": "organization", "values": ["acme"]}
    ]


@pytest.mark.parametrize(
    ("step", "fault", "said"),
    [
        (
            SetLaunchDarklyFlag(name="x", flag=FLAG, environment="prod"),
            NoSuchFlagEnvironment,
            r'no environment "prod". It has: production, staging',
        ),
        (SetLaunchDarklyFlag(name="x", flag="no_such"), NotThere, "are the keys, not the names"),
        (
            SetLaunchDarklyFlag(name="x", flag=FLAG, variation=7, percentage=100),
            CallRefused,
            "names no variation",
        ),
    ],
)
def test_a_plan_that_names_what_is_not_there_is_refused(
    ld: World, run: LocalRun, step: SetLaunchDarklyFlag, fault: type[Exception], said: str
) -> None:
    with pytest.raises(fault, match=said):
        step.do(run)
    assert ld.there()["on"] is False


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_said_without_the_token(ld: World, run: LocalRun, status: int) -> None:
    ld.stand_in.trouble(status=status, times=-1)
    with pytest.raises(AccessRefused, match=f"HTTP {status}") as refused:
        QUARTER.do(run)
    assert "api-sandbox" not in str(refused.value)


def test_too_many_calls_waits_as_long_as_it_is_told(ld: World, run: LocalRun) -> None:
    ld.stand_in.trouble(match="PATCH", status=429, retry_after="0.02")
    QUARTER.do(run)
    assert ld.there()["on"] is True


def test_a_percentage_is_between_nothing_and_all() -> None:
    with pytest.raises(ValueError, match="percentage is 0 to 100, not 250"):
        SetLaunchDarklyFlag(name="x", flag=FLAG, percentage=250)


def test_only_if_on_is_for_turning_on() -> None:
    with pytest.raises(ValueError, match="x: only_if_on is for a step that turns the flag on"):
        SetLaunchDarklyFlag(name="x", flag=FLAG, on=False, only_if_on=True)


def test_the_doctor_is_told_whose_token_it_is(ld: World, run: LocalRun) -> None:
    assert look(run) == 'token "sandbox" reads the projects default'
    assert {call.method for call in ld.stand_in.calls} == {"GET"}


def test_the_doctor_is_told_how_the_flag_stands(ld: World, run: LocalRun) -> None:
    assert INTERNAL.look(run) == f"the flag {FLAG} is on in no environment"
    INTERNAL.do(run)
    assert QUARTER.look(run) == f"the flag {FLAG} is on in production"
    new = CreateLaunchDarklyFlag(name="create", flag="new-flag")
    assert new.look(run) == "the flag new-flag is not there yet"
    with pytest.raises(NotThere, match="Unknown project key"):
        replace(new, project="gone").look(run)
    with pytest.raises(NoSuchFlagEnvironment, match='no environment "moon"'):
        replace(QUARTER, environment="moon").look(run)


@each_bad_answer()
@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_the_rules_before_are_still_known(
    ld: World, run: LocalRun, method: str, bad: Bad
) -> None:
    call = f"LaunchDarkly: {method} /api/v2/flags/default/{FLAG}: "
    meets(ld.stand_in, bad, f"{method} /api/v2/flags", call, lambda: QUARTER.do(run))
    evidence = QUARTER.do(run)
    assert ld.there()["on"] is True
    assert QUARTER.undo(run, evidence).changed is True
    assert ld.there()["on"] is False
