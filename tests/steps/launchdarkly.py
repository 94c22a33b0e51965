"""LaunchDarkly's stand-in on loopback, and the users that the real SDK evaluates a flag for."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ldclient.client import LDClient
from ldclient.config import Config
from ldclient.context import Context

from slipway import vendor
from slipway.environment import Environment
from slipway.sandbox.vendors.launchdarkly import LaunchDarkly, launchdarkly
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.testing import LocalRun

FLAG = "maintenance_scheduling_enabled"
MEMBERS = [f"colleague-{number}" for number in range(10)]


class World:
    """The stand-in, its state and its address."""

    def __init__(self, stand_in: StandIn, kept: LaunchDarkly, address: str) -> None:
        self.stand_in, self.kept, self.address = stand_in, kept, address

    def there(self, environment: str = "production") -> dict[str, Any]:
        return dict(self.kept.flags["default", FLAG]["environments"][environment])

    def sent(self, method: str) -> list[str]:
        return [call.path for call in self.stand_in.calls if call.method == method]


@contextmanager
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    kept = LaunchDarkly(segments={"internal-team-members": MEMBERS})
    stand_in = launchdarkly(kept)
    monkeypatch.setattr(vendor, "PAUSE", 0.01)
    with serving(stand_in) as address:
        host, port = address.removeprefix("http://").split(":")
        value = {"conn_type": "http", "host": host, "port": int(port), "password": "api-sandbox"}
        monkeypatch.setenv("AIRFLOW_CONN_LD", json.dumps(value))
        yield World(stand_in, kept, address)


def local_run() -> LocalRun:
    environment = Environment(system="communityshare", name="production", launchdarkly="ld")
    return LocalRun(environment=environment, task_id="production.expose")


class Service:
    """A service that evaluates flags with LaunchDarkly's own SDK, fed by the stand-in's stream."""

    def __init__(self, world: World) -> None:
        config = Config(
            sdk_key="sdk-production",
            base_uri=world.address,
            stream_uri=world.address,
            events_uri=world.address,
            send_events=False,
        )
        self.changed = threading.Semaphore(0)
        self.client = LDClient(config, start_wait=5)
        self.client.flag_tracker.add_listener(lambda change: self.changed.release())

    def gives(self, user: str) -> bool:
        return bool(self.client.variation(FLAG, Context.create(user), False))

    def share(self, users: int = 10_000) -> float:
        """Return the share of users with the feature, in percent."""
        return sum(self.gives(f"user-{number}") for number in range(users)) / users * 100

    def noticed(self) -> bool:
        """Wait until the SDK has seen a change of the flag."""
        return self.changed.acquire(timeout=5)
