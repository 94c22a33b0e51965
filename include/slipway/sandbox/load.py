"""Steady load, and probes that measure downtime: python -m slipway.sandbox.load --root ROOT."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from slipway.sandbox.control import load_state_file, this_process
from slipway.sandbox.journeys import Journey, Step, journeys
from slipway.sandbox.layout import Environment, Place, System, places, port

RATE = {Environment.PRODUCTION: 25.0, Environment.STAGING: 5.0}  # requests per second
WALKERS = {Environment.PRODUCTION: 32, Environment.STAGING: 4}  # journeys at the same time at the most
# Seconds. A rehearsal's watch of production looks every 0.2; nothing measures how long staging is down.
PROBE_EVERY = {Environment.PRODUCTION: 0.2, Environment.STAGING: 1.0}
PROBE_TIMEOUT = aiohttp.ClientTimeout(total=1)
REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=10)

REGISTRY = CollectorRegistry()
WHERE = ["system", "environment"]
SUCCESS = Gauge("probe_success", "1 when the last probe found the service healthy", WHERE, registry=REGISTRY)
DOWNTIME = Counter("probe_downtime_seconds", "Seconds the service was not healthy", WHERE, registry=REGISTRY)
PROBED = Counter("probe_seconds", "Seconds the service was watched", WHERE, registry=REGISTRY)
LONGEST = Gauge("probe_longest_outage_seconds", "The longest outage so far", WHERE, registry=REGISTRY)
REQUESTS = Counter("load_requests", "Requests sent", [*WHERE, "outcome"], registry=REGISTRY)


@dataclass
class Ticker:
    """Gives out moments at a steady rate; moments that nobody took in time are lost, not caught up."""

    period: float
    _next: float = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        self._next = max(self._next + self.period, now - self.period)
        await asyncio.sleep(max(0.0, self._next - now))


@dataclass
class Target:
    """One environment under load."""

    place: Place
    session: aiohttp.ClientSession
    version: str = "v1"
    down_since: float | None = None
    labels: tuple[str, str] = field(init=False)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.labels = (self.place.system, self.place.environment)
        self.url = f"http://127.0.0.1:{port(self.place.root, self.place.name)}"

    async def walk(self, offered: Iterator[Journey], ticker: Ticker) -> None:
        """Go one journey after the other, each request at a moment of the ticker."""
        for journey in offered:
            with contextlib.suppress(StopIteration):
                step = next(journey)
                while True:
                    await ticker.wait()
                    step = journey.send(await self._ask(step))

    async def _ask(self, step: Step) -> dict[str, Any]:
        found: dict[str, Any] = {}
        try:
            async with self.session.request(
                step.method,
                self.url + step.path,
                json=step.body,
                headers=step.headers,
                timeout=REQUEST_TIMEOUT,
            ) as answer:
                outcome = str(answer.status)
                found = json.loads(await answer.read())
        except (TimeoutError, aiohttp.ClientError, ValueError):
            outcome = "unreachable"
            await asyncio.sleep(0.2)  # nobody there: do not spin
        REQUESTS.labels(*self.labels, outcome).inc()
        return found

    async def probe(self) -> None:
        """Look at /health at a steady rate; the time between two failed looks is downtime."""
        last, ticker = time.monotonic(), Ticker(PROBE_EVERY[self.place.environment])
        while True:
            await ticker.wait()
            healthy = await self._is_healthy()
            now = time.monotonic()
            self._count(healthy, last, now)
            last = now

    def _count(self, healthy: bool, last: float, now: float) -> None:
        SUCCESS.labels(*self.labels).set(healthy)
        PROBED.labels(*self.labels).inc(now - last)
        if healthy:
            self.down_since = None
            return
        self.down_since = last if self.down_since is None else self.down_since
        DOWNTIME.labels(*self.labels).inc(now - last)
        outage = LONGEST.labels(*self.labels)
        outage.set(max(outage._value.get(), now - self.down_since))

    async def _is_healthy(self) -> bool:
        try:
            async with self.session.get(self.url + "/health", timeout=PROBE_TIMEOUT) as answer:
                if answer.status == 200:
                    self.version = json.loads(await answer.read())["version"]
                return answer.status == 200
        except (TimeoutError, aiohttp.ClientError, ValueError, KeyError):
            return False


async def generate(chosen: list[Place]) -> None:
    """Load and probe the chosen environments until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [task for place in chosen for task in _start(Target(place, session))]
        await ended.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _start(target: Target) -> list[asyncio.Task[None]]:
    environment = target.place.environment
    ticker = Ticker(1 / RATE[environment])
    offered = journeys(target.place, random.Random(target.place.name), lambda: target.version)
    for metric in (SUCCESS, DOWNTIME, PROBED, LONGEST):
        metric.labels(*target.labels)  # there from the first scrape on
    walkers = [asyncio.create_task(target.walk(offered, ticker)) for _ in range(WALKERS[environment])]
    return [*walkers, asyncio.create_task(target.probe())]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--system", action="append", choices=list(System))
    parser.add_argument("--environment", action="append", choices=list(Environment))
    chosen = parser.parse_args(arguments)
    start_http_server(port(chosen.root, "load"), addr="127.0.0.1", registry=REGISTRY)
    path = load_state_file(chosen.root)
    path.write_text(json.dumps(this_process()))
    try:
        systems, environments = tuple(chosen.system or System), tuple(chosen.environment or Environment)
        asyncio.run(generate(places(chosen.root, systems, environments)))
    finally:
        path.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
