"""The tasks that tell people: red when something could not be told, and no release ever waits for them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.airflow.gate import ANSWERS
from slipway.airflow.gather import gather, verdict_in_force
from slipway.airflow.run import AirflowRun
from slipway.airflow.tell import DELIVERIES, Telling, planned_production
from slipway.airflow.triggers import MomentTrigger
from slipway.delivery.schedule import Reminder, due, reminders
from slipway.delivery.states import Delivery
from slipway.facts import changes, steps_that_ran
from slipway.graph import DECISION, VERDICT, Kind, Node, ReleaseGraph
from slipway.moments import Day, Opened
from slipway.outcome import ending_of
from slipway.plan import Notice
from slipway.run import Json, pace_of
from slipway.verdict import Branch, find_breaches
from slipway.words import Intent

LAUNCHED = "launched"  # seconds since the epoch
WAITING = "waiting_since"  # seconds since the epoch


class TellOperator(BaseOperator):
    """Tell the notices of a moment, which is now."""

    ui_color = "#fdf6d8"

    def __init__(self, *, node: Node, graph: ReleaseGraph, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node
        self.graph = graph

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Tell them all; raises when one could not be told, skips where no proof opened a stage."""
        if unproved := self._unproved(context):
            raise AirflowSkipException(
                f"{', '.join(unproved)} left no proof, so it is not proved that anybody was let in"
            )
        return self._tell(context, self._concerned(context, self.node.notices))

    def tell_again(self, context: Mapping[str, Any], event: Json = None) -> Json:
        """Tell after a channel was left alone for as long as it asked; what was sent is not sent again."""
        return self.execute(context)

    def _concerned(self, context: Mapping[str, Any], notices: Iterable[Notice]) -> list[Notice]:
        """Return those of no stage, and of one whose users may have been let in; skips where none is left."""
        chosen = list(notices)
        if not any(notice.stage for notice in chosen):
            return chosen
        ran = steps_that_ran(self.graph, gather(context, self.graph))
        stages = {"", *(node.stage for node in ran if changes(node))}
        told = [notice for notice in chosen if notice.stage in stages]
        if not told:
            raise AirflowSkipException("it is for users whom no step has let in")
        for notice in chosen:
            if notice not in told:
                self.log.info("Not told: %s. No step of %s has let anybody in.", notice.name, notice.stage)
        return told

    def _unproved(self, context: Mapping[str, Any]) -> list[str]:
        """Return the steps of the stage that is told to be open which were marked success by hand."""
        opened = {each.moment.stage for each in self.node.notices if isinstance(each.moment, Opened)}
        steps = [node for node in self.graph.of_kind(Kind.STEP) if node.stage in opened] if opened else []
        facts = gather(context, self.graph) if steps else None
        return [node.task_id for node in steps if facts and not facts.proved(node.task_id)]

    def _tell(self, context: Mapping[str, Any], notices: Iterable[Notice], **facts: str) -> Json:
        told = Telling(context, self.graph, facts)
        return told.conclude([delivery for notice in notices for delivery in told.tell(notice)])


class TellOfBreachesOperator(TellOperator):
    """Tell what the verdict is about, each breach to those whom its severity concerns."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Tell each breach once, also if the watch has told of it; skips in a later rollback."""
        facts = gather(context, self.graph)
        if facts.intent is Intent.ROLL_BACK:
            raise AirflowSkipException("a person takes a finished release back; nothing is breached")
        breaches = find_breaches(self.graph, facts)
        verdict = verdict_in_force(context)
        telling = Telling(context, self.graph, {"follows": verdict.follows if verdict else ""})
        return telling.conclude(telling.of_breaches(self.node.notices, breaches))


class TellTheOutcomeOperator(TellOperator):
    """Tell how the release ended."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Tell the notices of this outcome; skips when the plan has none for it."""
        ending = ending_of(self.graph, gather(context, self.graph), verdict_in_force(context))
        chosen = [notice for notice in self.node.notices if notice.moment in ending.moments]
        if not chosen:
            raise AirflowSkipException(f"the plan tells nobody when a release ends {ending.outcome}")
        chosen = self._concerned(context, chosen)
        return self._tell(context, chosen, outcome=str(ending.outcome), reason=ending.cause)


class TellOnADayOperator(TellOperator):
    """Tell on a day counted from the launch, unless the release has taken another way by then."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Wait for the day, and tell."""
        run, at = AirflowRun(context, self.graph.plan.production), self._due(context)
        planned = planned_production(self.graph.plan, run.began)
        day = self.node.notices[0].moment
        if isinstance(day, Day) and day.number < 0 and planned and planned < run.began and pace_of(run) == 1:
            raise AirflowSkipException(
                f"{planned:%a %d %b %H:%M %Z} has passed: it is no announcement any more"
            )
        if at is not None:
            run.log.info("Due %s.", f"{at:%Y-%m-%d %H:%M:%S} UTC")
            self.defer(trigger=MomentTrigger(until=at.timestamp(), over=[VERDICT]), method_name="go_on")
        run.log.info("The plan has no time for production, so this is told at once.")
        return self.go_on(context)

    def go_on(self, context: Mapping[str, Any], event: Json = None) -> Json:
        """Tell, unless the release has come to its end in the meantime."""
        early, verdict = (event or {}).get("early"), verdict_in_force(context)
        if verdict is not None and verdict.branch is not Branch.COMPLETE:
            raise AirflowSkipException(f"the release has taken another way: {verdict.branch}")
        if early and verdict is None:
            raise AirflowSkipException("the verdict was marked by hand: nothing says how the release ended")
        if early:
            telling = Telling(context, self.graph)
            return telling.conclude(telling.put_off(self.node.notices, self._due(context)))
        return self._tell(context, self.node.notices)

    def tell_again(self, context: Mapping[str, Any], event: Json = None) -> Json:
        """Tell after a channel was left alone: the day has come, also if the verdict has come since."""
        return self.go_on(context)

    def _due(self, context: Mapping[str, Any]) -> datetime | None:
        run = AirflowRun(context, self.graph.plan.production)
        launched, pace = float(run.remember(LAUNCHED, time.time)), pace_of(run)
        planned = planned_production(self.graph.plan, run.began)
        if planned and planned > run.began:  # a rehearsal comes there sooner
            planned = run.began + (planned - run.began) / pace
        return due(
            self.node.notices[0],
            launched_at=datetime.fromtimestamp(launched, UTC),
            planned_for=planned,
            pace=pace,
        )


class RemindOperator(TellOperator):
    """Remind of the gate while it waits, and at last those who can still do something."""

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Begin to wait, or go on where an earlier try was."""
        return self._wait(context, 0)

    def go_on(self, context: Mapping[str, Any], done: int, event: Json = None) -> Json:
        """Remind, unless the gate was answered or put off: who put it off knows when to look again."""
        if (event or {}).get("early") or self._is_put_off(context):
            return self._conclude(context)
        reminder = self._reminders(context)[done]
        telling = Telling(context, self.graph)
        told = [
            each.to_json()
            for notice in self.node.notices
            if notice.moment is reminder.moment
            for each in telling.tell(notice, occasion=reminder.occasion)
        ]
        self._run(context).remember(f"{DELIVERIES}_{done}", lambda: told)
        return self._wait(context, done + 1)

    def _wait(self, context: Mapping[str, Any], done: int) -> Json:
        ahead = self._reminders(context)
        if done < len(ahead):
            since = float(self._run(context).remember(WAITING, time.time))
            until = since + ahead[done].after.total_seconds()
            trigger = MomentTrigger(until=until, over=[DECISION])
            self.defer(trigger=trigger, method_name="go_on", kwargs={"done": done})
        return self._conclude(context)

    def _conclude(self, context: Mapping[str, Any]) -> Json:
        run = self._run(context)
        told = [run.recall(f"{DELIVERIES}_{number}") or [] for number in range(len(self._reminders(context)))]
        letters = [Delivery.from_json(each) for letters in told for each in letters]
        return Telling(context, self.graph).conclude(letters, again=False)  # the gate waits no more

    def _is_put_off(self, context: Mapping[str, Any]) -> bool:
        gates = [node.task_id for node in self.graph.of_kind(Kind.GATE)]
        answers = [context["ti"].xcom_pull(task_ids=gate, key=ANSWERS) or [] for gate in gates]
        return any(answers)  # an answer that left the gate open put it off, or is asked for again

    def _reminders(self, context: Mapping[str, Any]) -> Sequence[Reminder]:
        pace = pace_of(self._run(context))
        return reminders(self.graph.plan.gate.timeout / pace, pace)

    def _run(self, context: Mapping[str, Any]) -> AirflowRun:
        return AirflowRun(context, self.graph.plan.production)
