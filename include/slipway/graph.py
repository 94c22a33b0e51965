"""A release graph: a plan as typed nodes and edges, before anything of Airflow is made of it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from slipway.environment import Environment
from slipway.kinds import Check, Checklist, Step
from slipway.plan import Approval, Notice, Plan
from slipway.watching import Watch
from slipway.words import Phase

START = "start"
VERDICT = "verdict"
ASK = "ask"
WATCH_WHILE_ASKING = "watch_meanwhile"
CLOSE_THE_QUESTION = "close_the_question"
ANSWER = "answer"
OUTCOME = "outcome"
CHECK_CONNECTIONS = f"{Phase.PREFLIGHT}.check_connections"
CLOSE_THE_OTHERS = f"{Phase.GATE}.close_the_others"
DECISION = f"{Phase.GATE}.decision"
STRATEGY = f"{Phase.ROLLOUT}.strategy"
WATCH = f"{Phase.WATCH}.watch_production"
ROLLBACK_START = f"{Phase.ROLLBACK}.start"
ROLLBACK_FINISH = f"{Phase.ROLLBACK}.finish"
COMPLETE = f"{Phase.CLOSEOUT}.complete"
STOP_SHORT = f"{Phase.CLOSEOUT}.stop_short"
HOLD = f"{Phase.CLOSEOUT}.hold"
REPORT = f"{Phase.CLOSEOUT}.report"


class Kind(StrEnum):
    """What a node does; the DAG builder has one operator for each."""

    START = "start"
    CONNECTIONS = "connections"
    CHECK = "check"
    CHECKLIST = "checklist"
    STEP = "step"
    GATE = "gate"
    CLOSE_THE_OTHERS = "close the others"
    DECISION = "decision"
    STRATEGY = "strategy"
    WATCH = "watch"
    VERDICT = "verdict"
    ASK = "ask"
    ANSWER = "answer"
    ROLLBACK_START = "rollback start"
    UNDO = "undo"
    RESTORE = "restore"
    ROLLBACK_FINISH = "rollback finish"
    COMPLETE = "complete"
    STOP_SHORT = "stop short"
    HOLD = "hold"
    TELL = "tell"
    TELL_OF_BREACHES = "tell of breaches"
    TELL_THE_OUTCOME = "tell the outcome"
    TELL_ON_A_DAY = "tell on a day"
    REMIND = "remind"
    REPORT = "report"
    OUTCOME = "outcome"


TELLING = (Kind.TELL, Kind.TELL_OF_BREACHES, Kind.TELL_THE_OUTCOME, Kind.TELL_ON_A_DAY, Kind.REMIND)


class When(StrEnum):
    """When a node runs, seen from its upstream nodes (Airflow's trigger rules by their values)."""

    ALL_SUCCEEDED = "all_success"
    ALL_DONE = "all_done"
    ONE_FAILED = "one_failed"
    NONE_SKIPPED = "none_skipped"
    # With plain none_failed a healthy release would run its undo chain: a skipped start counts as not failed.
    STARTED_AND_NONE_FAILED = "none_failed_min_one_success"


def undo_of(task_id: str) -> str:
    """Return the id of the task that undoes a step of production, e.g. "rollback.undo_deploy"."""
    return f"{Phase.ROLLBACK}.undo_{task_id.partition('.')[2].replace('.', '_')}"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One task.

    :param item: what the plan says it is: a step, check, checklist, approval or watch
    :param undoes: for an undo, the task id of the step that it undoes
    :param beside: for a watch, the questions to people, or the wait, with whose end it ends; for what closes
        these, they and their watch
    :param stage: for a rollout task, its stage (a task group inside the phase)
    :param notices: what it tells people
    """

    task_id: str
    kind: Kind
    title: str
    phase: Phase | None = None
    when: When = When.ALL_SUCCEEDED
    environment: Environment | None = None
    item: Step | Check | Checklist | Approval | Watch | None = None
    undoes: str = ""
    beside: tuple[str, ...] = ()
    stage: str = ""
    planned: timedelta | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Edge:
    before: str
    after: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class ReleaseGraph:
    """A plan as nodes in the order in which they may run, and edges."""

    plan: Plan
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, task_id: str) -> Node:
        """Return a node; KeyError if there is none."""
        return {node.task_id: node for node in self.nodes}[task_id]

    def of_phase(self, *phases: Phase) -> tuple[Node, ...]:
        """Return the nodes of these phases, in order."""
        return tuple(node for node in self.nodes if node.phase in phases)

    def of_kind(self, *kinds: Kind) -> tuple[Node, ...]:
        """Return the nodes of these kinds, in order."""
        return tuple(node for node in self.nodes if node.kind in kinds)

    def before(self) -> dict[str, list[str]]:
        """Return the task ids right before each task."""
        before = defaultdict[str, list[str]](list, {node.task_id: [] for node in self.nodes})
        for edge in self.edges:
            before[edge.after].append(edge.before)
        return before

    def after(self) -> dict[str, list[str]]:
        """Return the task ids right after each task."""
        after = defaultdict[str, list[str]](list, {node.task_id: [] for node in self.nodes})
        for edge in self.edges:
            after[edge.before].append(edge.after)
        return after

    def production_steps(self) -> tuple[Node, ...]:
        """Return the nodes that change production, in the order in which they run."""
        phases = (Phase.PRODUCTION, Phase.ROLLOUT)
        return tuple(node for node in self.of_phase(*phases) if node.kind is Kind.STEP)
