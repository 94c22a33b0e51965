"""Faults of the gate: nobody asked, nobody named, or a decision without evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.plan import Approval, Plan
from slipway.prove.places import items, place
from slipway.prove.wording import choose, listed
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
class TooFewPeople(Fault):
    """Approvals that cannot all be given, since each needs a person of its own."""

    approvals: int
    people: tuple[str, ...]

    @property
    def what(self) -> str:
        people = listed(self.people)
        return f"the {self.approvals} approvals need a person each, and {people} cannot give them all"

    @property
    def mend(self) -> str:
        return "Name further people, so that every approval can be given by another one"


@dataclass(frozen=True)
class NoCriterion(Fault):
    """A gate that shows no ground to decide on."""

    @property
    def what(self) -> str:
        return "the gate has no criterion, so whoever decides would be shown no evidence"

    @property
    def mend(self) -> str:
        return "Add Criterion(text=..., checks=[...]) for each condition of a GO"


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
    if all(approval.people for approval in gate.approvals) and not _enough_people(gate.approvals):
        people = dict.fromkeys(person for approval in gate.approvals for person in approval.people)
        yield TooFewPeople("gate.approvals", len(gate.approvals), tuple(people))
    yield from _criteria(graph.plan)


def _criteria(plan: Plan) -> Iterator[Fault]:
    if not plan.gate.criteria:
        yield NoCriterion("gate.criteria")
    shown = _before_the_gate(plan)
    for index, criterion in enumerate(plan.gate.criteria):
        spot = place("gate.criteria", index, criterion.text)
        if not criterion.checks:
            yield CriterionWithoutCheck(spot)
        yield from (UnknownCheck(spot, name, shown) for name in criterion.checks if name not in shown)


def _enough_people(approvals: Sequence[Approval]) -> bool:
    """Say whether every approval can have a person of its own (Hall's theorem: look at every group)."""
    groups = (group for size in range(1, len(approvals) + 1) for group in combinations(approvals, size))
    return all(len({person for each in group for person in each.people}) >= len(group) for group in groups)


def _before_the_gate(plan: Plan) -> tuple[str, ...]:
    phases = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION)
    return tuple(dict.fromkeys(each.item.name for each in items(plan) if each.phase in phases))
