"""Every single fault of every plan, against the invariants of docs/safety.md."""

from collections.abc import Callable

import pytest
from tests.simulation.conftest import plans
from tests.simulation.simulator import EVIDENCE, Happens, Release, Script, Simulator

from slipway.graph import DECISION, WATCH, Kind
from slipway.kinds import Step, Undo
from slipway.words import Intent, Outcome, Phase, Severity

pytestmark = pytest.mark.simulation
Simulators = Callable[[str], Simulator]
AT_A_PERSON = (Outcome.HELD, Outcome.ROLLBACK_FAILED)


def production_steps_that_ran(release: Release) -> list[str]:
    steps = {node.task_id for node in release.graph.production_steps()}
    return [task_id for task_id in release.ran if task_id in steps]


def reversible(release: Release, task_id: str) -> bool:
    step = release.graph.node(task_id).item
    assert isinstance(step, Step)
    return step.undoing().undo is Undo.REVERSIBLE


def hold_the_invariants(release: Release) -> None:
    """Assert I1 to I5, I10, I12 and I15 on a release that has ended."""
    touched, undone = production_steps_that_ran(release), release.undone()
    went = (release.returned.get(DECISION) or {}).get("answer") == "GO"
    assert went or not touched, "I1: production was touched without a GO"
    if release.outcome is Outcome.RELEASED or not touched:
        assert undone == [], "I2: something was undone that should stand"
    if touched and release.outcome not in (Outcome.RELEASED, *AT_A_PERSON):
        expected = [task_id for task_id in reversed(touched) if reversible(release, task_id)]
        covered = {
            release.graph.node(t).undoes for t in release.ran_of(Kind.RESTORE) if _restored(release, t)
        }
        left = [task_id for task_id in expected if task_id not in undone]
        assert not left or covered, f"I3: not undone: {left}"
        order = [task_id for task_id in undone if task_id in expected]
        assert order == [task_id for task_id in expected if task_id in undone], "I3: not newest first"
    assert (release.color == "success") is (release.outcome is Outcome.RELEASED), "I4: a false colour"
    assert set(undone) <= set(touched), "I5: undone without having run"
    if release.outcome is Outcome.RELEASED:
        assert release.states[WATCH] == "success", "I12: released without a healthy watch"
        assert all(release.facts().proved(task_id) for task_id in touched), "a step is green without proof"
    last_undo = max((release.ran.index(t) for t in release.ran_of(Kind.UNDO)), default=-1)
    assert all(release.ran.index(t) < last_undo for t in touched) or not undone, "I15: forward after undo"


def _restored(release: Release, task_id: str) -> bool:
    return bool((release.returned.get(task_id) or {}).get("undone"))


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


@pytest.mark.parametrize("happens", list(Happens))
@pytest.mark.parametrize("name", plans())
def test_no_single_fault_breaks_an_invariant(simulators: Simulators, name: str, happens: Happens) -> None:
    simulator = simulators(name)
    outcomes: dict[str, Outcome] = {}
    for node in simulator.graph.nodes:
        if node.kind is Kind.OUTCOME:
            continue  # it is the colour itself
        release = simulator.release(Script(faults={node.task_id: happens}))
        hold_the_invariants(release)
        outcomes[node.task_id] = release.outcome
    steps = [node.task_id for node in simulator.graph.production_steps() if node.task_id in release.states]
    forward = [task_id for task_id in steps if not task_id.startswith("rollout.")]
    assert all(outcomes[task_id] is not Outcome.RELEASED for task_id in forward)


@pytest.mark.parametrize("name", plans())
def test_a_failure_in_staging_or_at_the_gate_touches_nothing(simulators: Simulators, name: str) -> None:
    simulator = simulators(name)
    for node in simulator.graph.of_phase(Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION, Phase.GATE):
        release = simulator.release(Script(faults={node.task_id: Happens.FAILS}))
        if node.kind is Kind.CLOSE_THE_OTHERS:
            continue  # runs only after a NO-GO
        assert production_steps_that_ran(release) == []
        assert release.outcome in (Outcome.REJECTED, Outcome.ABORTED)
        assert release.undone() == []


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("fix_forward", [False, True])
@pytest.mark.parametrize("name", plans())
def test_a_breach_in_the_watch_goes_the_way_of_the_matrix(
    simulators: Simulators, name: str, fix_forward: bool, severity: Severity
) -> None:
    script = Script(faults={WATCH: Happens.FAILS}, breach=severity, fix_forward=fix_forward)
    release = simulators(name).release(script)
    hold_the_invariants(release)
    assert release.outcome in (Outcome.ROLLED_BACK, Outcome.HELD)


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
