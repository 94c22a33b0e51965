"""The operators that steer a release: start, strategy, verdict, rollback, closeout, outcome."""

import logging
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.airflow.alone import await_the_end_of_steps
from slipway.airflow.branch import BranchOperator
from slipway.airflow.gate_facts import too_late
from slipway.airflow.gather import gather, verdict_in_force
from slipway.airflow.rehearsal import no_rehearsal
from slipway.errors import MissingConnection, MissingExtra, SlipwayError
from slipway.facts import Facts, steps_that_ran
from slipway.graph import (
    ANSWER,
    ASK,
    CHECK_CONNECTIONS,
    COMPLETE,
    DECISION,
    ROLLBACK_START,
    STOP_SHORT,
    VERDICT,
    Kind,
    ReleaseGraph,
)
from slipway.ledger import Ledger
from slipway.plan import Plan
from slipway.run import Json
from slipway.telling import beside_the_way
from slipway.undoing import Fate, way_of
from slipway.verdict import Branch, Verdict, judge, points_of_no_return
from slipway.words import Intent

WAYS = {
    Branch.COMPLETE: COMPLETE,
    Branch.ASK: ASK,
    Branch.ROLL_BACK: ROLLBACK_START,
    Branch.STOP_SHORT: STOP_SHORT,
}


class StartOperator(BranchOperator):
    """Go the way of the run's intent: release, or roll back a finished release."""

    def __init__(self, *, plan: Plan, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def choose_branch(self, context: Mapping[str, Any]) -> str:
        """Return the first task of the way; a release that may not reach production fails here."""
        params = context["params"]
        self.log.info("Intent: %s %s", params["intent"], params["version"])
        if refused := no_rehearsal(self.plan, context):
            raise AirflowFailException(refused)
        if params["intent"] == Intent.ROLL_BACK:
            return VERDICT
        for steps in (self.plan.on_staging, self.plan.on_production):
            if late := too_late(steps, self.plan, context):
                raise AirflowFailException(late)
        return CHECK_CONNECTIONS

    def skips_too(self, context: Mapping[str, Any]) -> Sequence[str]:
        """Return the decision: on the way back nobody is asked."""
        return too_on_the_way(Intent(context["params"]["intent"]))


class StrategyOperator(BranchOperator):
    """Go the way of the run parameter `strategy`, and return its name."""

    def __init__(self, *, first_tasks: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first_tasks = {strategy: list(tasks) for strategy, tasks in first_tasks.items()}

    def execute(self, context: Context) -> str:
        """Branch, and leave the strategy's name for the verdict."""
        strategy = str(context["params"]["strategy"])
        leave(context, strategy)
        self.do_branch(context, self.first_tasks[strategy])
        return strategy


class VerdictOperator(BranchOperator):
    """Judge the release and branch."""

    def __init__(self, *, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.graph = graph

    def execute(self, context: Context) -> Json:
        """Log the verdict with its reasons, branch, and return it."""
        verdict = judge(self.graph, gather(context, self.graph))
        self.log.info("Verdict: %s. Action: %s.", verdict.branch, verdict.action)
        for reason in verdict.reasons:
            self.log.info("  because: %s", reason)
        for passed in verdict.no_return:
            self.log.warning("  point of no return passed: %s", passed)
        leave(context, verdict.to_json())
        self.do_branch(context, [WAYS[verdict.branch], *beside_the_way(self.graph, verdict)])
        return verdict.to_json()


class RollbackStartOperator(BaseOperator, SkipMixin):
    """Say what will be undone, and skip the first undo tasks if theirs was not reached: be quick.

    For a later rollback it finds the release in the ledger.
    """

    inherits_from_skipmixin = True

    def __init__(self, *, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.graph = graph

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Log what becomes of each step, newest first, and return it with the earlier release's evidence."""
        verdict = chosen_way(context, Branch.ROLL_BACK)
        facts = gather(context, self.graph)
        release: str = context["run_id"]
        earlier: dict[str, Json] = {}
        if facts.intent is Intent.ROLL_BACK:
            release, earlier = self._earlier(context)
            facts = Facts(
                intent=facts.intent, procedure=facts.procedure, states=facts.states, earlier=earlier
            )
        else:
            await_the_end_of_steps(context, self.graph, facts)
            facts = gather(context, self.graph)  # it may have waited, and a step may have begun meanwhile
        self.log.info("Rolling back release %s (%s)", release, verdict.procedure or "everything that ran")
        undo = []
        for node in self.graph.of_kind(Kind.UNDO, Kind.RESTORE):
            way = way_of(self.graph, facts, verdict, node)
            undo.append({"task_id": node.task_id, "fate": str(way.fate), "why": way.why})
            self.log.info("  %-45s %s. %s", node.title, way.fate, way.why)
        for passed in points_of_no_return(steps_that_ran(self.graph, facts)):
            self.log.warning("  point of no return, stays as it is: %s", passed)
        value = {"release": release, "undo": undo, "earlier": earlier}
        leave(context, value)
        self.skip(context["ti"], [context["dag"].get_task(task_id) for task_id in idle_at_the_head(undo)])
        return value

    def _earlier(self, context: Mapping[str, Any]) -> tuple[str, dict[str, Json]]:
        plan = self.graph.plan
        if refused := no_rehearsal(plan, context):  # the start may have been marked success by hand
            raise AirflowFailException(refused)
        ledger = Ledger()
        try:
            ledger.migrate()
            record = ledger.last_released(plan.name, plan.production.label)
        except SlipwayError as error:
            raise AirflowFailException(str(error)) from None
        version = context["params"]["version"]
        if record is None:
            raise AirflowFailException(f"The ledger has no released release of {plan.name} to roll back.")
        if record.version != version:
            raise AirflowFailException(
                f"The last release of {plan.name} is {record.version}, not {version}. "
                f"To roll it back, give {record.version} as the version."
            )
        return record.release_id, record.evidences() | record.findings()


class RollbackFinishOperator(BaseOperator):
    """Mark the end of the rollback; its asset event says what production is on again."""

    def __init__(self, *, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.graph = graph

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return what was undone, oldest last."""
        facts = gather(context, self.graph)
        tasks = [n.task_id for n in self.graph.of_kind(Kind.UNDO, Kind.RESTORE)]
        undone = [t for t in tasks if (facts.returned.get(t) or {}).get("undone")]
        self.log.info("Rollback finished. Undone, in this order: %s", ", ".join(undone) or "nothing")
        tell_assets(self, context, {"rolled_back": context["params"]["version"]})
        return {"undone": undone}


class CompleteOperator(BaseOperator):
    """Close a healthy release; its asset event says what production is on now."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return the version that is released."""
        verdict = chosen_way(context, Branch.COMPLETE)
        for reason in verdict.reasons:
            self.log.info("Note: %s", reason)
        self.log.info("Healthy: %s is released.", context["params"]["version"])
        tell_assets(self, context, {"version": context["params"]["version"]})
        return {"version": context["params"]["version"]}


class StopShortOperator(BaseOperator):
    """Close a release that changed nothing in production."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return why."""
        verdict = chosen_way(context, Branch.STOP_SHORT)
        self.log.info("Stopped short: production is as it was.")
        for reason in verdict.reasons:
            self.log.info("  because: %s", reason)
        return {"reasons": list(verdict.reasons)}


class HoldOperator(BaseOperator):
    """Close a release that a person fixes forward."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Return who took it over and why."""
        chosen_way(context, Branch.ASK)
        answer = context["ti"].xcom_pull(task_ids=ANSWER, key="answer")
        self.log.warning("Held: production stays as it is until a person has fixed it forward.")
        return {"answer": answer}


class ConnectionsOperator(BaseOperator):
    """Make sure that every connection of the plan exists, and holds what is read from it.

    :param connections: the first task that uses each
    :param extras: what the extra of some of them must hold
    """

    def __init__(
        self, *, connections: Mapping[str, str], extras: Mapping[str, Sequence[str]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.connections = dict(connections)
        self.extras = {conn_id: list(names) for conn_id, names in extras.items()}

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Name all that are missing at once; raises AirflowFailException."""
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        missing = []
        for conn_id, used_by in self.connections.items():
            try:
                connection = BaseHook.get_connection(conn_id)
                self.log.info("%-35s %s (%s)", conn_id, connection.conn_type, used_by)
                wanted, held = self.extras.get(conn_id, ()), connection.extra_dejson
                if lacking := [name for name in wanted if name not in held]:
                    missing.append(str(MissingExtra(conn_id, lacking, used_by)))
            except AirflowNotFoundException:
                missing.append(str(MissingConnection(conn_id, used_by)))
        for each in missing:
            self.log.error("%s", each)
        if missing:
            raise AirflowFailException("\n".join(missing))
        return {"connections": list(self.connections)}


def too_on_the_way(intent: Intent) -> Sequence[str]:
    """Return the tasks that the start of a release skips besides the way that it does not take."""
    return (DECISION,) if intent is Intent.ROLL_BACK else ()


def idle_at_the_head(undo: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the undo tasks before the first one that has something to do.

    Only these may be skipped: one that is skipped further on would let the next one start while those before
    it still run (found by the simulation).
    """
    head = takewhile(lambda each: Fate(each["fate"]).passed_over, undo)
    return [each["task_id"] for each in head]


def tell_assets(task: BaseOperator, context: Mapping[str, Any], news: Mapping[str, Json]) -> None:
    """Put the news and the release's id on the events of the task's assets, for the Assets page."""
    for asset in task.outlets:
        context["outlet_events"][asset].extra = {**news, "release": context["run_id"]}


def leave(context: Mapping[str, Any], value: Json) -> None:
    """Push what a branch task returns: skipping its downstream ends the task before it can return."""
    context["ti"].xcom_push(key="return_value", value=value)


def chosen_way(context: Mapping[str, Any], branch: Branch) -> Verdict:
    """Return the verdict if it (or the answer to its question) leads here; skip otherwise.

    A verdict or an answer that was marked success by hand skips nothing, so every way out looks for itself.
    Without a proven answer the safe way is to roll back.
    """
    verdict = verdict_in_force(context)
    if verdict is None:
        raise passed_by("there is no verdict")
    if verdict.branch is branch and branch is not Branch.ASK:
        return verdict
    if verdict.branch is not Branch.ASK or branch not in (Branch.ASK, Branch.ROLL_BACK):
        raise passed_by(f'the verdict is "{verdict.branch}"')
    answer = (context["ti"].xcom_pull(task_ids=ANSWER, key="answer") or {}).get("answer")
    if (answer == "fix_forward") is not (branch is Branch.ASK):
        raise passed_by(f"the answer is {answer or 'missing'}")
    return verdict


def passed_by(why: str) -> AirflowSkipException:
    """Log why this way is not taken, for Airflow does not, and return the exception that skips it."""
    logging.getLogger("slipway").info("Not taken: %s.", why)
    return AirflowSkipException(why)
