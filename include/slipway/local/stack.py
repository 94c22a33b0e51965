"""Everything that a rehearsal needs, as one thing: the sandbox, and Airflow connected to it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, signal
from types import FrameType

from slipway.local.service import REPOSITORY, LocalAirflow
from slipway.sandbox import Sandbox, System
from slipway.sandbox.postgres import running_port

# All state of everything that runs here; another folder is another, independent, installation.
ROOT = Path(os.environ.get("SLIPWAY_ROOT") or REPOSITORY / ".slipway").resolve()

CONNECTION = "AIRFLOW_CONN_"
# Where Airflow keeps the connections that people add, and the key that reads their passwords.
METADATA = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__FERNET_KEY")


class Stack:
    """The sandbox of `root` and an Airflow that has its connections, and these `options` of its own."""

    def __init__(
        self,
        root: Path = ROOT,
        *,
        port: int | None = None,
        dags_folder: Path = REPOSITORY / "dags",
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.sandbox = Sandbox(root)
        self.airflow = LocalAirflow(root, port=port, dags_folder=dags_folder, options=options)

    @property
    def is_running(self) -> bool:
        """Say whether all of it runs."""
        return self.has_database and all(self.airflow.status().values())

    @property
    def has_database(self) -> bool:
        """Say whether the embedded PostgreSQL runs."""
        return running_port(self.airflow.home.root) is not None

    def variables(self) -> dict[str, str]:
        """Return what a process must have in its environment to find the connections that Airflow has.

        These are the sandbox's, Airflow's own, and by its metadata database those of Admin > Connections.
        """
        if not self.has_database:
            return {}
        self.airflow.connections = self.sandbox.connections()
        if not self.airflow.status()["api-server"]:
            return {f"{CONNECTION}{name.upper()}": text for name, text in self.airflow.connections.items()}
        env = self.airflow.env
        return {name: env[name] for name in env if name in METADATA or name.startswith(CONNECTION)}

    def start(self, systems: Sequence[str] | None = None) -> list[str]:
        """Start what does not run yet, with these systems of the sandbox (default: those that run, or all).

        Returns the Airflow components that were started.
        """
        wanted = set(systems or self._systems_running() or System)
        if self._systems_running() and not wanted <= self._systems_running():
            # The supervisor takes its systems when it starts.
            wanted = set(System)
            self.sandbox.stop(postgres=False)
        self.sandbox.start(systems=sorted(wanted))
        self.airflow.connections = self.sandbox.connections()
        return self.airflow.start()

    def _systems_running(self) -> set[str]:
        services = self.sandbox.status()["services"]
        return {system for system in System if any(name.startswith(system) for name in services)}

    def stop(self) -> None:
        """End all of it, Airflow first: its tasks speak to the sandbox."""
        self.airflow.stop()
        self.sandbox.stop()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a closed terminal and a plain kill end the block as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal(number, interrupt) for number in (SIGTERM, SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Finish the block although Ctrl-C is pressed again: half an ending leaves processes behind."""
    before = {number: signal(number, SIG_IGN) for number in (SIGINT, SIGTERM, SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)
