"""The operators that do and undo a step."""

import time
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.airflow.alone import alone
from slipway.airflow.gate import prove_go
from slipway.airflow.gather import BACKED_UP_AT, DAMAGE, FAILURE, gather, key_of, verdict_in_force
from slipway.airflow.going import plain, to_its_end
from slipway.airflow.rest import AirflowApi
from slipway.airflow.run import BEFORE, AirflowRun
from slipway.compile import gate_task_ids
from slipway.errors import StepFailed, StepImpossible
from slipway.facts import Facts, is_of_strategy, proofs_before
from slipway.graph import DECISION, ROLLBACK_START, STOP_SHORT, STRATEGY, Kind, Node, ReleaseGraph
from slipway.kinds import Step
from slipway.masking import masked, masked_texts
from slipway.run import Evidence, Json
from slipway.steps.processes import end_all
from slipway.undoing import Fate, Way, way_of
from slipway.words import GateAnswer, Phase

BEGUN = "undo_begun"  # an undo was begun before: what it finds done may be its own work


class NotApproved(StepImpossible):
    """A step would touch production without a GO for exactly this plan."""


class NotProved(StepImpossible):
    """A step would act on something that nobody has proved."""


class StepOperator(BaseOperator):
    """Run `step.do`; a production step first makes sure of the GO for this very plan (I1, I7)."""

    ui_color = "#e8f1fb"

    def __init__(self, *, node: Node, graph: ReleaseGraph, digest: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node
        self.graph = graph
        self.digest = digest

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Do the step and return its evidence."""
        node = self.node
        assert isinstance(node.item, Step)
        assert node.environment is not None
        run = AirflowRun(context, node.environment)
        run.log.info("%s on %s, version %s", node.title, node.environment.label, run.version)
        try:
            require_go(context, self.graph, node, self.digest)
            with alone(context):  # while it waits in the task, too
                evidence = to_its_end(self, run, node.item.timeout, lambda: self._do(run))
        except StepFailed as failure:
            run.log.error("%s", failure)
            context["ti"].xcom_push(key=FAILURE, value=masked(first_line(failure)))
            if failure.saw_damage or run.recall(DAMAGE):
                run.remember(DAMAGE, lambda: True)
            raise plain(failure) from None
        run.log.info("Done: %s", evidence.summary or node.title)
        for asset in self.outlets:
            context["outlet_events"][asset].extra = {"version": run.version, "release": run.release_id}
        return shown(evidence)

    def _do(self, run: AirflowRun) -> Evidence:
        assert isinstance(self.node.item, Step)
        if self.node.item.backs_up:
            run.remember(BACKED_UP_AT, time.time)
        return self.node.item.do(run)

    def look_again(self, context: Mapping[str, Any], event: Json = None) -> Json:
        """Do it again after a wait: the step looks at the far side and knows what it has begun."""
        return self.execute(context)

    def on_kill(self) -> None:
        """End the programs that the step has started; Airflow ends only the task itself."""
        end_all()


class UndoOperator(BaseOperator):
    """Run `step.undo` if the step ran or may have run, and say what was done and why."""

    ui_color = "#fdf0e2"

    def __init__(self, *, node: Node, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node
        self.graph = graph

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Undo or restore, and return {"undone", "why", "evidence"}; skip what is left as it is."""
        node = self.node
        assert isinstance(node.item, Step)
        assert node.environment is not None
        facts = gather(context, self.graph)
        verdict = verdict_in_force(context)
        if verdict is None:
            raise AirflowFailException("There is no verdict, so nothing says that this should be undone.")
        way = way_of(self.graph, facts, verdict, node)
        undone_release = str((facts.returned.get(ROLLBACK_START) or {}).get("release") or "")
        run = AirflowRun(context, node.environment, facts.earlier, undone_release)
        run.log.info("%s: %s. %s", node.title, way.fate, way.why)
        if way.fate is not Fate.UNDO:
            raise left_alone(context, node, way)

        try:
            with alone(context):
                return to_its_end(self, run, node.item.timeout, lambda: self._undo(run, facts, way.why))
        except StepFailed as failure:
            run.log.error("%s", failure)
            raise plain(failure) from None

    def look_again(self, context: Mapping[str, Any], event: Json = None) -> Json:
        """Undo again after a wait: the step looks at the far side and knows what it has begun."""
        return self.execute(context)

    def on_kill(self) -> None:
        """End the programs that the undo has started."""
        end_all()

    def _undo(self, run: AirflowRun, facts: Facts, why: str) -> Json:
        node = self.node
        assert isinstance(node.item, Step)
        if node.kind is Kind.RESTORE:
            evidence = node.item.do(run)
        else:
            done = what_was_done(run, facts, node.undoes)
            if done is None:
                run.log.info("%s had not begun to act: nothing to undo.", node.undoes)
                return {"undone": False, "why": f"{node.undoes} had not begun to act."}
            begun_before = run.recall(BEGUN) is not None
            run.remember(BEGUN, lambda: True)
            evidence = node.item.undo(run, done)
            if not (evidence.changed or begun_before):
                run.log.info("There was nothing to take back: %s", evidence.summary or node.title)
                return {"undone": False, "why": masked(evidence.summary) or why, "evidence": shown(evidence)}
            if not evidence.changed:
                why = f"{why} An earlier look began to take it back, and the last one found nothing left."
        run.log.info("Undone: %s", evidence.summary or node.title)
        return {"undone": True, "why": why, "evidence": shown(evidence)}


def shown(evidence: Evidence) -> dict[str, Json]:
    """Return evidence as an XCom shows it: without what looks like a secret in what a program printed.

    The states before and after are whole, for the undo goes back to them.
    """
    value = evidence.to_json()
    return value | {"proof": masked_texts(value["proof"]), "summary": masked(evidence.summary)}


def left_alone(context: Mapping[str, Any], node: Node, way: Way) -> AirflowSkipException:
    """Leave why an undo has nothing to do, and return what skips it: a green one has looked, or undone."""
    why = f"{way.fate}: {way.why}"
    context["ti"].xcom_push(key=key_of(node), value={"undone": False, "why": why})
    return AirflowSkipException(why)


def require_go(context: Mapping[str, Any], graph: ReleaseGraph, node: Node, digest: str) -> None:
    """Raise unless a production step may act: GO for this very plan, and the release has not ended or turned.

    The first production step proves the whole decision anew, so that one which was merely marked success
    opens nothing; the later ones make sure that plan and release are still the same.
    """
    if node.phase not in (Phase.PRODUCTION, Phase.ROLLOUT):
        return
    if node == graph.production_steps()[0]:
        prove_go(context, graph.plan, gate_task_ids(graph.plan), digest)
    pull = context["ti"].xcom_pull
    decision = pull(task_ids=DECISION) or {}
    if decision.get("answer") != GateAnswer.GO:
        raise NotApproved("There is no GO for this release. Production is not touched.")
    if decision.get("digest") != digest:
        raise NotApproved(
            f"The plan has changed since it was approved (approved {str(decision.get('digest'))[:12]}, "
            f"now {digest[:12]}). Production is not touched. Trigger a new release."
        )
    if pull(task_ids=STOP_SHORT) is not None:
        raise NotApproved("This release has ended. Trigger a new one instead of clearing tasks.")
    if pull(task_ids=ROLLBACK_START) is not None:
        raise NotApproved("This release was rolled back. Trigger a new release instead of clearing tasks.")
    require_proof(context, graph, node)


def require_proof(context: Mapping[str, Any], graph: ReleaseGraph, node: Node) -> None:
    """Raise NotProved if what comes before a production step was only marked success by hand.

    A backup that was marked is no backup: what follows would act on a belief (invariant I11).
    """
    pull = context["ti"].xcom_pull
    wanted = proofs_before(graph, node)
    missing = [n.task_id for n in wanted if pull(task_ids=n.task_id, key=key_of(n)) is None]
    if missing:
        raise NotProved(
            f"{', '.join(missing)} was marked success by hand: nothing proves that it is so. "
            "Nothing more is done. Trigger a new release in which it runs."
        )
    if not is_of_strategy(graph, node, pull(task_ids=STRATEGY)):
        raise NotProved(f"The stage {node.stage} is not of the chosen strategy. Nothing more is done.")


def what_was_done(run: AirflowRun, facts: Facts, task_id: str) -> Evidence | None:
    """Return a step's evidence, or only the state before if it never returned; None if it never acted."""
    value = facts.earlier.get(task_id) or facts.returned.get(task_id)
    if value:
        return Evidence.from_json(value)
    before = run.returned(task_id, BEFORE)
    if before is None:  # XComs are cleared when a try starts; the task state store is not
        before = AirflowApi().state_store(run.plan_name, run.release_id, task_id, BEFORE)
    return None if before is None else Evidence(before=before, summary="did not finish")


def first_line(failure: StepFailed) -> str:
    """Return what the verdict says of a failure; the whole of it stands in the step's log."""
    return str(failure).strip().partition("\n")[0]
