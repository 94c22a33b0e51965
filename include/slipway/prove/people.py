"""Faults of what people are asked to tick and to do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.kinds import Checklist
from slipway.prove.places import items


@dataclass(frozen=True)
class NothingToTick(Fault):
    """A checklist without items, or with an empty one: it would be green without anybody having looked."""

    @property
    def what(self) -> str:
        return "it has no item, or one without a text, so that to tick it says nothing"

    @property
    def mend(self) -> str:
        return "Say in items=[...] what a person must have seen"


@dataclass(frozen=True)
class TickedTwice(Fault):
    """A checklist with the same item twice, of which the form would show one."""

    item: str

    @property
    def what(self) -> str:
        return f'"{self.item}" stands in it twice'

    @property
    def mend(self) -> str:
        return "Leave one out, or say what is different"


@dataclass(frozen=True)
class DutyWithoutTitle(Fault):
    """A duty that does not say what is to be done."""

    @property
    def what(self) -> str:
        return "it has no title, so nobody knows what to do"

    @property
    def mend(self) -> str:
        return "Say in title what is to be done"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of checklists and duties."""
    for each in items(graph.plan):
        if isinstance(each.item, Checklist):
            yield from _of_checklist(each.place, each.item)
    for field in ("after", "after_rollback"):
        for index, duty in enumerate(getattr(graph.plan, field)):
            if not duty.title.strip():
                yield DutyWithoutTitle(f"{field}[{index}]")


def _of_checklist(spot: str, checklist: Checklist) -> Iterator[Fault]:
    if not checklist.items or not all(item.strip() for item in checklist.items):
        yield NothingToTick(spot)
    for item, times in Counter(checklist.items).items():
        if times > 1 and item.strip():
            yield TickedTwice(spot, item)
