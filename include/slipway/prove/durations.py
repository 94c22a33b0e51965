"""Faults of durations and windows: none may be zero, and a window must open on some day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.kinds import Check
from slipway.plan import Plan
from slipway.prove.places import Item, items, place, stages, thresholds
from slipway.prove.wording import spoken
from slipway.steps import WaitUntil
from slipway.words import Action

ZERO = timedelta(0)
_Duration = tuple[str, str, timedelta | None]


@dataclass(frozen=True)
class ZeroDuration(Fault):
    """A duration that is zero or negative where time has to pass."""

    field: str
    value: timedelta

    @property
    def what(self) -> str:
        return f"{self.field} is {spoken(self.value)}"

    @property
    def mend(self) -> str:
        return f"Give {self.field} a duration longer than zero"


@dataclass(frozen=True)
class NegativeDuration(Fault):
    """A duration below zero where zero would do."""

    field: str
    value: timedelta

    @property
    def what(self) -> str:
        return f"{self.field} is {spoken(self.value)}"

    @property
    def mend(self) -> str:
        return f"Give {self.field} zero or more"


@dataclass(frozen=True)
class WindowNeverOpens(Fault):
    """A window on no day, on a day that no week has, or of no length."""

    reason: str

    @property
    def what(self) -> str:
        return f"this window never opens: {self.reason}"

    @property
    def mend(self) -> str:
        return "Give days from 0 (Monday) to 6 (Sunday), and an end other than the start"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of durations and windows."""
    plan = graph.plan
    for spot, field, value in _positive(plan):
        if value is not None and value <= ZERO:
            yield ZeroDuration(spot, field, value)
    for spot, field, value in _not_negative(plan):
        if value is not None and value < ZERO:
            yield NegativeDuration(spot, field, value)
    for index, window in enumerate(plan.windows):
        spot = place("windows", index, window.title)
        if not window.days or not set(window.days) <= set(range(7)):
            yield WindowNeverOpens(spot, f"its days are {list(window.days)}")
        if window.start == window.end:
            yield WindowNeverOpens(spot, f"it starts and ends at {window.start:%H:%M}")


def _positive(plan: Plan) -> Iterator[_Duration]:
    for each in items(plan):
        yield from _of_item(each.place, each.item)
    yield "gate", "timeout", plan.gate.timeout
    yield "watch", "sample_every", plan.watch.sample_every
    for index, row in enumerate(plan.watch.checkpoints):
        yield f"watch.checkpoints[{index}]", "interval", row.interval
        yield f"watch.checkpoints[{index}]", "until", row.until
    for spot, stage in stages(plan):
        yield spot, "soak", stage.soak
        yield spot, "every", stage.every
    for index, rule in enumerate(plan.matrix.rules):
        if rule.action is Action.ASK:
            yield place("matrix.rules", index, rule.severity), "within", rule.within
    for index, procedure in enumerate(plan.procedures):
        yield place("procedures", index, procedure.name), "within", procedure.within
    for index, line in enumerate(plan.schedule):
        yield place("schedule", index, line.title), "lasts", line.lasts


def _of_item(spot: str, item: Item) -> Iterator[_Duration]:
    yield spot, "planned", item.planned
    if isinstance(item, Check):
        yield spot, "every", item.every
    else:
        yield spot, "timeout", item.timeout


def _not_negative(plan: Plan) -> Iterator[_Duration]:
    for each in items(plan):
        if isinstance(each.item, WaitUntil):
            yield each.place, "late_at_most", each.item.late_at_most
            yield each.place, "day", timedelta(days=each.item.day)
    yield "gate", "defer_at_most", plan.gate.defer_at_most
    for each in items(plan):
        if isinstance(each.item, Check):
            yield each.place, "patience", each.item.patience
    for spot, threshold in thresholds(plan):
        yield spot, "lasting", threshold.lasting
    for field in ("after", "after_rollback"):
        for index, duty in enumerate(getattr(plan, field)):
            yield place(field, index, duty.title), "due", duty.due
