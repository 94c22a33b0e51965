"""Where metrics come from beside metrics pages, one file each; a new one is added to OPENERS or TOGETHER.

An opener takes a resolved connection, what is asked (JSON) and the moment from which is counted, and returns
a function that reads now. It may keep a client and what it has counted; it blocks, so a trigger calls it in
a thread. A source that can answer many questions in one call is in TOGETHER instead.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from slipway.kinds import Samples, Scrape
from slipway.metrics.scrape import ScrapeFailed, scrape
from slipway.metrics.sources import cloud_watch, cloud_watch_logs, prometheus, sentry, sql
from slipway.run import Json

Reading = Callable[[], Samples]
Opener = Callable[[Any, Mapping[str, Json], float], Reading]
ReadingOfMany = Callable[[], list[Samples]]


class Together(NamedTuple):
    """A source that answers many questions in one call, and what those of one call must have in common."""

    opened: Callable[[Any, Sequence[Mapping[str, Json]], float], ReadingOfMany]
    alike: Callable[[Mapping[str, Json]], Json]


TOGETHER: Mapping[str, Together] = MappingProxyType(
    {"cloud_watch": Together(cloud_watch.opened, cloud_watch.alike)}
)
OPENERS: Mapping[str, Opener] = MappingProxyType(
    {
        "cloud_watch_logs": cloud_watch_logs.opened,
        "prometheus": prometheus.opened,
        "sentry": sentry.opened,
        "sql": sql.opened,
    }
)


def together(wanted: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Return (connection id, queries) of each call that reads these (connection id, query)."""
    calls: dict[tuple[str, Json], list[str]] = {}
    for conn_id, query in dict.fromkeys(wanted):
        kind, _, asked = query.partition(":")
        call = (kind, TOGETHER[kind].alike(json.loads(asked))) if kind in TOGETHER else query
        calls.setdefault((conn_id, call), []).append(query)
    return [(conn_id, queries) for (conn_id, _), queries in calls.items()]


def opened(connection: Any, queries: Sequence[str], since: float) -> ReadingOfMany:
    """Open what the queries of one call of `together` ask, e.g. ['prometheus:{"query": "up"}']."""
    kind = queries[0].partition(":")[0]
    asked = [json.loads(query.partition(":")[2]) for query in queries]
    if kind in TOGETHER:
        return TOGETHER[kind].opened(connection, asked, since)
    [only] = asked
    reading = OPENERS[kind](connection, only, since)
    return lambda: [reading()]


class Readings:
    """Reads metrics again and again in a task; each connection is resolved once.

    :param since: seconds since the epoch from which sources that keep a history count
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._opened: dict[tuple[str, str], ReadingOfMany] = {}

    def read(self, conn_id: str, query: str) -> Scrape:
        """Read a page (a query that begins with "/") or another source now; raises ScrapeFailed."""
        if query.startswith("/"):
            return scrape(conn_id, query)
        try:
            [samples] = self._reading(conn_id, query)()
            return Scrape(at=time.time(), samples=samples)
        except Exception as error:  # every way to fail means the same: no reading
            raise ScrapeFailed(conn_id, query, error) from error

    def _reading(self, conn_id: str, query: str) -> ReadingOfMany:
        from airflow.sdk import BaseHook

        if (conn_id, query) not in self._opened:
            self._opened[conn_id, query] = opened(BaseHook.get_connection(conn_id), [query], self.since)
        return self._opened[conn_id, query]
