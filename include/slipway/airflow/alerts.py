"""Telling people of a breach while the watch goes on."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from airflow.sdk.execution_time.xcom import XCom

from slipway import notices
from slipway.airflow.tell import DELIVERIES, Telling
from slipway.codec import from_json, to_json
from slipway.delivery.deliver import Post, deliver
from slipway.environment import Environment
from slipway.graph import ReleaseGraph
from slipway.letter import ReleaseFacts
from slipway.moments import Moment
from slipway.plan import Notice
from slipway.run import Json
from slipway.watch.judge import Row, WatchBreach
from slipway.words import Answer, Severity

PATIENCE = 5.0  # seconds
NOBODY: Json = {"notices": [], "facts": {"plan": "", "title": "", "version": ""}, "rehearsal": True}


class Alerts:
    """Tells each breach that lets the watch go on, once for each metric and severity until it is calm again.

    A breach that ends the watch is told after the verdict, with what follows from it. Sending takes its time
    and samples do not wait, so it goes on in the background. Leaving the context waits for it, but not for
    long: a rollback must not wait for a chat. What is late is told after the verdict, in the same words.

    :param orders: as `orders_for` made them
    :param place: where the watch's XComs are
    :param known: breaches that were told before the triggerer was started anew
    """

    def __init__(
        self,
        orders: Json,
        environment: Environment,
        place: Mapping[str, Any],
        known: Iterable[WatchBreach] = (),
    ) -> None:
        orders = orders or NOBODY
        self._notices = [from_json(Notice, each, notices.KINDS) for each in orders["notices"]]
        self._facts = ReleaseFacts(**orders["facts"])
        self._post = Post(
            release_id=place["run_id"],
            environment=environment,
            rehearsal=orders["rehearsal"],
            log=logging.getLogger("slipway"),
        )
        self._place = dict(place)
        self._known = {_about(breach) for breach in known}
        self._telling: list[asyncio.Task[None]] = []
        self._in_order = asyncio.Lock()

    async def __aenter__(self) -> "Alerts":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None and self._telling:
            await asyncio.wait(self._telling, timeout=PATIENCE)

    def add(self, breaches: Iterable[WatchBreach]) -> None:
        """Have those told that are new."""
        for breach in breaches:
            concerned = [each for each in self._notices if each.concerns(breach.severity)]
            if concerned and not breach.ends and _about(breach) not in self._known:
                self._known.add(_about(breach))
                self._telling.append(asyncio.create_task(self._tell(concerned, breach)))

    def calm(self, rows: Iterable[Row]) -> None:
        """Forget what was told of limits that a checkpoint found kept: crossed anew, they are news."""
        kept = {_of(row.severity, row.metric) for row in rows if row.answer is Answer.PASS}
        self._known -= kept

    async def _tell(self, concerned: Sequence[Notice], breach: WatchBreach) -> None:
        try:
            await self._told(concerned, breach)
        except Exception:  # whatever it is, it is no fault of the release
            self._post.log.exception("The breach could not be told: %s", breach.reason)

    async def _told(self, concerned: Sequence[Notice], breach: WatchBreach) -> None:
        facts = replace(self._facts, reason=breach.reason, follows="The release goes on.")
        async with self._in_order:
            told: list[Json] = list(await XCom.aget_one(key=DELIVERIES, **self._place) or [])
            for notice in concerned:
                sent = await asyncio.to_thread(
                    deliver, notice, facts, self._post, occasion=breach.reason, severity=breach.severity
                )
                told += [each.to_json() for each in sent]
            await XCom.aset(key=DELIVERIES, value=told, **self._place)


def _about(breach: WatchBreach) -> str:
    return _of(breach.severity, breach.about)


def _of(severity: Severity | None, about: str) -> str:
    return f"{severity} {about}"


def orders_for(context: Mapping[str, Any], graph: ReleaseGraph) -> Json:
    """Return what a watch needs to tell of breaches, as JSON."""
    chosen: Sequence[Notice] = [each for each in graph.plan.notices if each.moment is Moment.BREACH]
    if not chosen:
        return NOBODY
    telling = Telling(context, graph)
    return {
        "notices": to_json(chosen),
        "facts": asdict(ReleaseFacts(**telling.facts)),
        "rehearsal": telling.post.rehearsal,
    }
