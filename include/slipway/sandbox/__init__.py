"""The practice range: real local stand-ins for the systems that plans deploy to."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from slipway.detached import Detached
from slipway.sandbox import control, environments
from slipway.sandbox.connections import LEDGER, connections
from slipway.sandbox.errors import SandboxError, SupervisorIsNotRunning
from slipway.sandbox.fingerprint import fingerprint
from slipway.sandbox.layout import FAULTS, Environment, Place, System, places, port, system
from slipway.sandbox.platforms import PLATFORMS
from slipway.sandbox.postgres import Postgres, running_port

__all__ = ["FAULTS", "Environment", "Postgres", "Sandbox", "SandboxError", "System"]

START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 15.0  # seconds
INCLUDE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sandbox:
    """All of the practice range under one root folder."""

    root: Path

    @property
    def postgres(self) -> Postgres:
        """The database server; it is started if it does not run."""
        running = running_port(self.root)
        return Postgres.start(self.root, running or port(self.root, "postgres", must_be_free=True))

    def start(
        self,
        systems: Sequence[str] = tuple(System),
        environments_: Sequence[str] = tuple(Environment),
        *,
        with_load: bool = True,
    ) -> Sandbox:
        """Start everything that does not run yet, or reuse it; return when every service was started.

        Raises SandboxError when a part does not come up.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        chosen = places(self.root, tuple(systems), tuple(environments_))
        with (self.root / "sandbox.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            postgres = self.postgres
            postgres.ensure_database(LEDGER)
            for folder in ("backups", "reports"):
                (self.root / folder).mkdir(exist_ok=True)
            if not control.is_running(control.state_file(self.root)):
                for place in chosen:
                    port(self.root, place.name, must_be_free=True)
                environments.ensure(postgres, chosen)
                self._launch("supervisor", chosen, control.state_file(self.root))
            state = control.platforms_state_file(self.root)
            if not control.is_running(state):
                self._launch("platforms", chosen, state)
            if with_load and not control.is_running(control.load_state_file(self.root)):
                port(self.root, "load", must_be_free=True)
                self._launch("load", chosen, control.load_state_file(self.root))
        return self

    def stop(self, *, postgres: bool = True) -> None:
        """End the load, the services and, unless another still needs it, the database server."""
        for state in (control.load_state_file, control.platforms_state_file, control.state_file):
            _end(state(self.root))
        if postgres and running_port(self.root) is not None:
            self.postgres.stop()

    def reset(self, system_name: str, environment: str) -> None:
        """Bring one environment back to v1 as it was seeded."""
        place = self.place(system_name, environment)
        environments.reset(self.postgres, place)
        if platform := PLATFORMS.get(place.system):
            platform.reset(self.postgres, place)

    def fingerprint(self, system_name: str, environment: str) -> dict[str, Any]:
        """Version, revision, schema, row checksums and flags of one environment (see fingerprint.py)."""
        place = self.place(system_name, environment)
        found = fingerprint(self.postgres, place)
        if platform := PLATFORMS.get(place.system):
            found["platform"] = dict(platform.fingerprint(place))
        return found

    def place(self, system_name: str, environment: str) -> Place:
        """Where one environment lives. Raises UnknownSystem."""
        chosen = Environment(environment)
        return Place(root=self.root.resolve(), system=system(system_name), environment=chosen)

    def status(self) -> dict[str, Any]:
        """What runs: postgres (its port or None), load (bool), services (name -> status)."""
        try:
            services = control.status(self.root)
        except SupervisorIsNotRunning:
            services = {}
        return {
            "postgres": running_port(self.root),
            "load": control.is_running(control.load_state_file(self.root)),
            "services": services,
        }

    def connections(self) -> dict[str, str]:
        """Airflow connection id -> JSON (see connections.py)."""
        return connections(self.postgres)

    def _launch(self, module: str, chosen: list[Place], state: Path) -> None:
        """Start a process in a session of its own (no Ctrl-C reaches it) and wait for its state file."""
        arguments = ["--root", str(self.root.resolve())]
        for name in dict.fromkeys(place.system for place in chosen):
            arguments += ["--system", name]
        for environment in dict.fromkeys(place.environment for place in chosen):
            arguments += ["--environment", environment]
        log = self.root / "sandbox" / f"{module}.log"
        with log.open("ab") as output:
            process = Detached(
                [sys.executable, "-m", f"slipway.sandbox.{module}", *arguments],
                cwd=INCLUDE,  # the package is found from here
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not control.is_running(state):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise SandboxError(f"The sandbox's {module} did not start. {log} ends with:\n{tail}")
            time.sleep(0.05)


def _end(state: Path) -> None:
    """End the process of a state file. A zombie is ended: its parent may be gone and init slow to reap."""
    if not control.is_running(state):
        return
    process = psutil.Process(json.loads(state.read_text())["pid"])
    process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.02)
