"""Amazon CloudWatch Logs: how many events match a filter, and how a number in them is spread."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slipway.kinds import Samples
from slipway.metrics.sources.aws_client import client, in_words
from slipway.run import Json

OVERLAP = 120.0  # seconds; an event may arrive this much later than it happened
SILENCE = 60.0  # seconds without any event at all, beyond the time between two readings, are no data
FINENESS = 1.02  # each bucket's bound over the one below: a quantile is right within 2 %
MATCHED, SEEN, BUCKET = "log_matched_total", "log_seen_total", "log_numbers_total"


def opened(connection: Any, asked: Mapping[str, Json], since: float) -> Callable[[], Samples]:
    """Return a reading of the log group asked["group"].

    `log_matched_total` counts events that match asked["pattern"]. `log_seen_total` grows when anything at all
    came: without it a silent group would look like one without errors. With asked["field"], events are JSON
    and `log_numbers_total` counts them by the bucket of that number.
    """
    tally = _Tally(asked, since)

    def reading() -> Samples:
        with in_words(connection, "Amazon CloudWatch Logs", f"FilterLogEvents {asked['group']}"):
            return tally.read(client(connection, "logs"))

    return reading


class _Tally:
    """Counts events once each, also those that arrive late."""

    def __init__(self, asked: Mapping[str, Json], since: float) -> None:
        self.asked = asked
        self.since = self.read_at = since
        self.known: dict[str, int] = {}  # id of an event -> when it happened
        self.matched = 0
        self.seen = 0
        self.buckets: dict[float, int] = {}

    def read(self, logs: Any) -> Samples:
        """Count what came since the reading before."""
        now, begin = time.time(), max(self.since, self.read_at - OVERLAP)
        for event in self._events(logs, begin, self.asked["pattern"]):
            if event["eventId"] not in self.known:
                self._count(event)
            self.known[event["eventId"]] = event["timestamp"]
        self.known = {name: at for name, at in self.known.items() if at >= begin * 1000}
        self.seen += any(True for _ in self._events(logs, self.read_at - SILENCE, ""))
        self.read_at = now
        samples: Samples = {(MATCHED, ()): float(self.matched), (SEEN, ()): float(self.seen)}
        samples |= {(BUCKET, (("upto", repr(bound)),)): float(n) for bound, n in self.buckets.items()}
        return samples

    def _events(self, logs: Any, begin: float, pattern: str) -> Iterator[Any]:
        more = {"filterPattern": pattern} if pattern else {"limit": 1}
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.asked["group"], startTime=int(begin * 1000), **more
        )
        for page in pages:
            yield from page["events"]

    def _count(self, event: Mapping[str, Any]) -> None:
        self.matched += 1
        if not self.asked["field"]:
            return
        try:
            number = float(json.loads(event["message"])[self.asked["field"]])
        except (ValueError, TypeError, KeyError):
            return
        bound = FINENESS ** math.ceil(math.log(number, FINENESS)) if number > 0 else 0.0
        self.buckets[bound] = self.buckets.get(bound, 0) + 1
