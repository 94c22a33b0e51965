"""Faults of the decision matrix and of the rollback procedures that it calls for."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.kinds import Check, Checklist, Step, Undo
from slipway.plan import Plan, Procedure, Rule
from slipway.prove.places import Placed, items, place, production_steps, thresholds
from slipway.prove.wording import choose, listed
from slipway.words import Action, Severity


@dataclass(frozen=True)
class SeverityWithoutAction(Fault):
    """A severity that can occur, and nothing that follows from it."""

    severity: Severity
    used_by: tuple[str, ...]

    @property
    def what(self) -> str:
        more = f" and {len(self.used_by) - 1} more" if len(self.used_by) > 1 else ""
        return f"nothing follows from {self.severity}, the severity of {self.used_by[0]}{more}"

    @property
    def mend(self) -> str:
        return f"Add Rule(severity=Severity.{self.severity.name}, action=..., within=...)"


@dataclass(frozen=True)
class DuplicateRule(Fault):
    """Two rows of the matrix for the same case."""

    case: str
    taken_by: str

    @property
    def what(self) -> str:
        return f"{self.taken_by} already says what follows from {self.case}"

    @property
    def mend(self) -> str:
        return "Keep one of the two, or give it a scenario of its own"


@dataclass(frozen=True)
class UnknownProcedure(Fault):
    """A row of the matrix that names no rollback procedure."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'"{self.name}" is no rollback procedure'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "procedures")


@dataclass(frozen=True)
class NothingToUndo(Fault):
    """An action that rolls back, where no step in its reach can be undone."""

    action: Action
    reach: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it says "{self.action}", and none of the steps in its reach can be undone'

    @property
    def mend(self) -> str:
        return f"Give one of them an undo ({listed(self.reach)}), or choose an action that only alerts"


@dataclass(frozen=True)
class NoFlagToTurnOff(Fault):
    """An action that turns flags off in a plan that sets none."""

    @property
    def what(self) -> str:
        return f'it says "{Action.FLAGS_OFF}", and no production step sets a flag'

    @property
    def mend(self) -> str:
        return "Add a SetFlag step that can be undone, or choose another action"


@dataclass(frozen=True)
class ActionWithoutRestore(Fault):
    """An action that restores, without a procedure that does."""

    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it says "{Action.ROLL_BACK_AND_RESTORE}", and its procedure restores nothing'

    @property
    def mend(self) -> str:
        return f"Name a procedure with restore=...; those are {listed(self.valid)}"


@dataclass(frozen=True)
class UnknownStep(Fault):
    """A procedure that goes back to a step which production does not have."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it goes back to "{self.name}", which is no production step'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "steps")


@dataclass(frozen=True)
class RestoreWithoutBackup(Fault):
    """A restore that has no backup of this release to restore."""

    name: str
    valid: tuple[str, ...]
    makers: str = "production step"

    @property
    def what(self) -> str:
        return f'it restores the backup "{self.name}", which no {self.makers} makes'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "backups")


@dataclass(frozen=True)
class GraverUnknown(Fault):
    """Not to know would be worse than to have seen that something is wrong."""

    unknown: Severity
    failure: Severity

    @property
    def what(self) -> str:
        return f"on_unknown is {self.unknown}, graver than its on_failure {self.failure}"

    @property
    def mend(self) -> str:
        return "Give on_unknown the severity of on_failure or a milder one"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of the matrix and of the procedures."""
    plan = graph.plan
    yield from _severities(plan)
    taken: dict[tuple[Severity, str], str] = {}
    for index, rule in enumerate(plan.matrix.rules):
        spot = place("matrix.rules", index, rule.severity)
        case = (rule.severity, rule.scenario)
        if case in taken:
            yield DuplicateRule(spot, " ".join(filter(None, case)), taken[case])
        taken.setdefault(case, spot)
        yield from _rule(plan, spot, rule)
    for index, procedure in enumerate(plan.procedures):
        yield from _procedure(plan, place("procedures", index, procedure.name), procedure)
    yield from _restores(plan)
    yield from _unknowns(plan)


def _severities(plan: Plan) -> Iterator[Fault]:
    # A watch that a person marks failed is HIGH, whatever the thresholds say.
    users: dict[Severity, list[str]] = {Severity.HIGH: ["a watch that is marked failed"]}
    for spot, threshold in thresholds(plan):
        users.setdefault(threshold.severity, []).append(spot)
    for each in items(plan):
        users.setdefault(each.item.on_failure, []).append(each.place)
        if isinstance(each.item, Check | Checklist) and each.item.on_unknown:
            users.setdefault(each.item.on_unknown, []).append(each.place)
    users.setdefault(plan.watch.on_no_data, []).append("watch.on_no_data")
    users.setdefault(plan.watch.on_quiet, []).append("watch.on_quiet")
    given = {rule.severity for rule in plan.matrix.rules if not rule.scenario}
    for severity in Severity:
        if severity in users and severity not in given:
            yield SeverityWithoutAction("matrix", severity, tuple(users[severity]))


def _unknowns(plan: Plan) -> Iterator[Fault]:
    graver = list(Severity)
    for each in items(plan):
        unknown = each.item.on_unknown if isinstance(each.item, Check | Checklist) else None
        if unknown and graver.index(unknown) > graver.index(each.item.on_failure):
            yield GraverUnknown(each.place, unknown, each.item.on_failure)


def _rule(plan: Plan, spot: str, rule: Rule) -> Iterator[Fault]:
    procedures = {procedure.name: procedure for procedure in plan.procedures}
    procedure = procedures.get(rule.procedure)
    if rule.procedure and not procedure:
        yield UnknownProcedure(spot, rule.procedure, tuple(procedures))
    elif rule.action is Action.ROLL_BACK_AND_RESTORE and not (procedure and procedure.restore):
        yield ActionWithoutRestore(spot, tuple(p.name for p in plan.procedures if p.restore))
    if rule.action is Action.FLAGS_OFF and not _flags(plan):
        yield NoFlagToTurnOff(spot)
    # ASK counts too: no answer by its deadline is a rollback.
    if rule.action in (Action.ASK, Action.ROLL_BACK, Action.ROLL_BACK_AND_RESTORE):
        reach = _reach(plan, procedure.back_to if procedure else "")
        if reach and not any(_reversible(each) for each in reach):
            yield NothingToUndo(spot, rule.action, tuple(each.item.name for each in reach))


def _procedure(plan: Plan, spot: str, procedure: Procedure) -> Iterator[Fault]:
    steps = tuple(each.item.name for each in production_steps(plan))
    if procedure.back_to and procedure.back_to not in steps:
        yield UnknownStep(spot, procedure.back_to, steps)
    if procedure.restore:
        backup = str(getattr(procedure.restore, "backup", ""))
        backups = tuple(step.name for step in plan.on_production if step.backs_up)
        if backup not in backups:
            yield RestoreWithoutBackup(spot, backup, backups)


def _restores(plan: Plan) -> Iterator[Fault]:
    """Yield restores that stand as ordinary steps with no backup before them."""
    for field, steps in (("on_staging", plan.on_staging), ("on_production", plan.on_production)):
        before: list[str] = []
        for index, step in enumerate(steps):
            backup = str(getattr(step, "backup", ""))
            if hasattr(step, "backup") and backup not in before:
                yield RestoreWithoutBackup(
                    place(field, index, step.name), backup, tuple(before), "step before it"
                )
            if step.backs_up:
                before.append(step.name)


def _flags(plan: Plan) -> list[Placed]:
    return [
        e for e in production_steps(plan) if isinstance(e.item, Step) and e.item.sets_flag and _reversible(e)
    ]


def _reversible(each: Placed) -> bool:
    return isinstance(each.item, Step) and each.item.undoing().undo is Undo.REVERSIBLE


def _reach(plan: Plan, back_to: str) -> list[Placed]:
    """Return the production steps from `back_to` on; all of them if it names none."""
    steps = production_steps(plan)
    names = [each.item.name for each in steps]
    return steps[names.index(back_to) :] if back_to in names else steps
