"""What has happened in a release so far, as plain values; verdict and outcome are functions of these."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slipway.graph import STRATEGY, Kind, Node, ReleaseGraph
from slipway.kinds import Step, Undo
from slipway.run import Json
from slipway.words import Action, Intent, Phase, Severity

_FORWARD = (Phase.PRODUCTION, Phase.VERIFICATION, Phase.ROLLOUT, Phase.WATCH)
ONWARD = (Phase.PREFLIGHT, Phase.STAGING, Phase.VALIDATION, Phase.GATE, *_FORWARD)  # the way of a release
NOT_REACHED = frozenset({"", "none", "skipped", "upstream_failed", "removed", "scheduled", "queued"})


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Something that went wrong, with how bad it is.

    :param scenario: the row of the decision matrix that it asks for, "" for the severity's own
    :param least: the mildest action that may follow, whatever the matrix says
    :param restores: whether it may bring a backup back; if not, a row that restores only rolls back, as far
        as HIGH does
    """

    severity: Severity
    reason: str
    scenario: str = ""
    least: Action = Action.ASK  # the release stopped where it is, so even a mild breach wants an answer
    restores: bool = True

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Breach":
        """Read a breach as the watch leaves it in its XCom."""
        return cls(
            severity=Severity(value["severity"]), reason=value["reason"], scenario=value.get("scenario", "")
        )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Task states and what tasks returned.

    :param states: Airflow's state of each task, "" or absent where it has none
    :param returned: the XCom return_value of each task that has one
    :param failures: why each step failed that says so, by task id
    :param damage: the failed steps of which a try saw damage
    :param marked: failed checks and checklists that a person marked so, whatever they had found but a FAIL
    :param breaches: what each watch left under the XCom key "breaches", by task id
    :param acted: steps that left a trace of having acted although they have no such state (any more): a
        step that was cleared is forgotten by its state, not by production
    :param backup_age: how long ago the oldest backup of production was begun, None if there is none
    :param earlier: for `intent=roll_back`, the evidence of the release that is undone, by task id
    """

    intent: Intent = Intent.RELEASE
    procedure: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    returned: Mapping[str, Json] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    damage: Container[str] = frozenset()
    marked: Container[str] = frozenset()
    breaches: Mapping[str, Sequence[Breach]] = field(default_factory=dict)
    acted: Container[str] = frozenset()
    backup_age: timedelta | None = None
    earlier: Mapping[str, Json] = field(default_factory=dict)

    def state(self, task_id: str) -> str:
        """Return the state of a task, "" if it has none."""
        return self.states.get(task_id) or ""

    def succeeded(self, task_id: str) -> bool:
        """Whether Airflow says that the task succeeded; a person may have marked it so."""
        return self.state(task_id) == "success"

    def proved(self, task_id: str) -> bool:
        """Whether the task succeeded and left what it returns, so that it really ran to its end."""
        return self.succeeded(task_id) and self.returned.get(task_id) is not None

    def reached(self, task_id: str) -> bool:
        """Whether the task ran or may have run."""
        return self.state(task_id) not in NOT_REACHED

    def may_have_run(self, task_id: str) -> bool:
        """Whether a production step ran or may have run, in the release that this may roll back."""
        if self.intent is Intent.ROLL_BACK:
            return task_id in self.earlier
        return self.reached(task_id) or task_id in self.acted


def steps_that_ran(graph: ReleaseGraph, facts: Facts) -> tuple[Node, ...]:
    """Return the production steps that ran or may have run, in order."""
    return tuple(node for node in graph.production_steps() if facts.may_have_run(node.task_id))


def untouched(graph: ReleaseGraph, facts: Facts) -> bool:
    """Say whether production is as it was although steps may have run there: those that leave nothing.

    Only where the plan changes something later on; a plan that changes nothing at all is judged like another.
    """
    changing = {node.task_id for node in graph.production_steps() if changes(node)}
    return bool(changing) and not any(node.task_id in changing for node in steps_that_ran(graph, facts))


def changes(node: Node) -> bool:
    """Say whether a step leaves something to undo, or something that nobody can undo."""
    assert isinstance(node.item, Step)
    return node.item.undoing().undo is not Undo.NOTHING


def cut_off(graph: ReleaseGraph, facts: Facts) -> frozenset[str]:
    """Return the tasks that were not reached because something before them failed."""
    gone: set[str] = set()
    before = graph.before()
    for node in graph.nodes:
        waits = node.phase in ONWARD and node.kind is not Kind.CLOSE_THE_OTHERS
        if waits and not facts.reached(node.task_id):
            failed = (each in gone or facts.state(each) == "failed" for each in before[node.task_id])
            gone |= {node.task_id} if any(failed) else set()
    return frozenset(gone)


def proofs_before(graph: ReleaseGraph, node: Node) -> tuple[Node, ...]:
    """Return the steps and checks that must have proved themselves before this production step acts."""
    steps_only = node.phase is Phase.PRODUCTION
    phases = (Phase.PRODUCTION,) if steps_only else (Phase.PRODUCTION, Phase.VERIFICATION)
    before = graph.nodes[: graph.nodes.index(node)]
    return tuple(n for n in before if n.phase in phases and n.kind in (Kind.STEP, Kind.CHECK))


def is_of_strategy(graph: ReleaseGraph, node: Node, strategy: Json) -> bool:
    """Say whether a step belongs to the chosen strategy; one outside the rollout belongs to each."""
    return not node.stage or node.stage in _stages_of(graph, strategy)


def expected(graph: ReleaseGraph, facts: Facts) -> tuple[Node, ...]:
    """Return the nodes from production to the watch that this release should go through.

    Rollout stages of the strategies that were not chosen are left out.
    """
    kinds = (Kind.STEP, Kind.CHECK, Kind.CHECKLIST, Kind.WATCH)
    forward = [node for node in graph.of_kind(*kinds) if node.phase in _FORWARD]
    strategy = facts.returned.get(STRATEGY)
    return tuple(node for node in forward if is_of_strategy(graph, node, strategy))


def _stages_of(graph: ReleaseGraph, strategy: Json) -> set[str]:
    chosen = [rollout for rollout in graph.plan.strategies if rollout.strategy == strategy]
    return {stage.name for rollout in chosen for stage in rollout.stages}
