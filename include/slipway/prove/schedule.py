"""Faults of the plan's timeline."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.prove.places import place
from slipway.prove.wording import choose
from slipway.words import Phase


@dataclass(frozen=True)
class CoversNothing(Fault):
    """A line of the timeline to which no task belongs: nothing could be shown beside it."""

    @property
    def what(self) -> str:
        return "no phase and no task belongs to it, so nothing that came could be shown beside it"

    @property
    def mend(self) -> str:
        return 'Name them in covers=[...], e.g. "staging" or "production.deploy"'


@dataclass(frozen=True)
class UnknownCover(Fault):
    """A line of the timeline that names no phase and no task."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it covers "{self.name}", which is no phase and no task'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "phases and tasks")


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the timeline."""
    tasks = [node.task_id for node in graph.nodes]
    valid = tuple(phase for phase in Phase if graph.of_phase(phase)) + tuple(tasks)
    for index, line in enumerate(graph.plan.schedule):
        spot = place("schedule", index, line.title)
        if not line.covers:
            yield CoversNothing(spot)
        for name in line.covers:
            if not any(task_id == name or task_id.startswith(f"{name}.") for task_id in tasks):
                yield UnknownCover(spot, name, valid)
