"""What the stand-in of Azure keeps: apps with slots, static sites, CDN endpoints, key-values, operations."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PRODUCTION = "production"


@dataclass(kw_only=True)
class Deployed:
    """One deployment of a slot, as Kudu keeps it."""

    id: str
    message: str
    received: str
    package: bytes
    status: int = 2  # 2 deploying, 3 failed, 4 success
    text: str = ""
    active: bool = False


@dataclass(kw_only=True)
class Slot:
    """A slot. `host` is where it is served; "" lets the stand-in itself answer for it."""

    state: str = "Running"
    host: str = ""
    deployments: list[Deployed] = field(default_factory=list)

    @property
    def active(self) -> Deployed | None:
        return next((each for each in self.deployments if each.active), None)


@dataclass(kw_only=True)
class App:
    """A web app; its own slot is "production". `busy` is the operation that runs on it."""

    slots: dict[str, Slot] = field(default_factory=lambda: {PRODUCTION: Slot()})
    busy: str = ""


@dataclass(kw_only=True)
class Build:
    """An environment of a static web app. `host` as in Slot."""

    status: str = "Ready"
    host: str = ""
    package: bytes = b""


@dataclass(kw_only=True)
class Operation:
    """A long operation; `error` once it has failed."""

    id: str
    status: str = "InProgress"
    error: str = ""


@dataclass(kw_only=True)
class KeyValue:
    """A key-value of the App Configuration store."""

    value: str
    content_type: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    locked: bool = False
    etag: str = field(default_factory=lambda: uuid.uuid4().hex)


def _nothing(*_: Any) -> None:
    """Stand where nobody wants to hear of it."""


@dataclass(kw_only=True)
class AzureState:
    """All of it. Names of groups, apps, sites and endpoints are those that exist.

    :param takes: seconds that a long operation takes
    :param token_life: seconds
    :param failing: operations that fail once, with the reason: "deploy", "swap", "static" or "purge"
    :param deployed: told app, slot and zip file, before the deployment counts as done
    :param swapped: told app and the two slots
    :param static_deployed: told site, environment and zip file
    """

    tenant: str = "sandbox-tenant"
    subscription: str = "sandbox-subscription"
    client: str = "sandbox-client"
    secret: str = "sandbox-client-secret"
    credential: str = "sandbox-key"
    key_secret: str = "c2FuZGJveC1rZXktc2VjcmV0"
    takes: float = 0.2
    token_life: float = 3600.0
    groups: list[str] = field(default_factory=lambda: ["rg"])
    apps: dict[str, App] = field(default_factory=dict)
    sites: dict[str, dict[str, Build]] = field(default_factory=dict)
    endpoints: dict[tuple[str, str], list[list[str]]] = field(default_factory=dict)
    keys: dict[tuple[str, str], KeyValue] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    deployed: Callable[[str, str, bytes], None] = _nothing
    swapped: Callable[[str, str, str], None] = _nothing
    static_deployed: Callable[[str, str, bytes], None] = _nothing
    lock: threading.RLock = field(default_factory=threading.RLock)

    def begin(
        self, kind: str, work: Callable[[], None], failed: Callable[[str], None] = _nothing
    ) -> Operation:
        """Begin an operation: `work` is done when its time is over, or `failed` is told why not."""
        operation = Operation(id=str(uuid.uuid4()))
        with self.lock:
            self.operations[operation.id] = operation
            trouble = self.failing.pop(kind, "")
        timer = threading.Timer(self.takes, self._end, (operation, work, failed, trouble))
        timer.daemon = True
        timer.start()
        return operation

    def _end(
        self,
        operation: Operation,
        work: Callable[[], None],
        failed: Callable[[str], None],
        trouble: str,
    ) -> None:
        with self.lock:
            try:
                if not trouble:
                    work()
            except Exception as error:  # whatever a hook says is why the operation failed
                trouble = str(error) or type(error).__name__
            if trouble:
                failed(trouble)
            operation.error, operation.status = trouble, "Failed" if trouble else "Succeeded"

    def hold(self, app: str, slot: str, package: bytes, message: str = "by hand") -> Deployed:
        """Let a slot hold a package, as if it had been deployed long ago."""
        held = Deployed(
            id=uuid.uuid4().hex, message=message, received=now(), package=package, status=4, active=True
        )
        self.apps[app].slots.setdefault(slot, Slot()).deployments.append(held)
        return held


def now() -> str:
    """Return the time as Azure writes it."""
    return datetime.now(UTC).isoformat()
