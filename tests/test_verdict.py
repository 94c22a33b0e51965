"""Verdict, scope of the rollback and outcome, from states and evidence alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests import toy

from slipway.compile import compile_plan
from slipway.facts import Breach, Facts
from slipway.graph import WATCH_WHILE_ASKING, Kind, ReleaseGraph
from slipway.kinds import Checklist
from slipway.moments import Moment
from slipway.outcome import Ending, ending_of
from slipway.plan import DecisionMatrix, Rule
from slipway.steps import RunCheck
from slipway.telling import OUTCOMES
from slipway.undoing import Fate, acts_unasked, overtaken, way_of
from slipway.verdict import Branch, Verdict, judge
from slipway.words import Action, Intent, Outcome, Severity

GRAPH = compile_plan(toy.plan())
EVIDENCE = {"before": {}, "after": {}, "proof": {}, "changed": True, "summary": "done"}
PASS = {"answer": "PASS", "summary": "fine", "evidence": {}}
FORWARD = (
    "production.back_up",
    "production.migrate",
    "production.deploy",
    "verification.answers",
    "watch.watch_production",
)


def healthy(graph: ReleaseGraph = GRAPH) -> dict[str, tuple[str, Any]]:
    """Return state and XCom of each task up to the watch in a release where all went well."""
    returned = {Kind.STEP: EVIDENCE, Kind.CHECK: PASS, Kind.WATCH: {"answer": "PASS"}}
    until = [node.task_id for node in graph.nodes].index("verdict")
    facts: dict[str, tuple[str, Any]] = {
        n.task_id: ("success", returned.get(n.kind, {"done": True})) for n in graph.nodes[:until]
    }
    facts["gate.decision"] = ("success", {"answer": "GO", "reasons": []})
    return facts


def facts(tasks: Mapping[str, tuple[str, Any]], **more: Any) -> Facts:
    return Facts(
        states={task_id: state for task_id, (state, _) in tasks.items()},
        returned={task_id: value for task_id, (_, value) in tasks.items() if value is not None},
        **more,
    )


def broken_at(task_id: str, state: str = "failed") -> dict[str, tuple[str, Any]]:
    """Return a release that went well up to a task; what follows is upstream_failed."""
    tasks = healthy()
    later = FORWARD[FORWARD.index(task_id) + 1 :]
    return tasks | {task_id: (state, None)} | dict.fromkeys(later, ("upstream_failed", None))


def fates(tasks: Mapping[str, tuple[str, Any]], verdict: Verdict, **more: Any) -> dict[str, Fate]:
    nodes = GRAPH.of_kind(Kind.UNDO, Kind.RESTORE)
    return {n.task_id: way_of(GRAPH, facts(tasks, **more), verdict, n).fate for n in nodes}


def test_a_verdict_says_what_follows_as_a_notice_tells_it() -> None:
    asked = Verdict(branch=Branch.ASK, within=15 * toy.MINUTE)
    assert asked.follows == "A person is asked; without an answer within 15 min it is rolled back."
    assert Verdict(branch=Branch.ROLL_BACK).follows == "It is being rolled back."


def test_a_healthy_release_completes() -> None:
    assert judge(GRAPH, facts(healthy())) == Verdict(branch=Branch.COMPLETE)


def test_a_no_go_stops_short_with_its_reasons() -> None:
    tasks = healthy() | {
        "gate.decision": ("failed", {"answer": "NO-GO", "reasons": ["tech_lead: not today"]})
    }
    tasks |= dict.fromkeys(FORWARD, ("upstream_failed", None))
    verdict = judge(GRAPH, facts(tasks))
    assert verdict == Verdict(branch=Branch.STOP_SHORT, reasons=("tech_lead: not today",))
    assert ending_of(GRAPH, facts(tasks), verdict).outcome is Outcome.REJECTED


def test_a_failure_on_staging_stops_short() -> None:
    tasks = {"staging.migrate": ("failed", None), "gate.decision": ("skipped", None)}
    verdict = judge(GRAPH, facts(tasks))
    assert verdict == Verdict(branch=Branch.STOP_SHORT, reasons=("staging.migrate failed.",))
    assert ending_of(GRAPH, facts(tasks), verdict).outcome is Outcome.ABORTED


def test_a_failure_before_anything_was_changed_in_production_stops_short() -> None:
    tasks = facts(broken_at("production.back_up"))
    verdict = judge(GRAPH, tasks)
    assert (verdict.branch, verdict.action) == (Branch.STOP_SHORT, Action.CONTINUE)
    assert verdict.reasons[0].startswith("production.back_up failed")
    ending = ending_of(GRAPH, tasks, verdict)
    said = "Stopped before anything in production was changed."
    assert (ending.outcome, ending.reasons) == (Outcome.ABORTED, (said, *verdict.reasons))


def test_a_step_that_acted_and_was_cleared_counts_as_a_change() -> None:
    tasks = broken_at("production.back_up")
    verdict = judge(GRAPH, facts(tasks, acted=frozenset({"production.migrate"})))
    assert verdict.branch is Branch.ROLL_BACK


def test_a_plan_whose_production_changes_nothing_at_all_is_judged_like_another() -> None:
    look = RunCheck(name="look", check=toy.plan().verify[0])
    graph = compile_plan(toy.plan(on_production=[look]))
    bad = healthy(graph) | {"watch.watch_production": ("failed", None)}
    assert judge(graph, facts(healthy(graph))).branch is Branch.COMPLETE
    assert judge(graph, facts(bad)).branch is Branch.ROLL_BACK


@pytest.mark.parametrize("task_id", FORWARD[1:])
def test_a_failure_after_production_was_changed_rolls_back(task_id: str) -> None:
    verdict = judge(GRAPH, facts(broken_at(task_id)))
    assert (verdict.branch, verdict.action) == (Branch.ROLL_BACK, Action.ROLL_BACK)
    assert verdict.reasons[0].startswith(task_id)


def test_only_what_was_reached_is_undone() -> None:
    tasks = broken_at("production.migrate")
    assert fates(tasks, judge(GRAPH, facts(tasks))) == {
        "rollback.undo_deploy": Fate.NOT_REACHED,
        "rollback.undo_migrate": Fate.UNDO,
        "rollback.restore_database": Fate.NOT_WANTED,
    }


def test_a_step_that_was_marked_success_without_running_is_not_believed() -> None:
    verdict = judge(GRAPH, facts(healthy() | {"production.deploy": ("success", None)}))
    assert verdict.branch is Branch.ROLL_BACK
    assert verdict.reasons == ("production.deploy was marked success by hand: nothing proves that it is so.",)


def test_a_check_that_was_marked_success_without_running_is_not_believed() -> None:
    verdict = judge(GRAPH, facts(healthy() | {"verification.answers": ("success", None)}))
    assert verdict.branch is Branch.ROLL_BACK


def test_a_watch_that_was_marked_success_ends_early_and_is_noted() -> None:
    verdict = judge(GRAPH, facts(healthy() | {"watch.watch_production": ("success", None)}))
    assert verdict.branch is Branch.COMPLETE
    assert verdict.reasons == ("watch.watch_production was ended early by a person.",)


def test_a_watch_that_a_person_marked_failed_rolls_back_and_does_not_restore() -> None:
    """A mark says "take it back", not that the data is damaged: a restore would lose what was written."""
    rules = (
        Rule(
            severity=Severity.CRITICAL, action=Action.ROLL_BACK_AND_RESTORE, within=toy.HOUR, procedure="full"
        ),
        Rule(severity=Severity.HIGH, action=Action.ALERT, within=toy.HOUR),
    )
    graph = compile_plan(toy.plan(matrix=DecisionMatrix(rules=rules)))
    verdict = judge(graph, facts(healthy(graph) | {"watch.watch_production": ("failed", None)}))
    assert (verdict.branch, verdict.action) == (Branch.ROLL_BACK, Action.ROLL_BACK)


@pytest.mark.parametrize("state", ["skipped", "upstream_failed", "removed", ""])
def test_a_watch_that_did_not_run_is_never_healthy(state: str) -> None:
    verdict = judge(GRAPH, facts(healthy() | {"watch.watch_production": (state, None)}))
    assert verdict.branch is Branch.ROLL_BACK
    assert verdict.reasons == ("watch.watch_production did not run: health is not proved.",)


def breached(severity: Severity, scenario: str = "") -> Verdict:
    tasks = healthy() | {"watch.watch_production": ("failed", None)}
    breach = Breach(severity=severity, reason="errors 9 % above 5 %", scenario=scenario)
    return judge(GRAPH, facts(tasks, breaches={"watch.watch_production": (breach,)}))


def test_the_decision_matrix_says_what_follows_from_a_breach() -> None:
    assert breached(Severity.CRITICAL).action is Action.ROLL_BACK
    assert breached(Severity.HIGH).procedure == "code"
    assert breached(Severity.MEDIUM).branch is Branch.ASK
    assert breached(Severity.MEDIUM).within == 30 * toy.MINUTE
    assert breached(Severity.CRITICAL, "corruption").action is Action.ROLL_BACK_AND_RESTORE


def test_a_release_that_stopped_over_a_mild_breach_asks_a_person() -> None:
    assert breached(Severity.LOW).branch is Branch.ASK


def test_a_procedure_goes_back_so_far_and_keeps_the_rest() -> None:
    assert fates(healthy(), breached(Severity.HIGH)) == {
        "rollback.undo_deploy": Fate.UNDO,
        "rollback.undo_migrate": Fate.KEPT,
        "rollback.restore_database": Fate.NOT_WANTED,
    }


def test_a_procedure_that_would_undo_nothing_of_what_ran_undoes_everything() -> None:
    tasks = broken_at("production.migrate")
    assert fates(tasks, breached(Severity.HIGH))["rollback.undo_migrate"] is Fate.UNDO


def test_a_restore_stands_for_the_undo_of_what_it_brings_back() -> None:
    assert fates(healthy(), breached(Severity.CRITICAL, "corruption")) == {
        "rollback.undo_deploy": Fate.UNDO,
        "rollback.undo_migrate": Fate.RESTORED,
        "rollback.restore_database": Fate.UNDO,
    }


def test_after_a_point_of_no_return_a_person_is_asked() -> None:
    steps = (*toy.steps(), toy.ToyStep(name="send_letters", irreversible="Letters cannot be called back."))
    graph = compile_plan(toy.plan(on_production=steps))
    tasks = healthy(graph) | {"watch.watch_production": ("failed", None)}
    verdict = judge(graph, facts(tasks))
    assert (verdict.branch, verdict.action) == (Branch.ASK, Action.ROLL_BACK)
    assert verdict.no_return == ("production.send_letters",)


def test_an_asked_rollback_of_a_finished_release_needs_no_states() -> None:
    verdict = judge(GRAPH, Facts(intent=Intent.ROLL_BACK))
    assert (verdict.branch, verdict.action) == (Branch.ROLL_BACK, Action.ROLL_BACK)
    earlier = {"production.migrate": EVIDENCE, "production.deploy": EVIDENCE}
    assert fates({}, verdict, intent=Intent.ROLL_BACK, earlier=earlier) == {
        "rollback.undo_deploy": Fate.UNDO,
        "rollback.undo_migrate": Fate.UNDO,
        "rollback.restore_database": Fate.NOT_REACHED,
    }


def test_a_verdict_survives_the_way_through_an_xcom() -> None:
    verdict = breached(Severity.MEDIUM)
    assert Verdict.from_json(verdict.to_json()) == verdict


def rolled_back(**changes: tuple[str, Any]) -> dict[str, tuple[str, Any]]:
    tasks = healthy() | {"watch.watch_production": ("failed", None), "rollback.start": ("success", {})}
    undone = {"undone": True, "why": "it ran"}
    tasks |= {n.task_id: ("success", undone) for n in GRAPH.of_kind(Kind.UNDO, Kind.RESTORE)}
    tasks |= {
        "rollback.verify_old_version_answers": ("success", PASS),
        "rollback.finish": ("success", {"undone": []}),
    }
    return tasks | {task_id.replace("__", "."): value for task_id, value in changes.items()}


def outcome(tasks: Mapping[str, tuple[str, Any]], verdict: Verdict | None) -> Outcome:
    return ending_of(GRAPH, facts(tasks), verdict).outcome


def test_a_release_is_released_only_if_complete_ran() -> None:
    verdict = judge(GRAPH, facts(healthy()))
    assert (
        outcome(healthy() | {"closeout.complete": ("success", {"version": "v2"})}, verdict)
        is Outcome.RELEASED
    )
    assert outcome(healthy() | {"closeout.complete": ("success", None)}, verdict) is Outcome.HELD
    assert outcome(healthy(), None) is Outcome.HELD


def test_a_rollback_counts_when_every_undo_proves_itself() -> None:
    verdict = breached(Severity.CRITICAL)
    assert outcome(rolled_back(), verdict) is Outcome.ROLLED_BACK


def test_an_undo_that_failed_or_was_marked_success_is_a_failed_rollback() -> None:
    verdict = breached(Severity.CRITICAL)
    for state in ("failed", "success", "upstream_failed"):
        tasks = rolled_back(rollback__undo_migrate=(state, None))
        assert outcome(tasks, verdict) is Outcome.ROLLBACK_FAILED


def test_a_rollback_whose_checks_do_not_pass_is_a_failed_rollback() -> None:
    failing = {"answer": "FAIL", "summary": "still v2", "evidence": {}}
    tasks = rolled_back(rollback__verify_old_version_answers=("failed", failing))
    assert outcome(tasks, breached(Severity.CRITICAL)) is Outcome.ROLLBACK_FAILED


def test_a_rollback_that_keeps_something_is_held_for_a_person() -> None:
    ending = ending_of(GRAPH, facts(rolled_back()), breached(Severity.HIGH))
    assert ending.outcome is Outcome.HELD
    assert ending.reasons[0] == "Rolled back in part and held for a person; kept: production.migrate."
    assert ending.moments == (Moment.HELD, Moment.ROLLED_BACK_IN_PART)


def test_a_release_that_is_held_without_a_rollback_tells_of_none() -> None:
    assert ending_of(GRAPH, facts(healthy()), None).moments == (Moment.HELD,)


def test_every_outcome_is_a_moment_that_can_be_told() -> None:
    assert {moment for each in Outcome for moment in Ending(outcome=each, reasons=("",)).moments} < set(
        OUTCOMES
    )


def test_a_rollback_that_never_got_its_verdict_is_not_believed() -> None:
    assert outcome(rolled_back(), None) is Outcome.ROLLBACK_FAILED


def test_the_verdict_says_why_a_step_failed_where_the_step_does() -> None:
    tasks = broken_at("production.deploy")
    why = {"production.deploy": "toy production: the disk is full. Free some."}
    reasons = judge(GRAPH, facts(tasks, failures=why)).reasons
    assert reasons == ("production.deploy failed. toy production: the disk is full. Free some.",)


def test_a_later_rollback_that_was_refused_touched_nothing() -> None:
    tasks = {"rollback.start": ("failed", None), "rollback.undo_deploy": ("upstream_failed", None)}
    verdict = judge(GRAPH, Facts(intent=Intent.ROLL_BACK))
    ending = ending_of(GRAPH, facts(tasks, intent=Intent.ROLL_BACK), verdict)
    assert ending.outcome is Outcome.ABORTED
    assert ending.reasons[0] == "The rollback did not start."


def watched(answer: str, severity: Severity) -> Verdict:
    """Judge a release whose watch went to its end with that answer, and one breach on the way."""
    tasks = healthy() | {"watch.watch_production": ("success", {"answer": answer})}
    breach = Breach(severity=severity, reason="errors 9 % above 5 %")
    return judge(GRAPH, facts(tasks, breaches={"watch.watch_production": (breach,)}))


def test_a_breach_that_only_alerts_is_noted_and_the_release_goes_on() -> None:
    verdict = watched("PASS", Severity.LOW)
    assert (verdict.branch, verdict.reasons) == (Branch.COMPLETE, ("Alert: errors 9 % above 5 %",))


def ended_beyond_a_limit(*breaches: tuple[int, str]) -> dict[str, tuple[str, Any]]:
    """Return a completed release whose watch answers FAIL, from (checkpoint, reason) of what only alerts."""
    found = [{"checkpoint": at, "reason": why, "severity": "LOW"} for at, why in breaches]
    event = {"answer": "FAIL", "checkpoints": 3, "breaches": found}
    return healthy() | {
        "watch.watch_production": ("success", event),
        "closeout.complete": ("success", {"done": True}),
    }


def test_a_release_that_ends_beyond_a_limit_is_not_called_healthy() -> None:
    tasks = ended_beyond_a_limit((1, "latency 900ms is above 500ms"), (3, "errors 9% is above 5%"))
    seen = {"watch.watch_production": (Breach(severity=Severity.LOW, reason="errors 9% is above 5%"),)}
    verdict = judge(GRAPH, facts(tasks, breaches=seen))
    ending = ending_of(GRAPH, facts(tasks, breaches=seen), verdict)
    assert ending.outcome is Outcome.RELEASED  # its row of the matrix only alerts
    assert ending.reasons == (
        "Released, but not healthy: at the end of watch.watch_production, errors 9% is above 5%.",
        "Alert: errors 9% is above 5%",
    )


def test_a_release_whose_last_checkpoint_passed_is_healthy() -> None:
    tasks = ended_beyond_a_limit((1, "errors 9% is above 5%"))
    tasks["watch.watch_production"][1]["answer"] = "PASS"
    assert ending_of(GRAPH, facts(tasks), judge(GRAPH, facts(tasks))).reasons == ("Released and healthy.",)


def test_a_watch_that_ended_with_too_little_data_is_never_healthy() -> None:
    assert watched("INCONCLUSIVE", Severity.LOW).branch is not Branch.COMPLETE


def test_a_step_that_was_cleared_is_still_undone() -> None:
    """Clearing takes a task's state away and not what it did to production."""
    tasks = broken_at("production.back_up")
    acted = frozenset({"production.migrate", "production.deploy"})
    verdict = judge(GRAPH, facts(tasks, acted=acted))
    assert verdict.branch is Branch.ROLL_BACK
    assert fates(tasks, verdict, acted=acted)["rollback.undo_deploy"] is Fate.UNDO


def test_a_no_go_after_a_clear_rolls_back_what_was_deployed_before() -> None:
    tasks = {"gate.decision": ("failed", {"answer": "NO-GO", "reasons": []})}
    tasks |= dict.fromkeys(FORWARD, ("upstream_failed", None))
    verdict = judge(GRAPH, facts(tasks, acted=frozenset({"production.deploy"})))
    assert verdict.branch is Branch.ROLL_BACK


def test_a_strategy_that_was_marked_success_is_not_believed() -> None:
    graph = compile_plan(toy.plan(strategies=toy.rollouts()))
    tasks = healthy(graph) | {"rollout.strategy": ("success", None)}
    assert judge(graph, facts(tasks)).branch is Branch.ROLL_BACK


def test_damaged_data_behind_a_point_of_no_return_is_restored_when_a_person_says_so() -> None:
    letters = toy.ToyStep(name="send_letters", irreversible="Letters cannot be called back.")
    graph = compile_plan(toy.plan(on_production=(*toy.steps(), letters)))
    tasks = healthy(graph) | {"watch.watch_production": ("failed", None)}
    breach = Breach(severity=Severity.CRITICAL, reason="damaged", scenario="corruption")
    found = facts(tasks, breaches={"watch.watch_production": (breach,)})
    verdict = judge(graph, found)
    assert (verdict.branch, verdict.action) == (Branch.ASK, Action.ROLL_BACK_AND_RESTORE)
    restore = graph.node("rollback.restore_database")
    assert way_of(graph, found, verdict, restore).fate is Fate.UNDO


def test_flags_off_before_any_flag_was_set_asks_instead_of_undoing_everything() -> None:
    rules = tuple(Rule(severity=each, action=Action.FLAGS_OFF, within=toy.HOUR) for each in Severity)
    graph = compile_plan(toy.plan(matrix=DecisionMatrix(rules=rules)))
    tasks = healthy(graph) | {"verification.answers": ("failed", None), "watch.watch_production": ("", None)}
    assert judge(graph, facts(tasks)).branch is Branch.ASK


def test_a_step_can_name_the_row_of_the_matrix_for_its_failure() -> None:
    migrate = toy.ToyStep(name="migrate", migrates=True, scenario="corruption")
    steps = (toy.steps()[0], migrate, toy.steps()[2])
    graph = compile_plan(toy.plan(on_production=steps))
    damage = frozenset({"production.migrate"})
    verdict = judge(graph, facts(broken_at("production.migrate"), damage=damage))
    assert (verdict.action, verdict.procedure) == (Action.ROLL_BACK_AND_RESTORE, "full")


def test_a_step_that_could_not_do_its_work_restores_nothing() -> None:
    """A lock that was not given damages no data, whatever the step's severity."""
    graph = compile_plan(toy.plan(matrix=DecisionMatrix(rules=RESTORES)))
    for why in ("the migration waited for a lock for 5 s and gave up", ""):
        verdict = judge(graph, facts(broken_at("production.migrate"), failures={"production.migrate": why}))
        assert (verdict.branch, verdict.action) == (Branch.ROLL_BACK, Action.ROLL_BACK)


def test_a_step_that_could_not_do_its_work_still_says_where_the_release_stood() -> None:
    rules = (
        *RESTORES,
        Rule(
            severity=Severity.HIGH,
            action=Action.ROLL_BACK,
            within=toy.HOUR,
            procedure="code",
            scenario="corruption",
        ),
    )
    migrate = toy.ToyStep(name="migrate", migrates=True, scenario="corruption")
    steps = (toy.steps()[0], migrate, toy.steps()[2])
    graph = compile_plan(toy.plan(on_production=steps, matrix=DecisionMatrix(rules=rules)))
    verdict = judge(graph, facts(broken_at("production.migrate")))
    assert (verdict.action, verdict.procedure) == (Action.ROLL_BACK, "code")


def test_a_step_that_saw_no_damage_is_not_asked_about_where_its_row_rolls_back() -> None:
    rules = tuple(
        Rule(severity=severity, action=action, within=toy.HOUR)
        for severity, action in (
            (Severity.CRITICAL, Action.ROLL_BACK),
            (Severity.HIGH, Action.ASK),
            (Severity.MEDIUM, Action.ASK),
            (Severity.LOW, Action.ALERT),
        )
    )
    graph = compile_plan(toy.plan(matrix=DecisionMatrix(rules=rules)))
    assert judge(graph, facts(broken_at("production.deploy"))).branch is Branch.ROLL_BACK


@pytest.mark.parametrize(
    ("age", "action"),
    [
        (None, Action.ROLL_BACK_AND_RESTORE),
        (4 * toy.HOUR, Action.ROLL_BACK_AND_RESTORE),
        (5 * toy.HOUR, Action.ROLL_BACK),
    ],
)
def test_an_old_backup_is_restored_for_nobody_but_a_person(age: Any, action: Action) -> None:
    tasks = healthy() | {"watch.watch_production": ("failed", None)}
    breach = Breach(severity=Severity.CRITICAL, reason="damaged", scenario="corruption")
    found = facts(tasks, breaches={"watch.watch_production": (breach,)}, backup_age=age)
    verdict = judge(GRAPH, found)
    assert (verdict.branch, verdict.action) == (Branch.ROLL_BACK, action)
    assert verdict.reasons[0] == "damaged"
    if action is Action.ROLL_BACK:
        assert verdict.reasons[1].startswith("The backup is 5 h old: what was written since would be lost")
        rule = GRAPH.plan.matrix.rule_for(Severity.HIGH)
        assert (verdict.procedure, verdict.within) == (rule.procedure, rule.within)


def test_a_person_may_roll_back_with_an_old_backup() -> None:
    asked = Facts(intent=Intent.ROLL_BACK, procedure="full", backup_age=toy.HOUR * 999)
    assert judge(GRAPH, asked).action is Action.ROLL_BACK_AND_RESTORE


# ---- What could not look has not seen damage ---------------------------------------------------------------

RESTORES = tuple(
    Rule(severity=severity, action=action, within=toy.HOUR, procedure=procedure, scenario=scenario)
    for severity, action, procedure, scenario in (
        (Severity.CRITICAL, Action.ROLL_BACK_AND_RESTORE, "full", ""),
        (Severity.CRITICAL, Action.ROLL_BACK_AND_RESTORE, "full", "corruption"),
        (Severity.HIGH, Action.ROLL_BACK, "", ""),
        (Severity.MEDIUM, Action.ASK, "", ""),
        (Severity.LOW, Action.ALERT, "", ""),
    )
)


def action_of(
    *, saw: bool = False, state: str = "failed", scenario: str = "corruption", **more: Any
) -> tuple[Action, str]:
    """Return action and procedure after a RunCheck of damaged data that ended so.

    :param saw: whether one of its tries saw damage
    """
    looks = RunCheck(
        name="deploy",
        check=toy.ToyCheck(name="no_row_changed"),
        on_failure=more.pop("severity", Severity.CRITICAL),
        scenario=scenario,
    )
    steps = (*toy.steps()[:2], looks)
    graph = compile_plan(toy.plan(on_production=steps, matrix=DecisionMatrix(rules=RESTORES), **more))
    damage = frozenset({"production.deploy"} if saw else ())
    verdict = judge(graph, facts(broken_at("production.deploy", state), damage=damage))
    return verdict.action, verdict.procedure


def test_a_run_check_that_finds_damage_restores() -> None:
    assert action_of(saw=True) == (Action.ROLL_BACK_AND_RESTORE, "full")
    assert action_of(saw=True, scenario="") == (Action.ROLL_BACK_AND_RESTORE, "full")


def test_a_run_check_that_could_not_look_rolls_back_and_restores_nothing() -> None:
    """It answered ERROR or INCONCLUSIVE, was refused, killed or marked by hand."""
    assert action_of() == (Action.ROLL_BACK, "")


def test_a_run_check_that_was_marked_success_restores_nothing() -> None:
    assert action_of(state="success") == (Action.ROLL_BACK, "")


def test_what_could_not_look_is_not_made_worse_than_it_says() -> None:
    assert action_of(severity=Severity.MEDIUM, scenario="") == (Action.ASK, "")


@pytest.mark.parametrize("state", ["failed", "success"])
@pytest.mark.parametrize(
    ("returned", "action"),
    [
        ({"answer": "FAIL", "summary": "rows are gone"}, Action.ROLL_BACK_AND_RESTORE),
        ({"answer": "ERROR", "summary": "the database is away"}, Action.ROLL_BACK),
        ({"answer": "INCONCLUSIVE", "summary": "nothing was noted"}, Action.ROLL_BACK),
        (None, Action.ROLL_BACK),
    ],
)
def test_only_a_check_that_found_damage_restores(state: str, returned: Any, action: Action) -> None:
    check = toy.ToyCheck(name="answers", on_failure=Severity.CRITICAL)
    graph = compile_plan(toy.plan(verify=(check,), matrix=DecisionMatrix(rules=RESTORES)))
    tasks = broken_at("verification.answers") | {"verification.answers": (state, returned)}
    assert judge(graph, facts(tasks)).action is action


@pytest.mark.parametrize("answer", ["ERROR", "INCONCLUSIVE"])
def test_a_check_can_say_how_bad_it_is_not_to_know(answer: str) -> None:
    check = toy.ToyCheck(name="answers", on_failure=Severity.HIGH, on_unknown=Severity.MEDIUM)
    graph = compile_plan(toy.plan(verify=(check,), matrix=DecisionMatrix(rules=RESTORES)))
    for said, action in ((answer, Action.ASK), ("FAIL", Action.ROLL_BACK)):
        finding = {"answer": said, "summary": "nobody asks"}
        tasks = broken_at("verification.answers") | {"verification.answers": ("failed", finding)}
        assert judge(graph, facts(tasks)).action is action


@pytest.mark.parametrize("answer", ["FAIL", "ERROR", "INCONCLUSIVE"])
def test_a_check_picks_its_row_by_its_scenario_whatever_it_answers(answer: str) -> None:
    check = toy.ToyCheck(name="job_ran", on_failure=Severity.MEDIUM, scenario="job")
    row = Rule(severity=Severity.MEDIUM, scenario="job", action=Action.ASK, within=toy.HOUR, procedure="full")
    graph = compile_plan(toy.plan(verify=(check,), matrix=DecisionMatrix(rules=(*RESTORES, row))))
    finding = {"answer": answer, "summary": "no night came"}
    tasks = broken_at("verification.answers") | {"verification.job_ran": ("failed", finding)}
    verdict = judge(graph, facts(tasks))
    assert (verdict.action, verdict.procedure) == (Action.ASK, "full")


@pytest.mark.parametrize("on_unknown", [None, Severity.MEDIUM])
def test_a_checklist_that_nobody_answers_is_no_item_that_somebody_did_not_tick(
    on_unknown: Severity | None,
) -> None:
    items = Checklist(name="seen", items=["The UI renders"], on_unknown=on_unknown)
    graph = compile_plan(toy.plan(verify=(items,), matrix=DecisionMatrix(rules=RESTORES)))
    unanswered = {"answer": "INCONCLUSIVE", "summary": "nobody answered in time"}
    unticked = {"answer": "FAIL", "summary": "0 of 1 ticked by ann"}
    asks = Action.ASK if on_unknown else Action.ROLL_BACK
    for finding, marked, action in (
        (unanswered, False, asks),
        (unticked, False, Action.ROLL_BACK),
        (None, True, Action.ROLL_BACK),
        (None, False, asks),  # it was killed: nobody has said anything
    ):
        tasks = broken_at("verification.answers") | {"verification.seen": ("failed", finding)}
        tasks["verification.answers"] = ("upstream_failed", None)
        known = frozenset({"verification.seen"} if marked else ())
        assert judge(graph, facts(tasks, marked=known)).action is action


def test_who_marks_a_check_failed_says_that_it_fails_and_not_that_data_is_damaged() -> None:
    for failing, unknown, action in (
        (Severity.HIGH, Severity.LOW, Action.ROLL_BACK),
        (Severity.CRITICAL, None, Action.ROLL_BACK),  # a finding of it restores
    ):
        check = toy.ToyCheck(name="answers", on_failure=failing, on_unknown=unknown)
        graph = compile_plan(toy.plan(verify=(check,), matrix=DecisionMatrix(rules=RESTORES)))
        tasks = broken_at("verification.answers") | {"verification.answers": ("failed", None)}
        for finding in (None, {"answer": "PASS", "summary": "all well"}):
            tasks["verification.answers"] = ("failed", finding)
            verdict = judge(graph, facts(tasks, marked=frozenset({"verification.answers"})))
            assert verdict.action is action
            assert verdict.reasons[0] == "verification.answers failed. A person marked it so."
        tasks["verification.answers"] = ("failed", None)
        killed = judge(graph, facts(tasks)).action
        assert killed is (Action.ROLL_BACK if unknown is None else Action.ASK)


def test_a_step_that_was_refused_for_want_of_proof_restores_nothing() -> None:
    migrate = toy.ToyStep(name="migrate", migrates=True, scenario="corruption")
    steps = (toy.steps()[0], migrate, toy.steps()[2])
    graph = compile_plan(toy.plan(on_production=steps, matrix=DecisionMatrix(rules=RESTORES)))
    tasks = broken_at("production.migrate") | {"production.back_up": ("success", None)}
    assert judge(graph, facts(tasks)).action is Action.ROLL_BACK


def test_not_to_know_restores_nothing_however_grave_the_plan_calls_it() -> None:
    """prove refuses such a plan; the verdict restores nothing all the same."""
    items = Checklist(name="seen", items=["The UI renders"], on_unknown=Severity.CRITICAL)
    graph = compile_plan(toy.plan(verify=(items,), matrix=DecisionMatrix(rules=RESTORES)))
    tasks = broken_at("verification.answers") | {
        "verification.seen": ("failed", {"answer": "INCONCLUSIVE", "summary": "nobody answered in time"}),
        "verification.answers": ("upstream_failed", None),
    }
    assert judge(graph, facts(tasks)).action is Action.ROLL_BACK


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.ROLLED_BACK, "error_rate 7.5 % > 5 %"),
        (Outcome.ROLLBACK_FAILED, "How it ended. error_rate 7.5 % > 5 %"),
    ],
)
def test_a_notice_says_what_a_rollback_was_for_and_how_a_failed_one_ended(
    outcome: Outcome, said: str
) -> None:
    assert Ending(outcome=outcome, reasons=("How it ended.", "error_rate 7.5 % > 5 %.")).cause == said


def test_a_rollback_without_a_cause_still_says_something() -> None:
    assert Ending(outcome=Outcome.ROLLED_BACK, reasons=("Rolled back.",)).cause == "Rolled back"


SLOW = Breach(severity=Severity.MEDIUM, reason="slow")
DOWN = Breach(severity=Severity.HIGH, reason="down")


def asked_meanwhile(
    state: str, *seen: Breach, matrix: DecisionMatrix | None = None
) -> tuple[ReleaseGraph, Facts, Verdict]:
    """Return a release that asks for its mild breach, and what the watch beside the question made of it."""
    graph = compile_plan(toy.plan(**{"matrix": matrix} if matrix else {}))
    tasks = healthy() | {"watch.watch_production": ("failed", None), WATCH_WHILE_ASKING: (state, None)}
    breaches = {"watch.watch_production": [SLOW], WATCH_WHILE_ASKING: seen}
    found = facts(tasks, breaches=breaches)
    verdict = judge(graph, found)
    assert verdict.branch is Branch.ASK
    return graph, found, verdict


def matrix_with(*rules: Rule) -> DecisionMatrix:
    """Return the toy's matrix with these rows for their severities."""
    given = {rule.severity for rule in rules}
    others = [rule for rule in toy.plan().matrix.rules if rule.scenario or rule.severity not in given]
    return DecisionMatrix(rules=(*others, *rules))


def test_what_the_watch_beside_the_question_saw_is_undone_and_nothing_less_than_was_asked() -> None:
    since = overtaken(*asked_meanwhile("failed", DOWN))
    assert (since.branch, since.action) == (Branch.ROLL_BACK, Action.ROLL_BACK)
    assert since.procedure == ""  # all, as the question had it, although HIGH alone goes back to "code"
    assert since.reasons == ("down", "slow")


def test_it_goes_further_than_the_question_where_it_must() -> None:
    slow = Rule(severity=Severity.MEDIUM, action=Action.ASK, within=toy.MINUTE, procedure="code")
    down = Rule(severity=Severity.HIGH, action=Action.ROLL_BACK, within=toy.MINUTE)
    graph, found, verdict = asked_meanwhile("failed", DOWN, matrix=matrix_with(slow, down))
    assert (verdict.procedure, overtaken(graph, found, verdict).procedure) == ("code", "")


def test_damage_that_is_seen_beside_the_question_is_restored() -> None:
    damaged = Breach(severity=Severity.CRITICAL, reason="rows are gone", scenario="corruption")
    since = overtaken(*asked_meanwhile("failed", damaged))
    assert since.action is Action.ROLL_BACK_AND_RESTORE
    assert since.reasons[0] == "rows are gone"


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ("failed", []),  # a person marked it, or it broke
        ("success", [DOWN]),  # it did not close the question
        ("failed", [SLOW]),
    ],
)
def test_otherwise_the_rollback_goes_as_far_as_the_question_named(state: str, seen: list[Breach]) -> None:
    graph, found, verdict = asked_meanwhile(state, *seen)
    assert overtaken(graph, found, verdict) is verdict


def test_flags_off_is_less_than_what_silence_undoes() -> None:
    flags_off = Rule(severity=Severity.HIGH, action=Action.FLAGS_OFF, within=toy.MINUTE)
    graph, found, verdict = asked_meanwhile("failed", DOWN, matrix=matrix_with(flags_off))
    assert overtaken(graph, found, verdict) is verdict
    assert not acts_unasked(Action.FLAGS_OFF)
