"""Prove a release graph: every fault of its plan at once, or none."""

from slipway.errors import Fault, PlanRefused
from slipway.graph import ReleaseGraph
from slipway.prove import (
    consequences,
    durations,
    environments,
    gate,
    matrix,
    names,
    notices,
    rollout,
    scenarios,
    shape,
    steps,
    verification,
    watch,
)

__all__ = ["prove", "prove_or_raise"]

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
)


def prove(graph: ReleaseGraph) -> list[Fault]:
    """Return all faults, in the same order every time; none if a release of this plan is safe to run."""
    found = [fault for rule in _RULES for fault in rule.faults(graph)]
    if not any(isinstance(fault, names.DuplicateName) for fault in found):
        found += shape.faults(graph)  # with two tasks of one id the graph says nothing
    return list(dict.fromkeys(found))


def prove_or_raise(graph: ReleaseGraph) -> None:
    """Raise PlanRefused with all faults, if there are any."""
    if faults := prove(graph):
        raise PlanRefused(graph.plan.name, faults)
