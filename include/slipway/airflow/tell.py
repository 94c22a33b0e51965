"""What the telling tasks have in common: the release's facts, and what became of each letter."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.gather import verdict_given, version_before
from slipway.airflow.going import GOING_SINCE, ended, waited
from slipway.airflow.rest import AirflowApi
from slipway.airflow.run import AirflowRun
from slipway.airflow.soonest import soonest
from slipway.delivery.deliver import Post, deliver, letter_of
from slipway.delivery.states import Delivery, State
from slipway.facts import Breach
from slipway.graph import Kind, ReleaseGraph
from slipway.ledger import Ledger
from slipway.letter import ReleaseFacts
from slipway.plan import Notice, Plan
from slipway.report.place import report_path
from slipway.run import Json, pace_of
from slipway.spans import length
from slipway.steps.wait_until import first_wait
from slipway.words import Severity

LONGEST_WAIT = timedelta(minutes=10)  # of a notice, for channels that want to be left alone
AT_THE_END = timedelta(minutes=1)  # once there is a verdict, for a later rollback waits for the end
DELIVERIES = "deliveries"  # what became of each letter, in what a task returns or (a watch) beside it


class Telling:
    """Tells notices of one release with its facts.

    :param more: facts that only the teller knows, e.g. the outcome
    """

    def __init__(
        self, context: Mapping[str, Any], graph: ReleaseGraph, more: Mapping[str, str] | None = None
    ) -> None:
        self.context = context
        self.run = run = AirflowRun(context, graph.plan.production)
        if pace_of(run) == 1:  # the ledger knows what was sent; a rehearsal sends nothing and asks nobody
            _or_nothing(run, lambda: Ledger().migrate())
        self.facts = facts_of(context, graph) | dict(more or {})
        self.post = Post(
            release_id=run.release_id,
            environment=graph.plan.production,
            rehearsal=pace_of(run) > 1,
            log=run.log,
        )

    def tell(
        self, notice: Notice, *, occasion: str = "", severity: Severity | None = None, **facts: str
    ) -> tuple[Delivery, ...]:
        """Tell one notice on each of its channels, at most once for each occasion."""
        known = ReleaseFacts(**{**self.facts, **facts})
        return deliver(notice, known, self.post, occasion=occasion, severity=severity)

    def of_breaches(self, notices: Iterable[Notice], breaches: Iterable[Breach]) -> list[Delivery]:
        """Tell each breach to those whom its severity concerns; the same words are the same occasion."""
        notices = list(notices)
        return [
            delivery
            for breach in breaches
            for notice in notices
            if notice.concerns(breach.severity)
            for delivery in self.tell(
                notice, occasion=breach.reason, severity=breach.severity, reason=breach.reason
            )
        ]

    def put_off(self, notices: Iterable[Notice], at: datetime | None) -> list[Delivery]:
        """Return the notices of a day that the release has not lived to see, ready to be told by a person."""
        facts = ReleaseFacts(**self.facts)
        letters = [(notice, letter_of(notice, facts, self.post.release_id)) for notice in notices]
        return [
            Delivery(
                notice=notice.name,
                moment=notice.when,
                audience=notice.audience,
                channel=channel.at(self.post.environment).address,
                state=State.DUE,
                subject=letter.subject,
                text=letter.text,
                at=at,
                why="The release ended before this day: tell them yourself when it comes.",
            )
            for notice, letter in letters
            for channel in notice.channels
        ]

    def conclude(self, deliveries: Sequence[Delivery], *, again: bool = True) -> Json:
        """Return what became of each; raise for those that did not arrive, so that the task is red.

        Where a channel says how long it wants to be left alone (Retry-After), the task waits so long in the
        triggerer and tells again: Airflow's own retry would come too soon. What was sent is not sent again.

        :param again: whether it is still worth telling
        """
        value = {DELIVERIES: [each.to_json() for each in deliveries]}
        bad = [each for each in deliveries if each.state in (State.FAILED, State.UNKNOWN)]
        if not bad:
            ended(self.run)
            return value
        self.context["ti"].xcom_push(key="return_value", value=value)
        said = " ".join(f"{each.notice} on {each.channel}: {each.state}. {each.why}" for each in bad)
        failed = [each for each in bad if each.state is State.FAILED]
        hopeless = not failed
        if again and self._is_patient(failed):
            self._wait_and_tell_again(max(each.wait for each in failed))
            hopeless = True  # it has waited for as long as it is worth
        ended(self.run)
        raise AirflowFailException(said) if hopeless else NotTold(said)

    def _is_patient(self, failed: Sequence[Delivery]) -> bool:
        """Whether only time helps. What else failed is tried again in a moment first: it may be a page."""
        ti, waits = self.context["ti"], [each.wait > 0 for each in failed]
        return any(waits) and (all(waits) or ti.try_number > ti.max_tries)

    def _wait_and_tell_again(self, seconds: float) -> None:
        """Wait in the triggerer and tell again then, unless that would be too late."""
        pause = timedelta(seconds=max(soonest(), seconds))
        self.run.remember(self.run.counting(GOING_SINCE), time.time)
        if waited(self.run) + pause > (AT_THE_END if verdict_given(self.context) else LONGEST_WAIT):
            return
        self.run.log.info("Told again in %s, for so long the channel wants to be left alone.", length(pause))
        self.context["task"].defer(trigger=TimeDeltaTrigger(pause), method_name="tell_again")


class NotTold(Exception):
    """A notice could not be sent; another try may help, and sends nothing twice."""


def facts_of(context: Mapping[str, Any], graph: ReleaseGraph) -> dict[str, str]:
    """Return what a notice can say of this release."""
    ti, plan = context["ti"], graph.plan
    run = AirflowRun(context, plan.production)
    planned = planned_production(plan, run.began)
    return {
        "plan": plan.name,
        "title": plan.title,
        "version": str(context["params"]["version"]),
        "version_before": version_before(context, graph),
        "who": _or_nothing(run, lambda: AirflowApi().dag_run(ti.dag_id, ti.run_id)["triggering_user_name"]),
        "when": f"{planned or datetime.now(UTC):%Y-%m-%d %H:%M %Z}",
        "now": f"{datetime.now(UTC):%Y-%m-%d %H:%M %Z}",
        "run_url": f"{conf.get('api', 'base_url', fallback='')}/dags/{ti.dag_id}/runs/{ti.run_id}",
        "report": _or_nothing(run, lambda: report_path(plan.name, ti.run_id)),
        "contacts": plan.whom_to_call,
    }


def _or_nothing(run: AirflowRun, find: Callable[[], object]) -> str:
    """Return what `find` finds; a fact that cannot be had keeps nobody from being told."""
    try:
        return str(find() or "")
    except Exception as error:
        run.log.warning("For a notice: %s", error)
        return ""


def planned_production(plan: Plan, began: datetime) -> datetime | None:
    """Return when production is planned to begin: the first time of day that its steps wait for."""
    first = first_wait(plan.on_production)
    return first.due(began).astimezone(first.timezone) if first else None


def deliveries_of(context: Mapping[str, Any], graph: ReleaseGraph) -> list[Delivery]:
    """Return what became of all notices of this release, in the order of the graph."""
    pull = context["ti"].xcom_pull
    watched = [pull(task_ids=node.task_id, key=DELIVERIES) for node in graph.of_kind(Kind.WATCH)]
    told = [(pull(task_ids=node.task_id) or {}).get(DELIVERIES) for node in graph.nodes if node.notices]
    return [Delivery.from_json(value) for values in (*watched, *told) for value in values or ()]
