"""Compile a plan to a release graph: pure, and the same every time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from slipway.environment import Environment
from slipway.graph import (
    ANSWER,
    ASK,
    CHECK_CONNECTIONS,
    CLOSE_THE_OTHERS,
    CLOSE_THE_QUESTION,
    COMPLETE,
    DECISION,
    HOLD,
    OUTCOME,
    REPORT,
    ROLLBACK_FINISH,
    ROLLBACK_START,
    START,
    STOP_SHORT,
    STRATEGY,
    VERDICT,
    WATCH,
    WATCH_WHILE_ASKING,
    Edge,
    Kind,
    Node,
    ReleaseGraph,
    When,
    undo_of,
)
from slipway.kinds import Check, Checklist, Step, Undo, in_words
from slipway.plan import Approval, Plan, Rollout, Stage
from slipway.steps.take_baseline import TakeBaseline
from slipway.steps.wait_until import WaitUntil
from slipway.telling import Moments, add_notices
from slipway.titles import told_apart
from slipway.watch.schedule import meanwhile
from slipway.watching import Every, Missing, Watch
from slipway.words import Phase

PEOPLE = "While people answer"


def compile_plan(plan: Plan) -> ReleaseGraph:
    """Turn a plan into its release graph. Does not judge it: `prove` does."""
    return _Compiler(plan).compile()


def gate_task_ids(plan: Plan) -> dict[str, Approval]:
    """Return the gate's task ids with the approval that each asks for."""
    approvals = plan.gate.approvals
    if len(approvals) == 1:
        return {f"{Phase.GATE}.go_no_go": approvals[0]}
    return {f"{Phase.GATE}.approve_as_{_snake(each.role)}": each for each in approvals}


def soak_of(plan: Plan, stage: Stage) -> Watch:
    """Return the watch of a rollout stage: the plan's limits and its own, over the stage's soak.

    A limit of the plan that the stage repeats, with another `missing`, is the stage's.
    """
    repeated = [replace(own, missing=Missing.INCONCLUSIVE) for own in stage.thresholds]
    plans = [t for t in plan.watch.thresholds if replace(t, missing=Missing.INCONCLUSIVE) not in repeated]
    return replace(
        plan.watch,
        thresholds=(*plans, *stage.thresholds),
        checkpoints=(
            Every(interval=stage.every, until=stage.soak, title=stage.title, look_at=stage.look_at),
        ),
        sample_every=min(plan.watch.sample_every, stage.every),
    )


def _snake(text: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


class _Compiler:
    """Collects nodes and edges while it walks the plan top-down."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.opened: dict[str, list[str]] = {}  # the last steps of each stage

    def compile(self) -> ReleaseGraph:
        start = self._add(START, Kind.START, "Release or roll back?", phase=None)
        ready = self._preflight(start)
        staged = self._steps(Phase.STAGING, self.plan.on_staging, self.plan.staging, ready)
        validated = self._checks(Phase.VALIDATION, self.plan.validate, self.plan.staging, staged)
        decision = self._gate(validated)
        deployed = self._steps(
            Phase.PRODUCTION,
            self.plan.on_production,
            self.plan.production,
            [decision],
            waiting=self.plan.watch,
        )
        verified = self._checks(
            Phase.VERIFICATION, self.plan.verify, self.plan.production, deployed, watch=self.plan.watch
        )
        exposed = self._rollout(verified)
        self.nodes = told_apart(self.nodes, self.plan.strategies)
        self._watch(exposed)
        self._verdict(start)
        last = self._rollback()
        endings = self._endings(last)
        moments = Moments(validated, verified, endings, self.opened)
        told = add_notices(self.plan, moments, self._add, self._join)
        self._report([*endings, *told])
        return ReleaseGraph(plan=self.plan, nodes=tuple(self.nodes), edges=tuple(self.edges))

    def _add(self, task_id: str, kind: Kind, title: str, **facts: object) -> str:
        facts.setdefault("phase", next((p for p in Phase if task_id.startswith(f"{p}.")), None))
        self.nodes.append(Node(task_id=task_id, kind=kind, title=title, **facts))  # type: ignore[arg-type]
        return task_id

    def _join(self, before: Iterable[str], after: Iterable[str], label: str = "") -> None:
        after = list(after)
        self.edges.extend(Edge(before=b, after=a, label=label) for b in before for a in after)

    def _preflight(self, start: str) -> list[str]:
        first = self._add(
            CHECK_CONNECTIONS, Kind.CONNECTIONS, "Check connections", environment=self.plan.production
        )
        self._join([start], [first], "release")
        return self._checks(Phase.PREFLIGHT, self.plan.preflight, self.plan.production, [first])

    def _steps(
        self,
        phase: Phase,
        steps: Sequence[Step],
        where: Environment,
        after: list[str],
        stage: str = "",
        before: Sequence[Step] = (),
        waiting: Watch | None = None,
    ) -> list[str]:
        """Add steps one after the other; return what follows them.

        :param before: the steps of production before these
        :param waiting: how production is watched while the release waits for a time, once it was changed
        """
        prefix = f"{phase}.{stage}." if stage else f"{phase}."
        for number, step in enumerate(steps):
            task_id = self._add(
                prefix + step.name,
                Kind.STEP,
                step.heading,
                environment=where,
                item=step,
                stage=stage,
                planned=step.planned,
            )
            self._join(after, [task_id])
            after = [task_id]
            done = [*before, *steps[:number]]
            if waiting and isinstance(step, WaitUntil) and step.watched and self._is_changed(done):
                after.append(self._watch_a_wait(self.nodes[-1], step, waiting))
        return after

    def _is_changed(self, done: Sequence[Step]) -> bool:
        """Say whether these steps change production; not while the plan's baseline is still to be taken."""
        measured = any(isinstance(step, TakeBaseline) for step in done)
        changing = (step for step in done if step.undoing().undo is not Undo.NOTHING and not step.backs_up)
        return (measured or not self._measures) and any(changing)

    @property
    def _measures(self) -> bool:
        stages = [stage for rollout in self.plan.strategies for stage in rollout.stages]
        steps = [*self.plan.on_production, *(step for stage in stages for step in stage.steps)]
        return any(isinstance(step, TakeBaseline) for step in steps)

    def _watch_a_wait(self, wait: Node, step: WaitUntil, watch: Watch) -> str:
        """Watch production beside a wait; a breach ends it."""
        at_most = timedelta(days=step.day + 1)  # counted from the release's own day
        guard = self._add(
            f"{wait.task_id}_watch_meanwhile",
            Kind.WATCH,
            f"Watch production meanwhile: {wait.title}",
            environment=self.plan.production,
            item=meanwhile(watch, [at_most], "While the release waits"),
            stage=wait.stage,
            beside=(wait.task_id,),
        )
        self._join([e.before for e in self.edges if e.after == wait.task_id], [guard])
        both = [wait.task_id, guard]
        title = f"Stop waiting after a breach: {wait.title}"
        self._close(f"{wait.task_id}_stop_on_breach", both, both[::-1], stage=wait.stage, title=title)
        return guard

    def _checks(
        self,
        phase: Phase,
        items: Sequence[Check | Checklist],
        where: Environment,
        after: list[str],
        stage: str = "",
        watch: Watch | None = None,
    ) -> list[str]:
        """Add checks side by side, then checklists: never ask people what a look can refuse.

        :param watch: how production is watched while people are asked, None before it was changed
        """
        prefix = f"{phase}.{stage}." if stage else f"{phase}."
        checks = [item for item in items if isinstance(item, Check)]
        checklists = [item for item in items if isinstance(item, Checklist)]
        for kind, group in ((Kind.CHECK, checks), (Kind.CHECKLIST, checklists)):
            added = [
                self._add(
                    prefix + item.name,
                    kind,
                    item.heading,
                    environment=self._where(item, where),
                    item=item,
                    stage=stage,
                    planned=item.planned,
                )
                for item in group
            ]
            self._join(after, added)
            if added and watch and kind is Kind.CHECKLIST:
                added.append(self._meanwhile(prefix, stage, checklists, watch, after))
            after = added or after
        return after

    def _meanwhile(
        self, prefix: str, stage: str, forms: Sequence[Checklist], watch: Watch, after: list[str]
    ) -> str:
        """Watch production beside forms. A breach closes them, and so does one of them that says no."""
        asked = tuple(prefix + form.name for form in forms)
        guard = self._add(
            f"{prefix}watch_meanwhile",
            Kind.WATCH,
            "Watch production while forms wait",
            environment=self.plan.production,
            item=meanwhile(watch, (form.timeout for form in forms), PEOPLE),
            stage=stage,
            beside=asked,
        )
        self._join(after, [guard])
        # A form's NO must not wait for the watch, which only the triggerer could end.
        self._close(f"{prefix}close_the_forms", [*asked, guard], [guard, *asked], stage=stage)
        return guard

    def _close(
        self,
        task_id: str,
        causes: Sequence[str],
        closes: Sequence[str],
        stage: str = "",
        label: str = "",
        title: str = "",
    ) -> None:
        self._add(
            task_id,
            Kind.CLOSE_THE_OTHERS,
            title or in_words(task_id.rpartition(".")[2]),
            when=When.ONE_FAILED,
            stage=stage,
            beside=tuple(closes),
        )
        self._join(causes, [task_id], label)

    def _where(self, item: Check | Checklist, default: Environment) -> Environment:
        named = {"staging": self.plan.staging, "production": self.plan.production}
        return named.get(item.on, default) if isinstance(item, Check) else default

    def _gate(self, after: list[str]) -> str:
        gates = gate_task_ids(self.plan)
        for task_id, approval in gates.items():
            self._add(
                task_id,
                Kind.GATE,
                f"Go or no-go: {approval.role}",
                item=approval,
                planned=self.plan.gate.timeout,
            )
        self._join(after, gates)
        if len(gates) > 1:
            self._close(CLOSE_THE_OTHERS, list(gates), list(gates), label="no-go")
        decision = self._add(DECISION, Kind.DECISION, "Decision", when=When.ALL_DONE)
        self._join(gates, [decision])
        if len(gates) > 1:
            self._join([CLOSE_THE_OTHERS], [decision])
        return decision

    def _rollout(self, after: list[str]) -> list[str]:
        if not self.plan.strategies:
            return after
        self._add(STRATEGY, Kind.STRATEGY, "Strategy")
        self._join(after, [STRATEGY])
        return [last for rollout in self.plan.strategies for last in self._strategy(rollout)]

    def _strategy(self, rollout: Rollout) -> list[str]:
        after, label = [STRATEGY], rollout.strategy
        done, watch = list(self.plan.on_production), self.plan.watch
        for stage in rollout.stages:
            first = len(self.nodes)
            after = self._stage(stage, after, done, watch)
            done, watch = [*done, *stage.steps], soak_of(self.plan, stage)
            if label:  # the edges out of the branch carry the strategy's name
                entries = {node.task_id for node in self.nodes[first:]}
                self.edges = [
                    replace(edge, label=label) if edge.before == STRATEGY and edge.after in entries else edge
                    for edge in self.edges
                ]
                label = ""
        return after

    def _stage(self, stage: Stage, after: list[str], done: Sequence[Step], before: Watch) -> list[str]:
        """Add a stage.

        :param done: the steps of production before it
        :param before: the watch of what it follows, by which production is watched while its steps wait
        """
        watch = soak_of(self.plan, stage)
        where = self.plan.production
        after = self._steps(Phase.ROLLOUT, stage.steps, where, after, stage.name, done, before)
        self.opened[stage.name] = after
        soak = self._add(
            f"{Phase.ROLLOUT}.{stage.name}.soak",
            Kind.WATCH,
            f"Watch {stage.title}",
            environment=self.plan.production,
            item=watch,
            stage=stage.name,
            planned=stage.soak,
        )
        self._join(after, [soak])
        return self._checks(Phase.ROLLOUT, stage.require, self.plan.production, [soak], stage.name, watch)

    def _watch(self, after: list[str]) -> None:
        watch = self.plan.watch
        self._add(
            WATCH,
            Kind.WATCH,
            "Watch production",
            environment=self.plan.production,
            item=watch,
            planned=watch.length,
            when=When.STARTED_AND_NONE_FAILED if self.plan.strategies else When.ALL_SUCCEEDED,
        )
        self._join(after, [WATCH])

    def _verdict(self, start: str) -> None:
        forward = (Phase.PRODUCTION, Phase.VERIFICATION, Phase.ROLLOUT, Phase.WATCH)
        judged = [node for node in self.nodes if node.kind is not Kind.CLOSE_THE_OTHERS]
        before = [node.task_id for node in judged if node.phase in forward]
        self._add(VERDICT, Kind.VERDICT, "Verdict", when=When.ALL_DONE)
        self._join([start], [VERDICT], "roll back")
        self._join([DECISION, *before], [VERDICT])
        self._add(ASK, Kind.ASK, "Fix forward or roll back?")
        self._add(ANSWER, Kind.ANSWER, "Answer", when=When.NONE_SKIPPED)
        self._join([VERDICT], [ASK], "ask")
        self._join([ASK], [ANSWER])
        self._watch_while_asking()

    def _watch_while_asking(self) -> None:
        """Watch production beside the question: what rolls back by itself does not wait for its answer."""
        self._add(
            WATCH_WHILE_ASKING,
            Kind.WATCH,
            "Watch while a person is asked",
            environment=self.plan.production,
            item=meanwhile(self.plan.watch, (rule.within for rule in self.plan.matrix.rules), PEOPLE),
            beside=(ASK,),
        )
        self._join([VERDICT], [WATCH_WHILE_ASKING], "ask")
        self._close(CLOSE_THE_QUESTION, [WATCH_WHILE_ASKING], [ASK])

    def _rollback(self) -> list[str]:
        start = self._add(
            ROLLBACK_START, Kind.ROLLBACK_START, "Start rollback", when=When.STARTED_AND_NONE_FAILED
        )
        self._join([VERDICT, ANSWER], [start], "roll back")
        last = start
        for node in self._undo_nodes():
            self.nodes.append(node)
            self._join(dict.fromkeys([start, last]), [node.task_id])
            last = node.task_id
        checks = [
            self._add(
                f"{Phase.ROLLBACK}.verify_{check.name}",
                Kind.CHECK,
                check.heading,
                environment=self._where(check, self.plan.production),
                item=check,
                when=When.STARTED_AND_NONE_FAILED,
                planned=check.planned,
            )
            for check in self.plan.verify_rollback
        ]
        self._join(dict.fromkeys([start, last]), checks)
        finish = self._add(
            ROLLBACK_FINISH, Kind.ROLLBACK_FINISH, "Finish rollback", when=When.STARTED_AND_NONE_FAILED
        )
        self._join(dict.fromkeys([start, *(checks or [last])]), [finish])
        return [finish]

    def _undo_nodes(self) -> list[Node]:
        """Undo tasks newest first; a restore stands where the undo of its backup would."""
        graph = ReleaseGraph(plan=self.plan, nodes=tuple(self.nodes), edges=())
        restores = {
            str(getattr(p.restore, "backup", "")): p.restore for p in self.plan.procedures if p.restore
        }
        nodes = []
        for done in reversed(graph.production_steps()):
            step = done.item
            assert isinstance(step, Step)
            if step.undoing().undo is Undo.REVERSIBLE:
                nodes.append(self._back(Kind.UNDO, undo_of(done.task_id), f"Undo: {done.title}", step, done))
            if restore := restores.get(step.name):
                task_id = f"{Phase.ROLLBACK}.{restore.name}"
                nodes.append(self._back(Kind.RESTORE, task_id, restore.heading, restore, done))
        return nodes

    def _back(self, kind: Kind, task_id: str, title: str, step: Step, done: Node) -> Node:
        return Node(
            task_id=task_id,
            kind=kind,
            title=title,
            phase=Phase.ROLLBACK,
            when=When.STARTED_AND_NONE_FAILED,
            environment=done.environment,
            item=step,
            undoes=done.task_id,
        )

    def _endings(self, last: list[str]) -> list[str]:
        self._add(COMPLETE, Kind.COMPLETE, "Complete")
        self._add(STOP_SHORT, Kind.STOP_SHORT, "Stop short")
        self._add(HOLD, Kind.HOLD, "Hold for a person")
        self._join([VERDICT], [COMPLETE], "healthy")
        self._join([VERDICT], [STOP_SHORT], "stopped short")
        self._join([ANSWER], [HOLD], "fix forward")
        return [COMPLETE, STOP_SHORT, HOLD, *last]

    def _report(self, before: list[str]) -> None:
        self._add(REPORT, Kind.REPORT, "Report", when=When.ALL_DONE)
        # A rollback does not wait for what closes questions: it hangs on the questions themselves.
        closing = [node.task_id for node in self.nodes if node.kind is Kind.CLOSE_THE_OTHERS]
        self._join([*before, WATCH_WHILE_ASKING, *closing], [REPORT])
        self._add(OUTCOME, Kind.OUTCOME, "Outcome", when=When.ALL_DONE, phase=None)
        self._join([REPORT], [OUTCOME])
