"""Faults of consequences: a breach after which the release would go on as if it were healthy."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.plan import Plan
from slipway.words import Action, Severity


@dataclass(frozen=True)
class MatrixStopsNothing(Fault):
    """A matrix whose every row lets the release go on."""

    @property
    def what(self) -> str:
        return "none of its rows asks a person or undoes anything, so no breach would stop a release"

    @property
    def mend(self) -> str:
        return "Give CRITICAL at least ASK, FLAGS_OFF, ROLL_BACK or ROLL_BACK_AND_RESTORE"


@dataclass(frozen=True)
class WatchOnlyAlerts(Fault):
    """A watch that would end healthy whatever it sees."""

    severities: tuple[Severity, ...]

    @property
    def what(self) -> str:
        rows = ", ".join(self.severities)
        return f"no row of its severities ({rows}) asks or undoes, so the watch would always end healthy"

    @property
    def mend(self) -> str:
        return "Give one of the thresholds a severity whose row asks a person or undoes"


@dataclass(frozen=True)
class NoDataPasses(Fault):
    """A watch that would end healthy without having seen anything."""

    severity: Severity
    action: Action

    @property
    def what(self) -> str:
        return f'from {self.severity} follows "{self.action}", so a watch without data would end healthy'

    @property
    def mend(self) -> str:
        return "Choose a severity whose row asks a person or undoes"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of what follows from a breach."""
    plan = graph.plan
    rules = plan.matrix.rules
    if rules and not any(rule.action.ends_the_watch for rule in rules):
        yield MatrixStopsNothing("matrix")
    deciding = [each for each in plan.watch.thresholds if not each.observe_only]
    if deciding and all(_goes_on(plan, each.severity, each.scenario) for each in deciding):
        severities = dict.fromkeys(each.severity for each in deciding)
        yield WatchOnlyAlerts("watch.thresholds", tuple(severities))
    if action := _goes_on(plan, plan.watch.on_no_data):
        yield NoDataPasses("watch.on_no_data", plan.watch.on_no_data, action)


def _goes_on(plan: Plan, severity: Severity, scenario: str = "") -> Action | None:
    """Return the action if it lets the release go on; a severity without a row is matrix.py's fault."""
    try:
        action = plan.matrix.rule_for(severity, scenario).action
    except KeyError:
        return None
    return None if action.ends_the_watch else action
