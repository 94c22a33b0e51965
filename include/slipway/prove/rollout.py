"""Faults of rollouts: stages that shrink, exposures that are none, strategies without a stage."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.prove.places import place


@dataclass(frozen=True)
class ShrinkingStage(Fault):
    """A stage that exposes less than the stage before it."""

    exposure: float
    before: float

    @property
    def what(self) -> str:
        return f"it exposes {self.exposure:g} %, less than the stage before it ({self.before:g} %)"

    @property
    def mend(self) -> str:
        return "Order the stages by exposure; going back is what the rollback is for"


@dataclass(frozen=True)
class ImpossibleExposure(Fault):
    """An exposure that is no percentage."""

    exposure: float

    @property
    def what(self) -> str:
        return f"an exposure of {self.exposure:g} % is not possible"

    @property
    def mend(self) -> str:
        return "Give a percentage from 0 to 100"


@dataclass(frozen=True)
class NoStage(Fault):
    """A strategy that exposes nothing."""

    @property
    def what(self) -> str:
        return "this strategy has no stage, so it would expose nothing and watch nothing"

    @property
    def mend(self) -> str:
        return "Add a Stage, or leave the strategy out"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the rollouts."""
    for outer, rollout in enumerate(graph.plan.strategies):
        if not rollout.stages:
            yield NoStage(place("strategies", outer, rollout.strategy))
        before = 0.0
        for inner, stage in enumerate(rollout.stages):
            spot = place(f"strategies[{outer}].stages", inner, stage.name)
            if not 0 <= stage.exposure <= 100:
                yield ImpossibleExposure(spot, stage.exposure)
            elif stage.exposure < before:
                yield ShrinkingStage(spot, stage.exposure, before)
            before = max(before, stage.exposure)
