"""Faults of verification: a deployment or a rollback that nobody looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.checks.version_served import Expected, VersionServed
from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.prove.places import place
from slipway.words import Action


@dataclass(frozen=True)
class NoVerification(Fault):
    """A plan that does not look at what it deployed."""

    @property
    def what(self) -> str:
        return "there is no check, so nothing would prove that the release works in production"

    @property
    def mend(self) -> str:
        return "Add the checks that tell it, e.g. HttpCheck and VersionServed"


@dataclass(frozen=True)
class NoRollbackVerification(Fault):
    """A plan that does not look at what a rollback left."""

    @property
    def what(self) -> str:
        return "there is no check, so nothing would prove that a rollback brought back what was before"

    @property
    def mend(self) -> str:
        return "Add the checks that tell it, e.g. VersionServed(expects=Expected.BEFORE, noted_by=...)"


@dataclass(frozen=True)
class ForgetsWhatStays(Fault):
    """A check that wants the version before, in a plan that may turn flags off and keep the deployment."""

    @property
    def what(self) -> str:
        return "it wants the version before, and a breach that only turns flags off keeps what was deployed"

    @property
    def mend(self) -> str:
        return 'Name the step that deployed: deployed_by="production.<step>"'


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of verification."""
    plan = graph.plan
    if not plan.verify:
        yield NoVerification("verify")
    if not plan.verify_rollback:
        yield NoRollbackVerification("verify_rollback")
    if any(rule.action is Action.FLAGS_OFF for rule in plan.matrix.rules):
        for number, check in enumerate(plan.verify_rollback):
            if not isinstance(check, VersionServed) or check.expects is not Expected.BEFORE:
                continue
            if not check.deployed_by:
                yield ForgetsWhatStays(place("verify_rollback", number, check.name))
