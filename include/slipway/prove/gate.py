"""Faults of the gate: nobody asked, nobody named, or a criterion without evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.plan import Plan
from slipway.prove.places import items, place
from slipway.prove.wording import choose
from slipway.words import Phase


@dataclass(frozen=True)
class NoApproval(Fault):
    """A gate that asks nobody."""

    @property
    def what(self) -> str:
        return "the gate asks nobody, so nothing stands between staging and production"

    @property
    def mend(self) -> str:
        return "Add at least one Approval with its role and its people"


@dataclass(frozen=True)
class NobodyMayApprove(Fault):
    """An approval that no person can give."""

    role: str

    @property
    def what(self) -> str:
        return f'nobody may approve as "{self.role}"'

    @property
    def mend(self) -> str:
        return "List the Airflow user names in people=[...]"


@dataclass(frozen=True)
class CriterionWithoutCheck(Fault):
    """A condition of the go decision without evidence."""

    @property
    def what(self) -> str:
        return "this criterion names no check, so no evidence would be shown beside it"

    @property
    def mend(self) -> str:
        return "Name the checks, checklists or staging steps that show it in checks=[...]"


@dataclass(frozen=True)
class UnknownCheck(Fault):
    """A criterion that names a check which does not run before the gate."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'"{self.name}" is no check, checklist or staging step before the gate'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "names")


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the gate."""
    gate = graph.plan.gate
    if not gate.approvals:
        yield NoApproval("gate.approvals")
    for index, approval in enumerate(gate.approvals):
        if not [person for person in approval.people if person.strip()]:
            yield NobodyMayApprove(place("gate.approvals", index, approval.role), approval.role)
    shown = _before_the_gate(graph.plan)
    for index, criterion in enumerate(gate.criteria):
        spot = place("gate.criteria", index, criterion.text)
        if not criterion.checks:
            yield CriterionWithoutCheck(spot)
        yield from (UnknownCheck(spot, name, shown) for name in criterion.checks if name not in shown)


def _before_the_gate(plan: Plan) -> tuple[str, ...]:
    phases = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION)
    return tuple(dict.fromkeys(each.item.name for each in items(plan) if each.phase in phases))
