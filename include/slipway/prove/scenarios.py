"""Faults of scenarios: one that has no row in the decision matrix, and a row that none chooses."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.kinds import Check, Step
from slipway.plan import Plan
from slipway.prove.places import Placed, items, place, production_steps, thresholds
from slipway.prove.wording import choose
from slipway.steps.run_check import RunCheck
from slipway.verdict import severity_unknown
from slipway.words import Phase, Severity


@dataclass(frozen=True)
class UnknownScenario(Fault):
    """A threshold, a step or a check that names a scenario without a row in the matrix."""

    name: str
    severity: Severity
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'the matrix has no row for {self.severity} in the scenario "{self.name}"'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "scenarios")


@dataclass(frozen=True)
class UnusedScenario(Fault):
    """A row of the matrix for a scenario in which no breach can be."""

    name: str
    severity: Severity

    @property
    def what(self) -> str:
        return f'nothing of {self.severity} names the scenario "{self.name}", so this row is never chosen'

    @property
    def mend(self) -> str:
        return (
            f'Name it (scenario="{self.name}") on a threshold, production step or check, or leave the row out'
        )


@dataclass(frozen=True)
class IdleScenario(Fault):
    """A check that names a scenario where its answer picks no row of the matrix."""

    name: str

    @property
    def what(self) -> str:
        return f'its scenario "{self.name}" picks nothing here'

    @property
    def mend(self) -> str:
        return (
            "Only a check that blocks after production has one; give it to a RunCheck itself, or leave it out"
        )


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of scenarios."""
    rules = graph.plan.matrix.rules
    named = list(_named(graph.plan))
    for spot, severity, name, _ in named:
        rows = [rule.scenario for rule in rules if rule.severity is severity]
        if name not in rows:
            yield UnknownScenario(spot, name, severity, tuple(filter(None, rows)))
    yield from _idle(graph.plan)
    chosen = {(severity, name) for _, severity, name, decides in named if decides} | _by_no_answer(graph.plan)
    for index, rule in enumerate(rules):
        if rule.scenario and (rule.severity, rule.scenario) not in chosen:
            spot = place("matrix.rules", index, rule.severity)
            yield UnusedScenario(spot, rule.scenario, rule.severity)


def _named(plan: Plan) -> Iterator[tuple[str, Severity, str, bool]]:
    """Yield each place that names a scenario, with its severity and whether it decides anything."""
    for spot, threshold in thresholds(plan):
        if threshold.scenario:
            yield spot, threshold.severity, threshold.scenario, not threshold.observe_only
    for each in production_steps(plan):
        assert isinstance(each.item, Step)
        if each.item.scenario:
            yield each.place, each.item.on_failure, each.item.scenario, True
    for each in items(plan):
        if isinstance(each.item, Check) and each.item.scenario and _decides(each):
            yield each.place, each.item.on_failure, each.item.scenario, True


def _idle(plan: Plan) -> Iterator[Fault]:
    for each in items(plan):
        check = each.item.check if isinstance(each.item, RunCheck) else each.item
        decides = check is each.item and isinstance(check, Check) and _decides(each)
        if isinstance(check, Check) and check.scenario and not decides:
            yield IdleScenario(each.place, check.scenario)


def _by_no_answer(plan: Plan) -> set[tuple[Severity, str]]:
    """Return what checks without an answer choose, if the matrix has such a row."""
    checks = [each.item for each in items(plan) if isinstance(each.item, Check) and _decides(each)]
    return {(severity_unknown(check), check.scenario) for check in checks}


def _decides(placed: Placed) -> bool:
    assert isinstance(placed.item, Check)
    return placed.phase in (Phase.VERIFICATION, Phase.ROLLOUT) and placed.item.blocking
