"""Every single fault of every plan, against the invariants of docs/safety.md."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy.orm import object_session
from tests.simulation.conftest import plans
from tests.simulation.simulator import EVIDENCE, Happens, Moment, Release, Script, Simulator

from slipway.airflow.branch import cut_off_by, skipped_with
from slipway.facts import ONWARD
from slipway.graph import (
    ASK,
    CHECK_CONNECTIONS,
    DECISION,
    HOLD,
    OUTCOME,
    START,
    VERDICT,
    WATCH,
    WATCH_WHILE_ASKING,
    Kind,
)
from slipway.kinds import ReleasingStep, Step, Undo
from slipway.verdict import Branch
from slipway.words import Action, Intent, Outcome, Phase

pytestmark = pytest.mark.simulation
Simulators = Callable[[str], Simulator]
ACTING = (Kind.STEP, Kind.UNDO, Kind.RESTORE, Kind.WATCH)  # having run or not makes a difference
AT_A_PERSON = (Outcome.HELD, Outcome.ROLLBACK_FAILED)


def production_steps_that_ran(release: Release) -> list[str]:
    steps = {node.task_id for node in release.graph.production_steps()}
    return [task_id for task_id in release.ran if task_id in steps]


def reversible(release: Release, task_id: str) -> bool:
    step = release.graph.node(task_id).item
    assert isinstance(step, Step)
    return step.undoing().undo is Undo.REVERSIBLE


def hold_the_invariants(release: Release) -> None:
    """Assert I1 to I5, I7, I10, I12 and I15 on a release that has ended."""
    touched, undone = production_steps_that_ran(release), release.undone()
    went = (release.returned.get(DECISION) or {}).get("answer") == "GO"
    assert went or not touched, "I1: production was touched without a GO"
    steps = [node.item for node in release.graph.production_steps()]
    for step in (step for step in steps if touched and isinstance(step, ReleasingStep)):
        proof = (release.returned.get(f"staging.{step.tried_by or step.name}") or {}).get("proof", {})
        assert proof.get(step.takes), f"I7: nothing tells what staging tried for {step.name}"
    if release.outcome is Outcome.RELEASED or not touched:
        assert undone == [], "I2: something was undone that should stand"
    if touched and release.outcome not in (Outcome.RELEASED, *AT_A_PERSON):
        expected = [t for t in reversed(touched) if reversible(release, t) and not restored(release, t)]
        assert [t for t in undone if t in expected] == expected, "I3: not all undone, or not newest first"
    assert (release.color == "success") is (release.outcome is Outcome.RELEASED), "I4: a false colour"
    assert set(undone) <= set(touched), "I5: undone without having run"
    if release.outcome is Outcome.RELEASED:
        assert release.states[WATCH] == "success", "I12: released without a healthy watch"
        assert all(release.facts().proved(task_id) for task_id in touched), "a step is green without proof"
    undos = release.ran_of(Kind.UNDO, Kind.RESTORE)
    first_undo = min((release.ran.index(task_id) for task_id in undos), default=len(release.ran))
    assert all(release.ran.index(t) < first_undo for t in touched), "I15: forward after an undo"


def restored(release: Release, task_id: str) -> bool:
    """Say whether a restored backup, taken before this step, brought back what it changed."""
    step = release.graph.node(task_id).item
    backups = [
        release.graph.node(task).undoes
        for task in release.ran_of(Kind.RESTORE)
        if (release.returned.get(task) or {}).get("undone")
    ]
    migrates = isinstance(step, Step) and step.migrates
    return migrates and any(release.ran.index(b) < release.ran.index(task_id) for b in backups)


@pytest.mark.parametrize("name", plans())
def test_a_release_without_a_fault_is_released(simulators: Simulators, name: str) -> None:
    release = simulators(name).release(Script())
    assert release.outcome is Outcome.RELEASED
    assert release.color == "success"
    hold_the_invariants(release)


@pytest.mark.parametrize("name", plans())
def test_every_strategy_is_released(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    for rollout in simulator.graph.plan.strategies:
        release = simulator.release(Script(strategy=rollout.strategy))
        assert release.outcome is Outcome.RELEASED
        hold_the_invariants(release)


@pytest.mark.parametrize("name", plans())
def test_a_branch_skips_nothing_that_airflow_would_not_skip_for_it(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    dag, more = simulator.dag, set()
    branches = [
        n.task_id for n in simulator.graph.of_kind(Kind.START, Kind.STRATEGY, Kind.VERDICT, Kind.ANSWER)
    ]
    ways = {**first_ways_to(simulator), **first_ways_to_rollback(simulator)}
    for branch in [task_id for task_id in branches if task_id in ways]:
        states = {**ways[branch][1].states, branch: "success"}
        for way in dag.get_task(branch).downstream_task_ids:
            follow = {way} | dag.get_task(way).get_flat_relative_ids(upstream=False)
            first = dag.get_task(branch).downstream_task_ids - follow
            ours = set(skipped_with(dag, first, states))
            skipped = {task_id: "skipped" for task_id in first if not states[task_id]}
            airflows = simulator.at_rest(states | skipped)
            assert {task_id for task_id in ours if airflows[task_id] != "skipped"} == set(), (branch, way)
            more |= ours - first
    assert len(more) > 5


@pytest.mark.parametrize("name", plans())
def test_a_failure_cuts_off_all_that_cannot_run_any_more_and_nothing_else(
    simulators: Simulators, name: str
) -> None:
    simulator, seen = simulators(name), set()
    graph, ways = simulator.graph, first_ways_to(simulator)
    onward = [node for node in graph.nodes if node.phase in ONWARD or node.kind is Kind.START]
    for node in [node for node in onward if node.task_id in ways]:
        if (kind := (node.phase, node.stage, node.kind)) in seen:
            continue  # one of each kind in each stage tells of the others
        seen.add(kind)
        states = {**ways[node.task_id][1].states, node.task_id: "failed"}
        ours = set(cut_off_by(simulator.dag, node.task_id, states))
        airflows = simulator.at_rest(states)
        closes = {each.task_id: each.beside for each in graph.of_kind(Kind.CLOSE_THE_OTHERS)}
        dead = {task_id for task_id in ours if airflows[task_id] in ("upstream_failed", "skipped")}
        # Airflow would start what closes questions; where nobody was asked it finds none.
        assert {states[each] for closing in ours - dead for each in closes[closing]} <= {""}
        assert {t for t, state in airflows.items() if state == "upstream_failed"} == dead, node.task_id
    assert len(seen) > 5


@pytest.mark.parametrize("name", plans())
def test_a_decision_that_was_never_asked_for_cuts_off_all_that_comes_after_it(
    simulators: Simulators, name: str
) -> None:
    simulator = simulators(name)
    moment = first_ways_to(simulator)[CHECK_CONNECTIONS][1]
    states = simulator.at_rest({**moment.states, CHECK_CONNECTIONS: "failed"}) | {DECISION: "skipped"}
    ours = set(cut_off_by(simulator.dag, DECISION, states))
    airflows = simulator.at_rest(states)
    assert {t for t, state in airflows.items() if state == "skipped" and not states[t]} == ours
    assert len(ours) > 5


def first_ways_to_rollback(simulator: Simulator) -> dict[str, tuple[Script, Moment]]:
    """Return the tasks of a release that a person is asked about, with the moment before each."""
    release = simulator.release(ways_of_a_release(simulator)[2])
    return {task_id: (Script(), moment) for task_id, moment in release.moments.items() if task_id != VERDICT}


def ways_of_a_release(simulator: Simulator) -> list[Script]:
    """Return a release that goes well, one that rolls back and one that asks a person, twice."""
    rules = {rule.severity: rule.action for rule in simulator.graph.plan.matrix.rules if not rule.scenario}
    back = next(severity for severity, action in rules.items() if action.undoes)
    # A mild breach that ends a watch asks.
    ask = next((severity for severity, action in rules.items() if not action.undoes), back)
    breach = {WATCH: Happens.FAILS}
    return [
        Script(),
        Script(faults=breach, breach=back),
        Script(faults=breach, breach=ask),
        Script(faults=breach, breach=ask, fix_forward=True),
    ]


@cache
def first_ways_to(simulator: Simulator) -> dict[str, tuple[Script, Moment]]:
    """Return each task that runs on any of those ways, with the first such way and the moment before it."""
    found: dict[str, tuple[Script, Moment]] = {}
    for script in ways_of_a_release(simulator):
        release = simulator.release(script)
        for task_id in release.ran:
            found.setdefault(task_id, (script, release.moments[task_id]))
    return {task_id: way for task_id, way in found.items() if task_id != OUTCOME}


@cache
def with_a_fault(simulator: Simulator, task_id: str, happens: Happens) -> Release:
    """Return the first way to a task, with a fault there."""
    way, moment = first_ways_to(simulator)[task_id]
    return simulator.release(replace(way, faults={**way.faults, task_id: happens}), moment)


@cache
def end_of(simulator: Simulator, number: int) -> tuple[Outcome, str]:
    release = simulator.release(ways_of_a_release(simulator)[number])
    return release.outcome, release.color


def ends(simulator: Simulator, way: Script) -> tuple[Outcome, str]:
    """Return outcome and colour of a way without a further fault."""
    return end_of(simulator, ways_of_a_release(simulator).index(way))


@pytest.mark.parametrize("name", plans())
def test_every_task_is_reached_by_a_fault(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    chosen = {stage.name for rollout in simulator.graph.plan.strategies[:1] for stage in rollout.stages}
    reached = first_ways_to(simulator)
    for node in simulator.graph.nodes:
        of_another_strategy = node.stage and node.stage not in chosen
        undoes = simulator.graph.node(node.undoes).stage if node.undoes else ""
        if of_another_strategy or (undoes and undoes not in chosen):
            continue
        if node.kind in (Kind.CLOSE_THE_OTHERS, Kind.STOP_SHORT, Kind.OUTCOME):
            continue  # after a NO-GO, and the colour itself
        if node.kind in (Kind.ASK, Kind.ANSWER, Kind.HOLD) and not asks(simulator):
            continue
        assert node.task_id in reached


def asks(simulator: Simulator) -> bool:
    """Say whether any severity of the plan leads to a question."""
    return any(not rule.action.undoes for rule in simulator.graph.plan.matrix.rules if not rule.scenario)


@pytest.mark.parametrize("happens", list(Happens))
@pytest.mark.parametrize("name", plans())
def test_no_single_fault_breaks_an_invariant(simulators: Simulators, name: str, happens: Happens) -> None:
    simulator = simulators(name)
    for task_id, (way, _) in first_ways_to(simulator).items():
        if happens is Happens.MARKED_FAILED and simulator.graph.node(task_id).kind not in ACTING:
            continue  # the same states and XComs as when it fails
        release = with_a_fault(simulator, task_id, happens)
        hold_the_invariants(release)
        node = simulator.graph.node(task_id)
        # A person who marks a checklist has looked: marking is a way to tick its items.
        ticked = node.kind is Kind.CHECKLIST and happens is Happens.MARKED_SUCCESS
        # And one who marks a watch ends it.
        ended = node.kind is Kind.WATCH and happens is Happens.MARKED_SUCCESS
        if node.phase in (Phase.PRODUCTION, Phase.VERIFICATION) and not ticked and not ended:
            assert release.outcome is not Outcome.RELEASED
        if node.phase is Phase.ROLLBACK:
            assert release.outcome is Outcome.ROLLBACK_FAILED
        if node.phase is Phase.NOTICES:
            assert (release.outcome, release.color) == ends(simulator, way), "a notice changed the outcome"


@pytest.mark.parametrize("name", plans())
def test_a_failure_in_staging_or_at_the_gate_touches_nothing(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    for node in simulator.graph.of_phase(Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION, Phase.GATE):
        if node.kind is Kind.CLOSE_THE_OTHERS:
            continue  # runs only after a NO-GO
        release = with_a_fault(simulator, node.task_id, Happens.FAILS)
        assert production_steps_that_ran(release) == []
        assert release.outcome in (Outcome.REJECTED, Outcome.ABORTED)
        assert release.undone() == []


@pytest.mark.parametrize("fix_forward", [False, True])
@pytest.mark.parametrize("name", plans())
def test_a_breach_in_the_watch_goes_the_way_of_the_matrix(
    simulators: Simulators, name: str, fix_forward: bool
) -> None:
    simulator = simulators(name)
    plan = simulator.graph.plan
    no_return = name == "toy_with_a_point_of_no_return"
    for rule in plan.matrix.rules:
        if rule.scenario:
            continue
        script = Script(faults={WATCH: Happens.FAILS}, breach=rule.severity, fix_forward=fix_forward)
        release = simulator.release(script)
        hold_the_invariants(release)
        asked = no_return or not rule.action.undoes
        partly = any(p.name == rule.procedure and p.back_to for p in plan.procedures)
        partly |= rule.action is Action.FLAGS_OFF
        if asked and fix_forward:
            assert HOLD in release.ran
            assert release.undone() == []
        held = (asked and fix_forward) or no_return or partly
        assert release.outcome is (Outcome.HELD if held else Outcome.ROLLED_BACK)


@pytest.mark.parametrize(
    "name", ["waits", "maintenance_scheduling", "manual_score_override", "personal_goals"]
)
def test_a_breach_beside_what_waits_ends_it_and_goes_the_way_of_the_matrix(
    simulators: Simulators, name: str
) -> None:
    simulator = simulators(name)
    _, back, *_ = ways_of_a_release(simulator)
    guards = [
        node
        for node in simulator.graph.of_kind(Kind.WATCH)
        if node.beside and node.task_id in first_ways_to(simulator) and node.task_id != WATCH_WHILE_ASKING
    ]
    assert guards
    for guard in guards:
        breached = Script(faults={guard.task_id: Happens.FAILS}, meanwhile=back.breach)
        release = simulator.release(breached, first_ways_to(simulator)[guard.task_id][1])
        hold_the_invariants(release)
        assert {release.states[waiting] for waiting in guard.beside} == {"skipped"}
        assert release.facts().state(WATCH) == "skipped"
        assert release.outcome is not Outcome.RELEASED
        verdict = release.verdict()
        assert verdict is not None
        assert verdict.reasons[0] == "measured"


@pytest.mark.parametrize("name", [name for name in plans() if name != "toy_with_a_point_of_no_return"])
def test_a_grave_breach_beside_the_question_does_not_wait_for_the_answer(
    simulators: Simulators, name: str
) -> None:
    simulator = simulators(name)
    _, back, ask, _ = ways_of_a_release(simulator)
    faults = {WATCH: Happens.FAILS, WATCH_WHILE_ASKING: Happens.FAILS}
    release = simulator.release(
        Script(faults=faults, breach=ask.breach, meanwhile=back.breach, fix_forward=True)
    )
    hold_the_invariants(release)
    assert release.states[ASK] == "failed"
    assert HOLD not in release.ran
    verdict = release.verdict()
    assert verdict is not None
    assert (verdict.branch, verdict.reasons[0]) == (Branch.ROLL_BACK, "measured")
    for alone in (back, ask):  # what either of the two would undo is undone, or came back with a backup
        left = set(simulator.release(alone).undone()) - set(release.undone())
        assert all(restored(release, task_id) for task_id in left)


@pytest.mark.parametrize("name", plans())
def test_a_later_rollback_undoes_what_the_record_says(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    first = simulator.release(Script())
    done = production_steps_that_ran(first)
    script = Script(intent=Intent.ROLL_BACK, earlier=dict.fromkeys(done, EVIDENCE))
    release = simulator.release(script)
    assert release.outcome in (Outcome.ROLLED_BACK, Outcome.HELD)
    assert production_steps_that_ran(release) == []
    assert release.undone() == [t for t in reversed(done) if reversible(first, t)]
    assert release.color == "failed"


@pytest.mark.parametrize("name", plans())
def test_a_breach_is_told_and_a_healthy_release_tells_of_none(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    healthy, *breached = (simulator.release(script) for script in ways_of_a_release(simulator)[:3])
    tells = [node.task_id for node in simulator.graph.of_kind(Kind.TELL_OF_BREACHES)]
    assert healthy.ran_of(Kind.TELL_OF_BREACHES) == []
    assert [release.ran_of(Kind.TELL_OF_BREACHES) for release in breached] == [tells, tells]


@pytest.mark.parametrize("name", ["toy", "personal_goals"])
def test_what_is_remembered_between_releases_changes_none(
    simulators: Simulators, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = simulators(name)
    happen = simulator._happen

    def happen_and_flush(ti: TaskInstance, tasks: Sequence[TaskInstance], release: Release) -> None:
        happen(ti, tasks, release)
        object_session(ti).flush()

    ways = ways_of_a_release(simulator)
    for way in ways:
        simulator.release(way)
    remembered = [simulator.release(way) for way in ways]
    monkeypatch.setattr(simulator, "_happen", happen_and_flush)
    monkeypatch.setattr(simulator, "_ask_once_for_each_situation", lambda tasks: None)
    monkeypatch.setattr(
        "tests.simulation.simulator._changed_among", lambda tasks: TaskInstance.filter_for_tis
    )
    anew = [simulator.release(way) for way in ways]
    assert [(each.ran, each.states, each.color) for each in remembered] == [
        (each.ran, each.states, each.color) for each in anew
    ]


@pytest.mark.parametrize("happens", [Happens.FAILS, Happens.MARKED_FAILED])
def test_a_later_rollback_whose_start_failed_rolls_nothing_back(
    simulators: Simulators, happens: Happens
) -> None:
    simulator = simulators("toy")
    done = production_steps_that_ran(simulator.release(Script()))
    earlier = dict.fromkeys(done, EVIDENCE)
    release = simulator.release(Script(intent=Intent.ROLL_BACK, earlier=earlier, faults={START: happens}))
    assert release.ran_of(Kind.ROLLBACK_START, Kind.UNDO, Kind.RESTORE) == []
    assert (release.outcome, release.color) == (Outcome.ABORTED, "failed")
