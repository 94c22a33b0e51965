"""Faults of environments: a staging that is production, so that the rehearsal would be the release."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph

# What a step changes. The source repository, the place for backups and the probe may be shared.
CHANGED = ("database", "service", "host")


@dataclass(frozen=True)
class SameEnvironment(Fault):
    """Staging and production with one name, so that they share the lease and the ledger's records."""

    label: str

    @property
    def what(self) -> str:
        return f'staging and production are both "{self.label}"'

    @property
    def mend(self) -> str:
        return 'Give each its own name=..., "staging" and "production"'


@dataclass(frozen=True)
class SharedConnection(Fault):
    """A connection through which work on staging would change production."""

    role: str
    conn_id: str

    @property
    def what(self) -> str:
        return (
            f'its {self.role} connection "{self.conn_id}" is that of staging, so a rehearsal would change it'
        )

    @property
    def mend(self) -> str:
        return f"Give each environment a {self.role} connection of its own"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the two environments."""
    staging, production = graph.plan.staging, graph.plan.production
    if staging.label == production.label:
        yield SameEnvironment("production", production.label)
    for role in CHANGED:
        conn_id = production.connection(role)
        if conn_id and conn_id == staging.connection(role):
            yield SharedConnection("production", role, conn_id)
