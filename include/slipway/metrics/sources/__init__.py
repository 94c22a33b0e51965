"""Where metrics come from beside metrics pages, one file each; a new one is added to OPENERS.

An opener takes a resolved connection, what is asked (JSON) and the moment from which is counted, and returns
a function that reads now. It may keep a client and what it has counted; it blocks, so a trigger calls it in
a thread.
"""

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from slipway.kinds import Samples, Scrape
from slipway.metrics.scrape import ScrapeFailed, scrape
from slipway.metrics.sources import cloud_watch, cloud_watch_logs, prometheus, sentry, sql
from slipway.run import Json

Reading = Callable[[], Samples]
Opener = Callable[[Any, Mapping[str, Json], float], Reading]

OPENERS: Mapping[str, Opener] = MappingProxyType(
    {
        "cloud_watch": cloud_watch.opened,
        "cloud_watch_logs": cloud_watch_logs.opened,
        "prometheus": prometheus.opened,
        "sentry": sentry.opened,
        "sql": sql.opened,
    }
)


def opened(connection: Any, query: str, since: float) -> Reading:
    """Open the source that a query names, e.g. 'prometheus:{"query": "up"}'."""
    kind, _, asked = query.partition(":")
    return OPENERS[kind](connection, json.loads(asked), since)


class Readings:
    """Reads metrics again and again in a task; each connection is resolved once.

    :param since: seconds since the epoch from which sources that keep a history count
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._opened: dict[tuple[str, str], Reading] = {}

    def read(self, conn_id: str, query: str) -> Scrape:
        """Read a page (a query that begins with "/") or another source now; raises ScrapeFailed."""
        if query.startswith("/"):
            return scrape(conn_id, query)
        try:
            return Scrape(at=time.time(), samples=self._reading(conn_id, query)())
        except Exception as error:  # every way to fail means the same: no reading
            raise ScrapeFailed(conn_id, query, error) from error

    def _reading(self, conn_id: str, query: str) -> Reading:
        from airflow.sdk import BaseHook

        if (conn_id, query) not in self._opened:
            self._opened[conn_id, query] = opened(BaseHook.get_connection(conn_id), query, self.since)
        return self._opened[conn_id, query]
