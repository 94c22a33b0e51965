"""Where the parts of a plan stand, as a fault names them: `on_production[3] "upgrade_schema"`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slipway.environment import Environment
from slipway.kinds import Check, Checklist, Step
from slipway.plan import Plan, Stage
from slipway.watching import Threshold
from slipway.words import Phase

Item = Step | Check | Checklist


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A step, check or checklist with its place in the plan and its place in the release."""

    place: str
    item: Item
    phase: Phase
    environment: Environment
    stage: str = ""

    @property
    def task_id(self) -> str:
        """The id that its task will have."""
        prefix = f"{self.phase}.{self.stage}." if self.stage else f"{self.phase}."
        verb = "verify_" if self.phase is Phase.ROLLBACK else ""
        return f"{prefix}{verb}{self.item.name}"


def place(field: str, index: int, name: str) -> str:
    """Return the place of an element of a list of the plan."""
    return f'{field}[{index}] "{name}"'


def items(plan: Plan) -> Iterator[Placed]:
    """Yield every step, check and checklist in the order of the plan."""
    lists = (
        ("preflight", plan.preflight, Phase.PREFLIGHT, plan.production),
        ("on_staging", plan.on_staging, Phase.STAGING, plan.staging),
        ("validate", plan.validate, Phase.VALIDATION, plan.staging),
        ("on_production", plan.on_production, Phase.PRODUCTION, plan.production),
        ("verify", plan.verify, Phase.VERIFICATION, plan.production),
    )
    for field, members, phase, environment in lists:
        yield from _placed(field, members, phase, environment)
    for field, stage in stages(plan):
        prefix = field.split(" ")[0]
        for name, found in (("steps", stage.steps), ("require", stage.require)):
            yield from _placed(f"{prefix}.{name}", found, Phase.ROLLOUT, plan.production, stage.name)
    yield from _placed("verify_rollback", plan.verify_rollback, Phase.ROLLBACK, plan.production)


def _placed(
    field: str, members: Sequence[Item], phase: Phase, environment: Environment, stage: str = ""
) -> Iterator[Placed]:
    for index, item in enumerate(members):
        yield Placed(
            place=place(field, index, item.name), item=item, phase=phase, environment=environment, stage=stage
        )


def stages(plan: Plan) -> Iterator[tuple[str, Stage]]:
    """Yield every rollout stage with its place."""
    for outer, rollout in enumerate(plan.strategies):
        for inner, stage in enumerate(rollout.stages):
            yield place(f"strategies[{outer}].stages", inner, stage.name), stage


def thresholds(plan: Plan) -> Iterator[tuple[str, Threshold]]:
    """Yield every threshold, the watch's and those of the rollout stages, with its place."""
    for index, threshold in enumerate(plan.watch.thresholds):
        yield place("watch.thresholds", index, threshold.metric), threshold
    for field, stage in stages(plan):
        for index, threshold in enumerate(stage.thresholds):
            yield place(f"{field.split(' ')[0]}.thresholds", index, threshold.metric), threshold


def production_steps(plan: Plan) -> list[Placed]:
    """Return the steps that change production, those of the rollout included."""
    phases = (Phase.PRODUCTION, Phase.ROLLOUT)
    return [each for each in items(plan) if each.phase in phases and isinstance(each.item, Step)]
