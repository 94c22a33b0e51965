"""What a rollback would do, as the gate shows it."""

from dataclasses import replace

from tests import toy

from slipway.compile import compile_plan
from slipway.gate.way_back import way_back
from slipway.plan import Plan

MAIL = toy.ToyStep(name="send_mails", irreversible="mails cannot be called back")
LOOK = toy.ToyStep(name="look_around", leaves_nothing="it only looks")


def lines(plan: Plan, strategy: str = "") -> list[str]:
    return way_back(compile_plan(plan), strategy)


def test_the_stages_of_the_strategy_are_undone_before_what_was_deployed() -> None:
    plan = toy.plan(strategies=toy.rollouts())
    deployed = [
        "- Deploy: take it back",
        "- Migrate: take it back",
        '- Restore database: only in the procedure "Full restore"',
        "- Nothing to undo: Back up",
    ]
    assert lines(plan, "gradual") == [
        "- Enable (Second): take it back",
        "- Enable (First): take it back",
        *deployed,
    ]
    assert lines(plan, "full") == ["- Enable (All): take it back", *deployed]


def test_without_a_strategy_the_stages_of_all_are_named() -> None:
    titles = [line.partition(":")[0] for line in lines(toy.plan(strategies=toy.rollouts()))[:3]]
    assert titles == ["- Enable (All)", "- Enable (Second)", "- Enable (First)"]


def test_what_leaves_nothing_shares_the_last_line_newest_first() -> None:
    found = lines(toy.plan(on_production=(*toy.steps(), LOOK), procedures=()))
    assert found == [
        "- Deploy: take it back",
        "- Migrate: take it back",
        "- Nothing to undo: Look around; Back up",
    ]


def test_a_point_of_no_return_keeps_its_place_and_its_reason() -> None:
    found = lines(toy.plan(on_production=(*toy.steps(), MAIL)))
    assert found[0] == "- Send mails: **cannot be undone**: mails cannot be called back"


def test_a_plan_that_leaves_something_everywhere_has_no_line_for_nothing() -> None:
    plan = replace(toy.plan(), on_production=(toy.ToyStep(name="deploy"),), procedures=())
    assert lines(plan) == ["- Deploy: take it back"]
