"""Prove a release graph: every fault of its plan at once, or none."""

from slipway.compile import compile_plan
from slipway.errors import Fault, PlanRefused
from slipway.graph import ReleaseGraph
from slipway.plan import Plan
from slipway.prove import (
    consequences,
    durations,
    environments,
    gate,
    matrix,
    names,
    notices,
    people,
    rollout,
    scenarios,
    schedule,
    shape,
    steps,
    types,
    verification,
    watch,
)

__all__ = ["prove", "proven"]

_RULES = (
    names,
    environments,
    steps,
    verification,
    gate,
    watch,
    matrix,
    scenarios,
    consequences,
    rollout,
    durations,
    notices,
    people,
    schedule,
)


def proven(plan: Plan) -> ReleaseGraph:
    """Compile a plan and prove it; raise PlanRefused with all its faults, if there are any."""
    _refuse(plan, list(types.faults(plan)))  # a plan of wrong types may not even compile
    graph = compile_plan(plan)
    _refuse(plan, _unsafe(graph))
    return graph


def prove(graph: ReleaseGraph) -> list[Fault]:
    """Return all faults, in the same order every time; none if a release of this plan is safe to run.

    Values of a wrong type come alone: what the other rules would say of such a plan misleads.
    """
    return list(types.faults(graph.plan)) or _unsafe(graph)


def _unsafe(graph: ReleaseGraph) -> list[Fault]:
    found = [fault for rule in _RULES for fault in rule.faults(graph)]
    if not any(isinstance(fault, names.DuplicateName) for fault in found):
        found += shape.faults(graph)  # with two tasks of one id the graph says nothing
    return list(dict.fromkeys(found))


def _refuse(plan: Plan, faults: list[Fault]) -> None:
    if faults:
        raise PlanRefused(str(plan.name), faults)
