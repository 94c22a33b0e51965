"""Build the Airflow DAG of a release graph: one operator for each kind of node, nothing decided here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, BaseOperator, TaskGroup
from airflow.sdk.definitions.param import ParamsDict

from slipway.airflow.branch import follow_the_failure
from slipway.airflow.check import CheckSensor
from slipway.airflow.checklist import ChecklistOperator, follows_after_production
from slipway.airflow.closeout import OutcomeOperator, ReportOperator
from slipway.airflow.closing import CloseOthersOperator
from slipway.airflow.flow import (
    CompleteOperator,
    ConnectionsOperator,
    HoldOperator,
    RollbackFinishOperator,
    RollbackStartOperator,
    StartOperator,
    StopShortOperator,
    StrategyOperator,
    VerdictOperator,
)
from slipway.airflow.gate import (
    AnswerOperator,
    AskOperator,
    DecisionOperator,
    GateOperator,
)
from slipway.airflow.guest import guard, guard_undo
from slipway.airflow.notices import (
    RemindOperator,
    TellOfBreachesOperator,
    TellOnADayOperator,
    TellOperator,
    TellTheOutcomeOperator,
)
from slipway.airflow.operators import guest_operator
from slipway.airflow.step import StepOperator, UndoOperator
from slipway.airflow.trigger_form import form_of
from slipway.airflow.watch import WatchOperator
from slipway.codec import digest
from slipway.compile import gate_task_ids
from slipway.environment import Environment
from slipway.explain import markdown
from slipway.facts import ONWARD
from slipway.graph import (
    ASK,
    HOLD,
    ROLLBACK_START,
    STRATEGY,
    WATCH_WHILE_ASKING,
    Kind,
    Node,
    ReleaseGraph,
)
from slipway.kinds import Check, Checklist, Step
from slipway.plan import Approval, Plan
from slipway.prove import proven
from slipway.steps.airflow_task import AirflowTask
from slipway.steps.run_check import check_of
from slipway.steps.take_baseline import TakeBaseline
from slipway.watching import Watch
from slipway.words import Phase

# A person's answer is asked once: with retries a rejected gate would open again.
NO_SECOND_TRY = 0
# Steering tasks only read and write Airflow's own state; another try is always safe.
STEERING_TRIES = 3
RETRY_DELAY = timedelta(seconds=5)
# A step ends itself at its timeout and says why; Airflow's own timeout would cut that short.
LAST_WORDS = timedelta(seconds=30)

# What a plan says only to people: a new wording does not void an approval (atlantis issue 1508).
DESCRIPTIVE = frozenset(
    {
        "title",
        "summary",
        "document",
        "tags",
        "owner",
        "contacts",
        "notices",
        "after",
        "planned",
        "look_at",
        "note",
    }
)


def release_dag(plan: Plan) -> DAG:
    """Prove a plan and make its DAG; raises PlanRefused with all faults, the UI's import error."""
    return build(proven(plan))


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 of what the plan does (hex); what it says only to people is left out."""
    return digest(plan, exclude=DESCRIPTIVE)


def build(graph: ReleaseGraph) -> DAG:
    """Make the DAG of a proved graph."""
    plan = graph.plan
    dag = DAG(
        dag_id=plan.name,
        dag_display_name=plan.title,
        description=plan.summary,
        doc_md=markdown(graph),
        schedule=None,
        catchup=False,
        max_active_runs=1,  # two releases of one plan would deploy over each other
        is_paused_upon_creation=False,  # without a schedule nothing starts by itself
        tags=sorted({"slipway", f"risk:{plan.risk}", *plan.tags}),
        default_args={"owner": plan.owner, "retry_delay": RETRY_DELAY},
        render_template_as_native_obj=False,
    )
    with dag:
        _Builder(graph, dag).build()
    # Airflow would copy the form into each task: half of what it keeps of the plan, and a field of each form.
    dag.params = ParamsDict(form_of(plan))
    return dag


def asset_of(environment: Environment) -> Asset:
    """Return the asset that stands for an environment; the Assets page shows what is deployed where."""
    return Asset(
        name=environment.label, uri=f"slipway://{environment.system}/{environment.name}", group="slipway"
    )


class _Builder:
    def __init__(self, graph: ReleaseGraph, dag: DAG) -> None:
        self.graph = graph
        self.dag = dag
        self.plan = graph.plan
        self.digest = plan_digest(graph.plan)
        self.groups: dict[str, TaskGroup] = {}
        self.makers: dict[Kind, Callable[[Node, dict[str, Any]], BaseOperator]] = {
            Kind.START: lambda node, kw: StartOperator(plan=self.plan, **kw),
            Kind.CONNECTIONS: self._connections,
            Kind.CHECK: self._check,
            Kind.CHECKLIST: self._checklist,
            Kind.STEP: self._step,
            Kind.GATE: self._gate,
            Kind.CLOSE_THE_OTHERS: self._close_the_others,
            Kind.DECISION: self._decision,
            Kind.STRATEGY: self._strategy,
            Kind.WATCH: self._watch,
            Kind.VERDICT: lambda node, kw: VerdictOperator(graph=graph, **kw),
            Kind.ASK: lambda node, kw: AskOperator(plan=graph.plan, **kw | {"retries": NO_SECOND_TRY}),
            Kind.ANSWER: self._answer,
            Kind.ROLLBACK_START: lambda node, kw: RollbackStartOperator(graph=graph, **kw),
            Kind.UNDO: self._undo,
            Kind.RESTORE: self._undo,
            Kind.ROLLBACK_FINISH: self._finish,
            Kind.COMPLETE: self._complete,
            Kind.STOP_SHORT: lambda node, kw: StopShortOperator(**kw),
            Kind.HOLD: lambda node, kw: HoldOperator(**kw),
            Kind.TELL: lambda node, kw: TellOperator(node=node, graph=graph, **kw),
            Kind.TELL_OF_BREACHES: lambda node, kw: TellOfBreachesOperator(node=node, graph=graph, **kw),
            Kind.TELL_THE_OUTCOME: lambda node, kw: TellTheOutcomeOperator(node=node, graph=graph, **kw),
            Kind.TELL_ON_A_DAY: lambda node, kw: TellOnADayOperator(node=node, graph=graph, **kw),
            Kind.REMIND: lambda node, kw: RemindOperator(node=node, graph=graph, **kw),
            Kind.REPORT: lambda node, kw: ReportOperator(graph=graph, digest=self.digest, **kw),
            Kind.OUTCOME: lambda node, kw: OutcomeOperator(graph=graph, **kw | {"retries": NO_SECOND_TRY}),
        }

    def build(self) -> None:
        tasks = {node.task_id: self._task(node) for node in self.graph.nodes}
        for edge in self.graph.edges:
            tasks[edge.before].set_downstream(tasks[edge.after])
            if edge.label:
                # `a >> Label(...) >> b` across two task groups would join the whole groups instead.
                self.dag.set_edge_info(edge.before, edge.after, {"label": edge.label})

    def _task(self, node: Node) -> BaseOperator:
        common = {
            "task_id": node.task_id.rpartition(".")[2],
            "task_display_name": node.title,
            "task_group": self._group(node),
            "trigger_rule": str(node.when),
            "retries": STEERING_TRIES,
        }
        task = self.makers[node.kind](node, common)
        # An operator of Airflow's own may have callbacks of its own.
        if node.phase in ONWARD or node.kind is Kind.START:
            task.on_failure_callback = [*task.on_failure_callback, follow_the_failure]
        if node.kind is Kind.DECISION:
            task.on_skipped_callback = [*task.on_skipped_callback, follow_the_failure]
        return task

    def _group(self, node: Node) -> TaskGroup | None:
        if node.phase is None:
            return None
        group = self._named_group(str(node.phase), None)
        return self._named_group(node.stage, group) if node.stage else group

    def _named_group(self, name: str, parent: TaskGroup | None) -> TaskGroup:
        key = f"{parent.group_id}.{name}" if parent else name
        if key not in self.groups:
            self.groups[key] = TaskGroup(name, parent_group=parent)
        return self.groups[key]

    def _connections(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        return ConnectionsOperator(connections=connections_of(self.graph), extras=extras_of(self.graph), **kw)

    def _check(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        assert isinstance(node.item, Check)
        assert node.environment is not None
        return CheckSensor(
            check=node.item, environment=node.environment, plan_name=self.plan.name, **kw | {"retries": 1}
        )

    def _checklist(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        assert isinstance(node.item, Checklist)
        late = node.phase in (Phase.VERIFICATION, Phase.ROLLOUT)
        follows = follows_after_production(node.item, self.graph.plan.matrix) if late else None
        return ChecklistOperator(checklist=node.item, follows=follows, **kw | {"retries": NO_SECOND_TRY})

    def _step(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        step = node.item
        assert isinstance(step, Step)
        assert node.environment is not None
        kw |= {"retries": step.retries, "execution_timeout": step.timeout + LAST_WORDS}
        if node.phase is Phase.STAGING and step is self.plan.on_staging[-1]:
            kw["outlets"] = [asset_of(node.environment)]
        if isinstance(step, AirflowTask):
            return guest_operator(step.operator, step.arguments, **kw, **guard(node, self.graph, self.digest))
        return StepOperator(node=node, graph=self.graph, digest=self.digest, **kw)

    def _undo(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        step = node.item
        assert isinstance(step, Step)
        kw |= {"retries": step.retries, "execution_timeout": step.timeout + LAST_WORDS}
        if isinstance(step, AirflowTask):
            assert step.undo_with is not None
            guest = step.undo_with
            return guest_operator(guest.operator, guest.arguments, **kw, **guard_undo(node, self.graph))
        return UndoOperator(node=node, graph=self.graph, **kw)

    def _gate(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        assert isinstance(node.item, Approval)
        kw["retries"] = NO_SECOND_TRY
        return GateOperator(plan=self.plan, approval=node.item, digest=self.digest, **kw)

    def _close_the_others(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        causes = self.graph.before()[node.task_id]
        why = "NO-GO at {}" if node.phase is Phase.GATE else "{} failed"
        watch = WATCH_WHILE_ASKING if ASK in node.beside else ""
        return CloseOthersOperator(
            causes=causes, questions=node.beside, state=closed_as(node), why=why, watch=watch, **kw
        )

    def _decision(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        kw["retries"] = NO_SECOND_TRY
        gates = gate_task_ids(self.plan)
        return DecisionOperator(plan=self.plan, gate_tasks=gates, digest=self.digest, **kw)

    def _strategy(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        return StrategyOperator(first_tasks=first_tasks(self.graph), **kw)

    def _watch(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        assert isinstance(node.item, Watch)
        assert node.environment is not None
        return WatchOperator(
            watch=node.item,
            graph=self.graph,
            environment=node.environment,
            baseline_task=baseline_task(self.graph),
            beside=node.beside,
            **kw,
        )

    def _answer(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        return AnswerOperator(
            plan=self.plan, ask_task_id=ASK, fix_forward=HOLD, roll_back=ROLLBACK_START, **kw
        )

    def _finish(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        return RollbackFinishOperator(graph=self.graph, outlets=[asset_of(self.plan.production)], **kw)

    def _complete(self, node: Node, kw: dict[str, Any]) -> BaseOperator:
        return CompleteOperator(outlets=[asset_of(self.plan.production)], **kw)


def first_tasks(graph: ReleaseGraph) -> dict[str, list[str]]:
    """Return the tasks with which each strategy begins."""
    found: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.before == STRATEGY and edge.label:
            found.setdefault(edge.label, []).append(edge.after)
    return found


def closed_as(node: Node) -> str:
    """Return the state of what is closed: "failed" where that is a question's safe answer.

    No answer to the gate is NO-GO, and none to "fix forward or roll back?" rolls back; a list has no such
    answer, nor has a wait.
    """
    return "failed" if node.phase is Phase.GATE or ASK in node.beside else "skipped"


def baseline_task(graph: ReleaseGraph) -> str:
    """Return the task id of the step that takes the baseline, "" if the plan takes none."""
    return next((n.task_id for n in graph.production_steps() if isinstance(n.item, TakeBaseline)), "")


def extras_of(graph: ReleaseGraph) -> dict[str, list[str]]:
    """Return what the extra of each connection must hold, where a check reads from it."""
    found: dict[str, list[str]] = {}
    for node in graph.nodes:
        check = check_of(node.item)
        if check and check.extras and node.environment:
            for conn_id in check.connections(node.environment):
                names = found.setdefault(conn_id, [])
                names += [name for name in check.extras if name not in names]
    return found


def connections_of(graph: ReleaseGraph) -> dict[str, str]:
    """Return each connection id of a plan with the first task that uses it."""
    found: dict[str, str] = {
        "slipway_airflow": "the decision",
        "slipway_ledger": "the ledger",
        "slipway_reports": "the report",
    }
    for node in graph.nodes:
        if isinstance(node.item, Step | Check) and node.environment:
            for conn_id in node.item.connections(node.environment):
                found.setdefault(conn_id, node.task_id)
        for channel in (c.at(graph.plan.production) for notice in node.notices for c in notice.channels):
            found.setdefault(channel.connection, node.task_id)
        if isinstance(node.item, Watch) and node.environment:
            for metric in node.item.metrics:
                found.setdefault(node.environment.connection(metric.source), node.task_id)
    return {conn_id: used_by for conn_id, used_by in found.items() if conn_id}
