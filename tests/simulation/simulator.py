"""Drives Airflow's own scheduling decisions over a whole release, with task states set by hand.

`DagRun.update_state` decides what may run and what is skipped; the pure functions of Slipway decide which
branch is taken. What a task would have done is told by a `Script`: by default every task succeeds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.ti_deps.dep_context import DepContext
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select
from sqlalchemy.orm import Session

from slipway.airflow.branch import cut_off_by, skipped_with
from slipway.airflow.build import closed_as, first_tasks
from slipway.airflow.flow import too_on_the_way
from slipway.airflow.gather import OVERTAKEN
from slipway.facts import ONWARD, Breach, Facts, is_of_strategy, proofs_before
from slipway.gate.criteria import evidence_tasks, unproved
from slipway.graph import (
    ANSWER,
    ASK,
    CHECK_CONNECTIONS,
    COMPLETE,
    DECISION,
    HOLD,
    OUTCOME,
    ROLLBACK_START,
    STOP_SHORT,
    STRATEGY,
    VERDICT,
    WATCH_WHILE_ASKING,
    Kind,
    Node,
    ReleaseGraph,
)
from slipway.outcome import ending_of
from slipway.run import Json
from slipway.telling import beside_the_way
from slipway.undoing import Fate, overtaken, way_of
from slipway.verdict import Branch, Verdict, judge
from slipway.words import GateAnswer, Intent, Outcome, Phase, Severity

PROOF = {"commit": "abc123", "package_sha256": "5ec0"}
EVIDENCE = {"before": {}, "after": {}, "proof": PROOF, "changed": True, "summary": "done"}
FINDING = {"answer": "PASS", "summary": "fine", "evidence": {}}
WAYS = {
    Branch.COMPLETE: COMPLETE,
    Branch.ASK: ASK,
    Branch.ROLL_BACK: ROLLBACK_START,
    Branch.STOP_SHORT: STOP_SHORT,
}
PEOPLE = (Kind.GATE, Kind.CHECKLIST, Kind.ASK)


class Happens(StrEnum):
    """What happens to a task instead of its success."""

    FAILS = "fails"
    MARKED_SUCCESS = "is marked success without running"
    MARKED_FAILED = "is marked failed without running"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What happens in a release, besides all going well.

    :param faults: by task id
    :param breach: what the watch leaves when it fails by its own measuring; None if a person marked it
    :param meanwhile: the same of a watch that stands beside questions
    :param fix_forward: what a person answers when asked
    """

    faults: Mapping[str, Happens] = field(default_factory=dict)
    intent: Intent = Intent.RELEASE
    strategy: str = ""
    breach: Severity | None = None
    meanwhile: Severity | None = None
    fix_forward: bool = False
    earlier: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All that has happened in a release when a task may run."""

    states: dict[str, str]
    returned: dict[str, Json]
    breaches: dict[str, list[Breach]]
    ran: tuple[str, ...]


@dataclass(kw_only=True)
class Release:
    """A simulated release: states and XComs at the end, and the tasks in the order in which they ran.

    :param moments: when each task might run, from which a release with a fault there can go on
    """

    graph: ReleaseGraph
    script: Script
    moments: dict[str, Moment] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    returned: dict[str, Json] = field(default_factory=dict)
    breaches: dict[str, list[Breach]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    color: str = ""

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.returned[OUTCOME]["outcome"])

    def facts(self) -> Facts:
        return Facts(
            intent=self.script.intent,
            states=self.states,
            returned=self.returned,
            breaches=self.breaches,
            earlier=self.script.earlier,
        )

    def verdict(self) -> Verdict | None:
        """Return the verdict in force: what overtook its question, if anything did."""
        value = (self.returned.get(ANSWER) or {}).get(OVERTAKEN) or self.returned.get(VERDICT)
        return Verdict.from_json(value) if value else None

    def ran_of(self, *kinds: Kind) -> list[str]:
        """Return the tasks of these kinds that ran, in the order in which they did."""
        return [task_id for task_id in self.ran if self.graph.node(task_id).kind in kinds]

    def undone(self) -> list[str]:
        """Return the steps that were really undone, in the order in which it was done."""
        tasks = self.ran_of(Kind.UNDO, Kind.RESTORE)
        return [self.graph.node(t).undoes for t in tasks if (self.returned.get(t) or {}).get("undone")]


class Simulator:
    """Simulates releases of one DAG."""

    def __init__(self, dag: DAG, graph: ReleaseGraph) -> None:
        self.graph = graph
        self.dag_id = dag.dag_id
        with create_session() as session:
            session.merge(DagBundleModel(name="simulation"))
            session.flush()
            serialized = LazyDeserializedDAG.from_dag(dag)
            self._write(serialized, session)
            session.flush()
            self.dag = DagSerialization.from_dict(serialized.data)
            self._create_run(session)
        for task in self.dag.tasks:  # a release has no setup tasks; looking for them is a sixth of the time
            task.get_upstreams_only_setups = tuple
        self._waits: set[tuple[Any, ...]] = set()
        self._look: tuple[list[TaskInstance], Set[str]] | None = None
        self._watched = {task_id for node in graph.of_kind(Kind.WATCH) for task_id in node.beside}

    @staticmethod
    def _write(serialized: LazyDeserializedDAG, session: Any) -> None:
        from airflow.dag_processing.collection import update_dag_parsing_results_in_db

        update_dag_parsing_results_in_db(
            bundle_name="simulation",
            bundle_version=None,
            version_data=None,
            dags=[serialized],
            import_errors={},
            parse_duration=None,
            warnings=set(),
            session=session,
        )

    def release(self, script: Script, begin: Moment | None = None) -> Release:
        """Simulate one release to its end, from its start or from the same moment of another one.

        Up to its fault a release goes as one without it, so that need not be simulated again.
        """
        release = Release(graph=self.graph, script=script)
        if begin:
            release.returned, release.ran = dict(begin.returned), list(begin.ran)
            release.breaches = dict(begin.breaches)
        with self._begun(begin.states if begin else {}) as (session, run, tasks):
            while True:
                seen = states_of(tasks)
                ready, _ = run.update_state(session=session, execute_callbacks=False)
                if run.state != DagRunState.RUNNING:
                    break
                assert ready or seen != states_of(tasks), f"stuck: {seen}"
                moment = Moment(
                    states=states_of(tasks),
                    returned=dict(release.returned),
                    breaches=dict(release.breaches),
                    ran=tuple(release.ran),
                )
                for ti in ready:
                    release.moments.setdefault(ti.task_id, moment)
                for ti in self._not_waiting(ready, tasks, script):
                    if ti.state:
                        continue  # skipped by a branch that ran a moment ago
                    release.states = states_of(tasks)
                    self._happen(ti, tasks, release)
            release.states = states_of(tasks)
            release.color = str(run.state)
        return release

    def _not_waiting(
        self, ready: Sequence[TaskInstance], tasks: Sequence[TaskInstance], script: Script
    ) -> Sequence[TaskInstance]:
        """Return what happens now: people and waits are the slowest, and what goes wrong there comes first.

        A watch that stands beside them goes on until they have ended, unless something happens to it.
        """
        states = states_of(tasks)
        nodes = {ti.task_id: self.graph.node(ti.task_id) for ti in ready}
        slow = [ti for ti in ready if nodes[ti.task_id].kind in PEOPLE or ti.task_id in self._watched]

        def watches_on(ti: TaskInstance) -> bool:
            beside = nodes[ti.task_id].kind is Kind.WATCH and nodes[ti.task_id].beside
            return ti.task_id not in script.faults and any(not states[each] for each in beside or ())

        now = [ti for ti in ready if ti not in slow and not watches_on(ti)]
        return now or [ti for ti in slow if ti.task_id in script.faults] or slow

    def at_rest(self, states: Mapping[str, str]) -> dict[str, str]:
        """Return the states that these lead to while nothing runs: what Airflow skips by itself."""
        with self._begun(states) as (session, run, tasks):
            seen: dict[str, str] = {}
            while seen != (seen := states_of(tasks)):
                run.update_state(session=session, execute_callbacks=False)
        return seen

    @contextmanager
    def _begun(self, states: Mapping[str, str]) -> Iterator[tuple[Session, DagRun, Sequence[TaskInstance]]]:
        """Give the run and its tasks, in these states; at the end it is as it was.

        Nothing is written meanwhile: what is asked of the database is only which tasks there are, and writing
        was a quarter of the time.
        """
        with create_session() as session:
            run, tasks = self._run(session, states)
            with (
                session.no_autoflush,
                patch.object(session, "flush"),
                patch.object(TaskInstance, "filter_for_tis", _changed_among(tasks)),
                patch.object(TaskInstance, "xcom_pull", return_value=None),  # no simulated task leaves one
            ):
                yield session, run, tasks
            session.rollback()

    def _run(self, session: Session, states: Mapping[str, str]) -> tuple[DagRun, Sequence[TaskInstance]]:
        now = datetime.now(UTC)
        run = session.scalars(select(DagRun).where(DagRun.dag_id == self.dag_id)).one()
        run.dag = self.dag
        # The session keeps these very objects current, so Airflow need not read them anew at every look.
        tasks = run.get_task_instances(session=session)
        run.get_task_instances = lambda **_: tasks
        self._ask_once_for_each_situation(tasks)
        for ti in tasks if states else ():
            ti.state = states[ti.task_id] or None
            ti.start_date = ti.end_date = now if ti.state else None
        return run, tasks

    def _create_run(self, session: Session) -> None:
        """Create the run that each release changes and leaves as it was; creating it is a quarter of one."""
        now = datetime.now(UTC)
        self.dag.create_dagrun(
            run_id="simulated",
            logical_date=None,
            run_after=now,
            conf={"version": "v2"},
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            start_date=now,
            session=session,
        )

    def _ask_once_for_each_situation(self, tasks: Sequence[TaskInstance]) -> None:
        """Remember where Airflow leaves a task waiting as it is; it decides by the states of those before it.

        Only that answer is kept, for it changes nothing: what may run, what is skipped and what fails with
        its upstream is decided by Airflow each time.
        """
        by_id = {ti.task_id: ti for ti in tasks}
        for ti in tasks:
            upstream = [by_id[task_id] for task_id in sorted(self.dag.get_task(ti.task_id).upstream_task_ids)]
            ti.are_dependencies_met = self._remembering(ti, upstream)

    def _remembering(self, ti: TaskInstance, upstream: Sequence[TaskInstance]) -> Callable[..., bool]:
        asked = ti.are_dependencies_met

        def answer(dep_context: DepContext, session: Session) -> bool:
            before, finished = ti.state, self._finished_for(dep_context)
            flags = (dep_context.ignore_in_retry_period, dep_context.ignore_unmapped_tasks)
            states = (each.state if each.task_id in finished else None for each in upstream)
            situation = (ti.task_id, before, *flags, *states)
            if situation in self._waits:
                return False
            met = asked(dep_context=dep_context, session=session)
            if not met and ti.state == before:
                self._waits.add(situation)
            return met

        return answer

    def _finished_for(self, dep_context: DepContext) -> Set[str]:
        """Return the tasks that Airflow takes for finished at this look; one that ends during it is none."""
        tasks = dep_context.finished_tis
        if self._look is None or self._look[0] is not tasks:
            self._look = (tasks, {ti.task_id for ti in tasks})
        return self._look[1]

    def _happen(self, ti: TaskInstance, tasks: Sequence[TaskInstance], release: Release) -> None:
        node = self.graph.node(ti.task_id)
        happens = release.script.faults.get(ti.task_id)
        if happens is Happens.FAILS:
            state = "failed"
            release.ran.append(ti.task_id)
            measured = release.script.meanwhile if node.beside else release.script.breach
            if node.kind is Kind.WATCH and measured:
                release.breaches[ti.task_id] = [Breach(severity=measured, reason="measured")]
        elif happens is Happens.MARKED_FAILED:
            state = "failed"
        elif happens is Happens.MARKED_SUCCESS:
            state = "success"
        else:
            release.ran.append(ti.task_id)
            state, value, branch = self._do(node, release)
            if value is not None:
                release.returned[ti.task_id] = value
            if branch is not None:
                ways = [*([branch] if isinstance(branch, str) else branch), *self._beside(node, release)]
                self._skip_all_except(ti, ways, tasks, release.script.intent)
            if node.kind is Kind.ROLLBACK_START and state == "success":
                self._skip_what_was_not_reached(tasks, release)
            if node.kind is Kind.CLOSE_THE_OTHERS:
                state = self._close(node, tasks, release)
        now = datetime.now(UTC)
        ti.state, ti.start_date, ti.end_date = state, ti.start_date or now, now
        if happens in (None, Happens.FAILS):
            self._call_back(node, state, tasks)

    def _call_back(self, node: Node, state: str, tasks: Sequence[TaskInstance]) -> None:
        """Skip what a task cuts off that ended by itself in this state, as its callback does."""
        onward = node.phase in ONWARD or node.kind is Kind.START
        if (state == "failed" and onward) or (state == "skipped" and node.kind is Kind.DECISION):
            skipped = cut_off_by(self.dag, node.task_id, states_of(tasks))
            for other in tasks:
                if other.task_id in skipped:
                    other.state = "skipped"

    def _close(self, node: Node, tasks: Sequence[TaskInstance], release: Release) -> str:
        """Close the questions that wait, as CloseOthersOperator does; return the state of the closing."""
        states = states_of(tasks)
        causes = self.graph.before()[node.task_id]
        broke = ASK in node.beside and not (
            release.breaches.get(WATCH_WHILE_ASKING)
            or release.script.faults.get(WATCH_WHILE_ASKING) is Happens.MARKED_FAILED
        )
        if broke or not any(states[cause] == "failed" for cause in causes):
            return "skipped"
        for ti in tasks:
            if ti.task_id in node.beside and not ti.state:
                ti.state, ti.end_date = closed_as(node), datetime.now(UTC)
        return "success"

    def _do(self, node: Node, release: Release) -> tuple[str, Json, str | list[str] | None]:
        """Return the state, the XCom and the branch of a task that runs as its operator would."""
        steering: dict[Kind, Callable[[Release], tuple[str, Json, str | list[str] | None]]] = {
            Kind.START: self._start,
            Kind.STRATEGY: self._strategy,
            Kind.DECISION: self._decision,
            Kind.VERDICT: self._verdict,
            Kind.ANSWER: self._answer,
            Kind.COMPLETE: lambda r: self._way(r, Branch.COMPLETE),
            Kind.STOP_SHORT: lambda r: self._way(r, Branch.STOP_SHORT),
            Kind.HOLD: self._hold,
            Kind.ROLLBACK_START: self._rollback_start,
            Kind.OUTCOME: self._outcome,
        }
        if node.kind in steering:
            return steering[node.kind](release)
        if node.task_id == WATCH_WHILE_ASKING and (verdict := release.verdict()) and verdict.no_return:
            return "skipped", None, None
        if node.kind is Kind.STEP and node.phase in (Phase.PRODUCTION, Phase.ROLLOUT):
            return self._production_step(node, release)
        if node.kind in (Kind.UNDO, Kind.RESTORE):
            verdict = release.verdict()
            if verdict is None:
                return "failed", None, None
            way = way_of(self.graph, release.facts(), verdict, node)
            acted = node.undoes in release.ran or node.undoes in release.script.earlier
            # A step that never acted remembered no state before, so there is nothing to go back to.
            state = "success" if way.fate is Fate.UNDO else "skipped"
            return state, {"undone": way.fate is Fate.UNDO and acted, "why": way.why}, None
        returned = dict.fromkeys((Kind.CHECK, Kind.CHECKLIST, Kind.WATCH), FINDING) | {Kind.STEP: EVIDENCE}
        return "success", returned.get(node.kind, {"done": True}), None

    def _production_step(self, node: Node, release: Release) -> tuple[str, Json, None]:
        """A production step acts only after a GO and before any ending, as `require_go` makes sure."""
        decision = release.returned.get(DECISION) or {}
        wanted = proofs_before(self.graph, node)
        unproved = any(release.returned.get(n.task_id) is None for n in wanted)
        astray = not is_of_strategy(self.graph, node, release.returned.get(STRATEGY))
        ended = {ROLLBACK_START, STOP_SHORT} & set(release.returned)
        if decision.get("answer") != GateAnswer.GO or ended or unproved or astray:
            release.ran.remove(node.task_id)
            return "failed", None, None
        return "success", EVIDENCE, None

    def _start(self, release: Release) -> tuple[str, Json, str]:
        rolls_back = release.script.intent is Intent.ROLL_BACK
        return "success", {}, VERDICT if rolls_back else CHECK_CONNECTIONS

    def _strategy(self, release: Release) -> tuple[str, Json, list[str]]:
        strategy = release.script.strategy or self.graph.plan.strategies[0].strategy
        return "success", strategy, first_tasks(self.graph)[strategy]

    def _decision(self, release: Release) -> tuple[str, Json, None]:
        gates = [node.task_id for node in self.graph.of_kind(Kind.GATE)]
        if not any(release.facts().reached(gate) for gate in gates):
            return "skipped", None, None
        left = {name: release.returned.get(t) for name, t in evidence_tasks(self.graph.plan).items()}
        reasons = [f"{task_id} left no proof" for task_id in unproved(self.graph.plan, left)]
        if not all(release.facts().proved(gate) for gate in gates):
            reasons.append("not everyone said GO")
        answer = GateAnswer.NO_GO if reasons else GateAnswer.GO
        return ("failed" if reasons else "success"), {"answer": str(answer), "reasons": reasons}, None

    def _verdict(self, release: Release) -> tuple[str, Json, str]:
        verdict = judge(self.graph, release.facts())
        return "success", verdict.to_json(), WAYS[verdict.branch]

    def _answer(self, release: Release) -> tuple[str, Json, str]:
        if release.facts().proved(ASK) and release.script.fix_forward:
            return "success", {"answer": "fix_forward"}, HOLD
        asked = release.verdict()
        since = overtaken(self.graph, release.facts(), asked) if asked else None
        left = {OVERTAKEN: since.to_json()} if since and since != asked else {}
        return "success", {"answer": "roll_back"} | left, ROLLBACK_START

    def _way(self, release: Release, branch: Branch) -> tuple[str, Json, None]:
        verdict = release.verdict()
        leads_here = verdict is not None and verdict.branch is branch
        return ("success", {"done": True}, None) if leads_here else ("skipped", None, None)

    def _hold(self, release: Release) -> tuple[str, Json, None]:
        answer = release.returned.get(ANSWER) or {}
        held = answer.get("answer") == "fix_forward"
        return ("success", {"done": True}, None) if held else ("skipped", None, None)

    def _rollback_start(self, release: Release) -> tuple[str, Json, None]:
        verdict = release.verdict()
        if verdict is None or verdict.branch not in (Branch.ROLL_BACK, Branch.ASK):
            return "skipped", None, None
        if (release.returned.get(ANSWER) or {}).get("answer") == "fix_forward":
            return "skipped", None, None
        return "success", {"release": "this", "undo": []}, None

    def _outcome(self, release: Release) -> tuple[str, Json, None]:
        ending = ending_of(self.graph, release.facts(), release.verdict())
        state = "success" if ending.outcome is Outcome.RELEASED else "failed"
        return state, {"outcome": str(ending.outcome), "reasons": list(ending.reasons)}, None

    def _skip_what_was_not_reached(self, tasks: Sequence[TaskInstance], release: Release) -> None:
        """Skip the first undo tasks if they have nothing to undo, as the start of a rollback does."""
        verdict = release.verdict()
        assert verdict is not None
        states = {ti.task_id: ti for ti in tasks}
        for node in self.graph.of_kind(Kind.UNDO, Kind.RESTORE):
            if not way_of(self.graph, release.facts(), verdict, node).fate.passed_over:
                break
            states[node.task_id].state = "skipped"

    def _beside(self, node: Node, release: Release) -> list[str]:
        verdict = release.verdict() if node.kind is Kind.VERDICT else None
        return beside_the_way(self.graph, verdict) if verdict else []

    def _skip_all_except(
        self, ti: TaskInstance, branches: Sequence[str], tasks: Sequence[TaskInstance], intent: Intent
    ) -> None:
        """Skip what a branch operator skips: the ways that are not chosen, and what hangs on them alone."""
        follow = set(branches)
        for branch in branches:
            follow |= self.dag.get_task(branch).get_flat_relative_ids(upstream=False)
        too = too_on_the_way(intent) if self.graph.node(ti.task_id).kind is Kind.START else ()
        others = self.dag.get_task(ti.task_id).downstream_task_ids - follow
        skipped = skipped_with(self.dag, [*others, *too], states_of(tasks))
        for other in tasks:
            if other.task_id in skipped and not other.state:
                other.state = "skipped"


def _changed_among(tasks: Sequence[TaskInstance]) -> Callable[[Mapping[TaskInstanceKey, Any]], Any]:
    """Return what selects, of the tasks with the states that they had, those that have changed.

    After each look Airflow reads all waiting tasks anew to see whether one of them changed; the session's
    objects are these very tasks, so it is enough to read the ones that did. That is a fifth of the time.
    """
    now, select = {ti.task_id: ti for ti in tasks}, TaskInstance.filter_for_tis
    return lambda before: select([key for key in before if now[key.task_id].state != before[key]])


def states_of(tasks: Sequence[TaskInstance]) -> dict[str, str]:
    """Return the state of each task, "" where it has none yet."""
    # Past the instrumented attributes, which made this a twelfth of the simulation (profiled).
    return {found["task_id"]: str(found["state"] or "") for found in map(vars, tasks)}
