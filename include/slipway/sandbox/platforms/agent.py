"""The CloudWatch agent of a machine: reads what its servers count, and puts it into CloudWatch."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.metrics.scrape import parse
from slipway.sandbox.layout import Place, instances, port
from slipway.sandbox.postgres import Postgres

NAMESPACE = "CommunityShare/Maintenance"
EVERY = 1.0  # seconds
WINDOW = 8  # readings that a rate or a percentile is made from
NIGHTLY = "/api/maintenance/check"  # asked by a job, and no user waits for it
_REQUESTS, _JOBS, _ALERTS = "http_requests_total", "maintenance_job_runs_total", "maintenance_alerts_total"
_LONGEST_QUERY = (
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::float"
    " FROM pg_stat_activity"
    " WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
Series = tuple[str, tuple[tuple[str, str], ...]]
Grown = dict[Series, float]  # what counters grew by


@dataclass(kw_only=True)
class Agent:
    """Watches one environment.

    :param put: takes MetricData for NAMESPACE
    :param job_took: seconds that the newest nightly job ran
    """

    place: Place
    postgres: Postgres
    put: Callable[[list[dict[str, Any]]], None]
    job_took: Callable[[], float]
    ended: threading.Event = field(default_factory=threading.Event)
    _last: dict[str, dict[Series, float]] = field(default_factory=dict)
    _newest: deque[Grown] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _all: Grown = field(default_factory=dict)

    def begin(self) -> None:
        """Read until `ended`."""
        threading.Thread(target=self._work, daemon=True, name=f"agent of {self.place.name}").start()

    def _work(self) -> None:
        while not self.ended.wait(EVERY):
            with contextlib.suppress(Exception):  # the next reading is a second away, and gaps are gaps
                self.put(self.read())

    def read(self) -> list[dict[str, Any]]:
        """Return the data of this moment."""
        grown: Grown = {}
        in_use = 0.0
        for name in instances(self.place):
            found = _page(port(self.place.root, f"{self.place.name}/{name}"))
            in_use = max(in_use, found.get(("database_pool_in_use", ()), 0.0))
            last = self._last.get(name, {})
            for series, value in found.items():
                before = last.get(series, 0.0 if last else value)
                more = value - before if value >= before else value  # less: it was restarted
                grown[series] = grown.get(series, 0.0) + more
            self._last[name] = found or last
        self._newest.append(grown)
        self._all = _added((self._all, grown))
        newest = _added(self._newest)
        figures = {
            "Requests": _sum(grown, _REQUESTS),
            "ErrorRate": _share(_errors(newest), _sum(newest, _REQUESTS)),
            "JobSuccess": _share(_sum(self._all, _JOBS, outcome="succeeded"), _sum(self._all, _JOBS)),
            "JobDuration": self.job_took(),
            "AlertDelivery": _share(
                _sum(self._all, _ALERTS, outcome="delivered"), _sum(self._all, _ALERTS, outcome="generated")
            ),
            "PoolUtilization": in_use * 100,
            "QueryTime": self._longest_query(),
            "CriticalBugs": float(self._bugs()),
            **{f"LatencyP{share}": _percentile(newest, share / 100) for share in (50, 95, 99)},
        }
        return [self._datum(name, value) for name, value in figures.items() if value is not None]

    def _datum(self, name: str, value: float) -> dict[str, Any]:
        dimensions = [{"Name": "Environment", "Value": str(self.place.environment)}]
        return {
            "MetricName": name,
            "Dimensions": dimensions,
            "Value": value,
            "Timestamp": time.time(),
            "StorageResolution": 1,
        }

    def _longest_query(self) -> float:
        with self.postgres.connect(self.place.name) as connection:
            row = connection.execute(_LONGEST_QUERY.encode()).fetchone()
        return float(str(row[0])) if row else 0.0

    def _bugs(self) -> int:
        """Return how many critical bugs are open: what the bug tracker reports, here a file to write."""
        try:
            return int((self.place.home / "shared" / "critical_bugs").read_text())
        except (OSError, ValueError):
            return 0


def _added(several: Iterable[Grown]) -> Grown:
    total: Grown = {}
    for grown in several:
        for series, value in grown.items():
            total[series] = total.get(series, 0.0) + value
    return total


def _page(number: int) -> dict[Series, float]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/metrics", timeout=2) as answer:
            return parse(answer.read().decode(), time.time()).samples
    except (OSError, ValueError):
        return {}


def _sum(grown: Mapping[Series, float], name: str, **wanted: str) -> float:
    return sum(
        value
        for (found, labels), value in grown.items()
        if found == name and all(dict(labels).get(key) == part for key, part in wanted.items())
    )


def _errors(grown: Mapping[Series, float]) -> float:
    return sum(_sum(grown, _REQUESTS, status=str(status)) for status in range(500, 505))


def _share(part: float, whole: float) -> float | None:
    """Return percent, None where there was nothing."""
    return 100 * part / whole if whole else None


def _percentile(grown: Mapping[Series, float], share: float) -> float | None:
    """Return milliseconds below which this share of the answers came, None where nobody asked."""
    buckets: dict[float, float] = {}
    for (name, labels), value in grown.items():
        known = dict(labels)
        if name == "http_request_duration_seconds_bucket" and known["route"] != NIGHTLY:
            bound = float(known["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value
    bounds = sorted(buckets)
    wanted = share * buckets[bounds[-1]] if bounds else 0.0
    below, reached = 0.0, 0.0
    for bound in bounds[:-1] if wanted else ():
        if buckets[bound] >= wanted:
            return 1000 * (below + (bound - below) * (wanted - reached) / (buckets[bound] - reached))
        below, reached = bound, buckets[bound]
    return 1000 * below if wanted else None
