"""Faults of verification: a deployment or a rollback that nobody looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph


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


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of verification."""
    if not graph.plan.verify:
        yield NoVerification("verify")
    if not graph.plan.verify_rollback:
        yield NoRollbackVerification("verify_rollback")
