"""Faults of names: unusable, used twice, or naming nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slipway.errors import Fault
from slipway.graph import Kind, ReleaseGraph
from slipway.kinds import Check, ReleasingStep
from slipway.plan import Plan
from slipway.prove.places import items, place, stages
from slipway.prove.wording import choose, listed
from slipway.words import Phase

STANDARD_PARAMETERS = ("version", "intent", "strategy", "procedure", "pace", "break_glass")
# Fields of steps and checks that hold the id of a task whose evidence they read.
REFERENCES = ("since", "taken_by", "noted_by", "deployed_by", "baseline")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class UnusableName(Fault):
    """A name that cannot become a task id."""

    name: str

    @property
    def what(self) -> str:
        return f'"{self.name}" cannot be a name in Airflow and in a file'

    @property
    def mend(self) -> str:
        usable = "_".join(re.findall(r"[a-z0-9]+", self.name.lower())).lstrip("0123456789_")
        hint = f', e.g. "{usable}"' if usable else ""
        return f"Write it in lower case with underscores, a letter first{hint}"


@dataclass(frozen=True)
class DuplicateName(Fault):
    """A name that something else of the same kind already has."""

    name: str
    taken_by: str

    @property
    def what(self) -> str:
        return f'the name "{self.name}" is already taken by {self.taken_by}'

    @property
    def mend(self) -> str:
        return "Give one of the two another name"


@dataclass(frozen=True)
class UnknownEnvironment(Fault):
    """A check that wants to look at an environment that no plan has."""

    name: str

    @property
    def what(self) -> str:
        return f'it looks at "{self.name}", which is no environment'

    @property
    def mend(self) -> str:
        return choose(self.name, ("staging", "production"), "environments")


@dataclass(frozen=True)
class TakenParameter(Fault):
    """A parameter with the name of one that every release has."""

    name: str

    @property
    def what(self) -> str:
        return f'every release already has a parameter "{self.name}"'

    @property
    def mend(self) -> str:
        return f"Choose a name other than {listed(STANDARD_PARAMETERS)}"


@dataclass(frozen=True)
class UnknownParameter(Fault):
    """A check that reads a run parameter which the plan does not have."""

    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it reads the parameter "{self.name}", which nobody could give'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "parameters")


@dataclass(frozen=True)
class UnknownTask(Fault):
    """A step or check that reads what a task left which does not run before it."""

    field: str
    name: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'{self.field} is "{self.name}", and no such task runs before it'

    @property
    def mend(self) -> str:
        return choose(self.name, self.valid, "tasks")


@dataclass(frozen=True)
class NeverTried(Fault):
    """A step that releases what a step on staging tried, where none of that name proves it."""

    name: str
    takes: str
    valid: tuple[str, ...]

    @property
    def what(self) -> str:
        return (
            f'it takes the {self.takes} that the step "{self.name}" tried on staging, and no step there has '
            "this name and proves one: nothing would hold what goes out against what was tried"
        )

    @property
    def mend(self) -> str:
        return f"Name that step in tried_by. {choose(self.name, self.valid, 'steps')}"


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of names."""
    plan = graph.plan
    for spot, name in _names(plan):
        if not _NAME.fullmatch(name):
            yield UnusableName(spot, name)
    for group in _groups(graph):
        taken: dict[str, str] = {}
        for spot, name in group:
            if name in taken:
                yield DuplicateName(spot, name, taken[name])
            taken.setdefault(name, spot)
    yield from _of_checks(plan)
    yield from _references(plan)
    for spot, name in _parameters(plan):
        if name in STANDARD_PARAMETERS:
            yield TakenParameter(spot, name)


def _of_checks(plan: Plan) -> Iterator[Fault]:
    known = (*(parameter.name for parameter in plan.parameters), *STANDARD_PARAMETERS)
    for each in items(plan):
        if not isinstance(each.item, Check):
            continue
        if each.item.on not in ("", "staging", "production"):
            yield UnknownEnvironment(each.place, each.item.on)
        for name in each.item.asks_for:
            if name not in known:
                yield UnknownParameter(each.place, name, known)


def _references(plan: Plan) -> Iterator[Fault]:
    """Yield references to the evidence of a task that is not there, or comes later."""
    before: list[str] = []
    for each in items(plan):
        for field in REFERENCES:
            name = getattr(each.item, field, "")
            if name and name not in before:
                yield UnknownTask(each.place, field, name, tuple(before))
        before.append(each.task_id)
    # Only these leave what can be held against what goes out.
    releasing = [(each, each.item) for each in items(plan) if isinstance(each.item, ReleasingStep)]
    for each, step in releasing:
        tried = {
            other.task_id: other.item.name
            for other, its in releasing
            if other.phase is Phase.STAGING and its.takes == step.takes
        }
        if each.phase is not Phase.STAGING and step.tried_in not in tried:
            yield NeverTried(each.place, step.tried_by or step.name, step.takes, tuple(tried.values()))


def _names(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield everything that becomes a task id, a parameter or a key."""
    yield "name", plan.name
    yield from ((each.place, each.item.name) for each in items(plan))
    yield from ((spot, stage.name) for spot, stage in stages(plan))
    groups = (_parameters, _metrics, _procedures, _strategies, _notices)
    for group in groups:
        yield from group(plan)


def _groups(graph: ReleaseGraph) -> Iterator[list[tuple[str, str]]]:
    """Yield groups of places with names, each name unique within its group."""
    plan = graph.plan
    own = [("every release", node.task_id) for node in graph.nodes if node.item is None or node.beside]
    # The gate finds a criterion's evidence by the bare name, so it may stand only once before the gate.
    early = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION)
    yield [(each.place, each.item.name) for each in items(plan) if each.phase in early]
    soaks = [(spot, f"rollout.{stage.name}.soak") for spot, stage in stages(plan)]
    back = dict.fromkeys((n.undoes, n.task_id) for n in graph.of_kind(Kind.UNDO, Kind.RESTORE))
    undos = [(f"the undo of {undone}", task_id) for undone, task_id in back]
    yield [*own, *soaks, *undos, *((each.place, each.task_id) for each in items(plan))]
    yield [("every release", "strategy"), *((spot, stage.name) for spot, stage in stages(plan))]
    yield from (_parameters(plan), _metrics(plan), _procedures(plan), _strategies(plan), _roles(plan))
    yield _notices(plan)


def _parameters(plan: Plan) -> list[tuple[str, str]]:
    return [(place("parameters", n, each.name), each.name) for n, each in enumerate(plan.parameters)]


def _metrics(plan: Plan) -> list[tuple[str, str]]:
    return [(place("watch.metrics", n, each.name), each.name) for n, each in enumerate(plan.watch.metrics)]


def _procedures(plan: Plan) -> list[tuple[str, str]]:
    return [(place("procedures", n, each.name), each.name) for n, each in enumerate(plan.procedures)]


def _strategies(plan: Plan) -> list[tuple[str, str]]:
    return [(place("strategies", n, each.strategy), each.strategy) for n, each in enumerate(plan.strategies)]


def _notices(plan: Plan) -> list[tuple[str, str]]:
    return [(place("notices", n, each.name), each.name) for n, each in enumerate(plan.notices)]


def _roles(plan: Plan) -> list[tuple[str, str]]:
    roles = enumerate(plan.gate.approvals)
    return [(place("gate.approvals", n, each.role), each.role.strip().lower()) for n, each in roles]
