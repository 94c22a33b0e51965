"""What waits in the triggerer: a watch, and an HTTP check that is looked at again."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway import metrics
from slipway.airflow.alerts import Alerts
from slipway.airflow.meanwhile import LOOK_EVERY, Meanwhile, ended_among
from slipway.airflow.soonest import wait_until_soonest
from slipway.airflow.watch_notes import WatchNotes, noted_progress, place_of
from slipway.checks.calls import NoAnswer, ask_async
from slipway.checks.expect import Question, judge
from slipway.codec import from_json, to_json
from slipway.environment import Environment
from slipway.kinds import Scrape, Source
from slipway.metrics.scrape import Reader, ScrapeFailed
from slipway.plan import DecisionMatrix
from slipway.run import Json
from slipway.watch.course import (
    Progress,
    Result,
    Terms,
    add,
    close,
    ending,
    ends_now,
    final_answer,
    noticed,
    prime,
    take,
)
from slipway.watch.judge import Row, no_data
from slipway.watch.render import table
from slipway.watch.schedule import SHORTEST, SPARE, Appointment, real_length, timetable
from slipway.watching import Watch
from slipway.words import Answer

SLACK = 0.5  # seconds behind its time up to which a reading counts as in time
LATE = 2.0  # seconds behind its time at which a checkpoint is still sampled, only later
# In a rehearsal a checkpoint lasts a fraction of a second, and a busy machine is late by many of them:
# better a longer rehearsal than one that nobody watched. Measured: of a month in 26 seconds the last of 34
# checkpoints came 62 seconds late with nothing beside; a reading of CloudWatch takes most of a second there.
LATE_IN_A_REHEARSAL = 300.0


class WatchTrigger(BaseTrigger):
    """Sample a watch and judge its checkpoints; fires once: at the end, or at a breach that ends it.

    One that stands beside people fires too when all of them have answered.

    Everything stays in the triggerer, because a worker start costs about a second and so would tear holes
    into a rehearsal. Each checkpoint leaves the XCom `checkpoint_<n>`, and the one from which the watch goes
    on when the triggerer is restarted. Times are absolute: a restart moves no checkpoint.

    A window begins when it is asked for. A rehearsal's is seconds long and could not make good what it
    missed, so it begins when it can really be watched: a triggerer takes some seconds for its first one.

    :param watch: a Watch as JSON, likewise `matrix` and `environment`
    :param baseline: metric -> value
    :param asked: when the task asked for the window, seconds since the epoch
    :param orders: whom to tell of a breach that lets the watch go on; see alerts.orders_for
    :param beside: ids of the tasks of this run with whose end it ends
    """

    def __init__(
        self,
        *,
        watch: Json,
        matrix: Json,
        environment: Json,
        baseline: Json,
        pace: float,
        asked: float,
        orders: Json = None,
        beside: Sequence[str] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kwargs = {
            "watch": watch,
            "matrix": matrix,
            "environment": environment,
            "baseline": baseline,
            "pace": pace,
            "asked": asked,
            "orders": orders,
            "beside": list(beside),
        }
        self.orders, self.beside = orders, list(beside)
        self.environment: Environment = from_json(Environment, environment)
        self.terms = Terms(
            watch=from_json(Watch, watch, metrics.KINDS),
            matrix=from_json(DecisionMatrix, matrix),
            baseline=baseline,
            pace=pace,
        )
        self.asked = self.start = asked
        self._read_at = -SHORTEST  # when the newest reading began, like an appointment's times

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger again."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self.kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch, and say how it ended."""
        place, began = place_of(self.task_instance), time.monotonic()
        progress = await self._begun(place)
        async with (
            Reader(since=self.start) as reader,
            WatchNotes(place, self.asked, self.start) as notes,
            Alerts(self.orders, self.environment, place, known=progress.breaches) as alerts,
            Meanwhile(place, self.beside, every=self._look_every) as people,
        ):
            for appointment in timetable(self.terms.watch, self.terms.pace)[progress.done :]:
                if ends_now(progress, self.terms):
                    break
                progress, rows = await self._sampled(reader, progress, appointment, alerts, notes, people)
                if people.over and not ends_now(progress, self.terms):
                    break
                progress, result = close(progress, self.terms, appointment, rows)
                self._say(result, appointment)
                notes.add(result, progress)
                alerts.add(result.breaches)
                alerts.calm(result.rows)
        await wait_until_soonest(began)  # a second try may find all done
        event = _ended(progress, self.terms, alone=not self.beside)
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    @property
    def _look_every(self) -> float:
        return min(LOOK_EVERY, self.terms.watch.sample_every.total_seconds())

    async def _begun(self, place: dict[str, Any]) -> Progress:
        """Begin the window, or go on with it after the triggerer was started anew; say when it ends."""
        # They would hold up the event loop at the first reading.
        await asyncio.to_thread(import_module, "airflow.providers.http.hooks.http")
        await asyncio.to_thread(import_module, "prometheus_client.parser")
        progress, start = await noted_progress(place, self.asked)
        if self.terms.pace > 1:
            self.start = start or time.time()
        if progress.done or progress.tried:
            self.log.info("The watch goes on; checkpoints behind it: %d.", progress.done)
        end = datetime.fromtimestamp(self.start + real_length(self.terms.watch, self.terms.pace), UTC)
        until = f"{end:%Y-%m-%d %H:%M:%S} UTC"
        if self.beside:
            self.log.info("It ends with %s, at the latest at %s.", " and ".join(self.beside), until)
        else:
            self.log.info("The window lasts until %s.", until)
        return progress

    async def _sampled(
        self,
        reader: Reader,
        progress: Progress,
        appointment: Appointment,
        alerts: Alerts,
        notes: WatchNotes,
        people: Meanwhile,
    ) -> tuple[Progress, Sequence[Row]]:
        if self._now() > appointment.end + (LATE if self.terms.pace == 1 else LATE_IN_A_REHEARSAL):
            return progress, ()
        if not progress.pages:
            progress = prime(progress, self.terms, await self._read(reader))
        for moment in self._moments(appointment):
            # Even when late, two readings need time between them: in a rehearsal that catches up too little
            # would happen from one checkpoint to the next for it to be judged.
            await people.pause(max(moment, self._read_at + SHORTEST) - self._now())
            if people.over:
                break
            late = self._now() > moment + SLACK
            progress = take(progress, self.terms, moment, await self._read(reader), late=late)
            rows, breaches = noticed(progress, self.terms)
            for breach in breaches:
                self.log.warning("%s %s -> %s", breach.severity, breach.reason, breach.action)
            alerts.add(breaches)
            progress = add(progress, breaches)
            if ends_now(progress, self.terms):
                return progress, rows
            notes.keep(progress)
        return progress, ()

    def _moments(self, appointment: Appointment) -> Sequence[float]:
        """Return the samples to take: those that are still to come, but always enough to judge."""
        ahead = [moment for moment in appointment.samples if moment >= self._now() - LATE]
        least = self.terms.watch.minimum_good_samples + (SPARE if self.terms.pace > 1 else 0)
        return ahead if len(ahead) >= least else appointment.samples[-least:]

    def _now(self) -> float:
        return time.time() - self.start

    async def _read(self, reader: Reader) -> dict[Source, Scrape | None]:
        self._read_at = self._now()
        wanted = {
            source: (self.environment.connection(source.role), source.query) for source in self.terms.sources
        }
        found = await reader.read_all(set(wanted.values()))
        for failure in {id(each): each for each in found.values() if isinstance(each, ScrapeFailed)}.values():
            self.log.warning("%s", failure)
        return {
            source: answer if isinstance(answer := found[place], Scrape) else None
            for source, place in wanted.items()
        }

    def _say(self, result: Result, appointment: Appointment) -> None:
        checkpoint = appointment.checkpoint
        if checkpoint.first_of_part and checkpoint.look_at:
            self.log.info(
                "Look at, %s: %s", checkpoint.title or "from here on", "; ".join(checkpoint.look_at)
            )
        self.log.info("%s\n%s", result.summary, table(result.rows))


def _ended(progress: Progress, terms: Terms, *, alone: bool) -> dict[str, Json]:
    """Return the event: the answer, all breaches, and what ended the watch early.

    :param alone: it stands beside nobody. Beside people it says only what went wrong; whether all is healthy
        is for the watch to say that follows
    """
    answer, breaches = final_answer(progress), list(progress.breaches)
    if answer is Answer.INCONCLUSIVE and not alone:
        answer = Answer.PASS
    if answer is Answer.INCONCLUSIVE:
        reason = "the watch ended INCONCLUSIVE: too little data to call it healthy"
        about = "quiet" if progress.done and not progress.blind else "no data"
        breaches.append(no_data(terms.watch, terms.matrix, progress.done, reason, about=about))
    last = ending(breaches)
    return {
        "answer": str(answer),
        "breaches": to_json(breaches),
        "ended_by": to_json(last),
        "checkpoints": progress.done,
        "answers": to_json(progress.answers),
    }


class MomentTrigger(BaseTrigger):
    """Fires at a moment, or earlier when one of some tasks has come to its end: {"early": whether}.

    :param until: seconds since the epoch
    :param over: ids of tasks of the same run
    """

    def __init__(self, *, until: float, over: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until, self.over = until, list(over)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger again."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"until": self.until, "over": self.over}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every few seconds whether it is still wanted."""
        early = False
        await wait_until_soonest(time.monotonic())
        while time.time() < self.until and not (early := await self._is_over()):
            await asyncio.sleep(min(LOOK_EVERY, max(0.0, self.until - time.time())))
        # The moment may have passed while nobody looked, and the release with it.
        early = early or await self._is_over()
        yield TriggerEvent({"early": early})  # type: ignore[no-untyped-call]

    async def _is_over(self) -> bool:
        return bool(await ended_among(place_of(self.task_instance), self.over))


class CheckTrigger(BaseTrigger):
    """Ask an HTTP question again and again; fires when it passes, or when patience ends.

    :param question: a checks.expect.Question as JSON
    :param every: seconds between two looks
    :param until: seconds since the epoch at which patience ends
    """

    def __init__(self, *, question: Mapping[str, Json], every: float, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.question: Question = from_json(Question, question)
        self.every, self.until = every, until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger again."""
        kwargs = {"question": to_json(self.question), "every": self.every, "until": self.until}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it passes or patience ends; the task then looks once more itself."""
        began = time.monotonic()
        while time.time() < self.until:
            await asyncio.sleep(min(self.every, max(0.0, self.until - time.time())))
            if await self._passes():
                break
        await wait_until_soonest(began)
        yield TriggerEvent({"until": self.until})  # type: ignore[no-untyped-call]

    async def _passes(self) -> bool:
        try:
            finding = judge(self.question, await ask_async(self.question))
        except NoAnswer as error:
            self.log.info("Not yet: %s", error)
            return False
        if finding.answer is not Answer.PASS:
            self.log.info("Not yet: %s", finding.summary)
        return finding.answer is Answer.PASS
