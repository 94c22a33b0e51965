"""What a rollback would do, as the gate shows it."""

from dataclasses import replace

from tests import toy

from slipway.compile import compile_plan
from slipway.facts import Facts
from slipway.gate.way_back import way_back, way_back_now
from slipway.plan import Plan
from slipway.run import Evidence
from slipway.verdict import Branch, Verdict
from slipway.words import Action

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


def now(procedure: str, action: Action, *ran: str) -> list[str]:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    done = Evidence(summary="done").to_json()
    facts = Facts(states=dict.fromkeys(ran, "success"), returned=dict.fromkeys(ran, done))
    verdict = Verdict(branch=Branch.ASK, action=action, procedure=procedure)
    return way_back_now(graph, facts, verdict)


RAN = ("production.back_up", "production.migrate", "production.deploy", "rollout.first.enable")


def test_whoever_is_asked_reads_only_what_ran() -> None:
    assert now("", Action.ROLL_BACK, *RAN) == [
        "- Undo: Enable (First): take it back",
        "- Undo: Deploy: take it back",
        "- Undo: Migrate: take it back",
    ]


def test_whoever_is_asked_reads_what_the_procedure_leaves() -> None:
    found = now("code", Action.ROLL_BACK, *RAN)
    assert found[:2] == ["- Undo: Enable (First): take it back", "- Undo: Deploy: take it back"]
    assert found[2].startswith(
        "- Undo: Migrate: **not undone**: The procedure goes back to production.deploy"
    )


def test_whoever_is_asked_reads_of_the_restore_that_would_run() -> None:
    found = now("full", Action.ROLL_BACK_AND_RESTORE, *RAN)
    assert "- Restore database" in found
    assert any("Migrate: **not undone**: The backup that is restored" in line for line in found)


def test_whoever_is_asked_before_anything_was_changed_reads_that() -> None:
    assert now("", Action.ROLL_BACK, "production.back_up") == ["- Nothing that ran leaves anything to undo."]
