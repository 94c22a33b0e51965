"""Airflow on this machine: four components, started, watched and ended together."""

import contextlib
import signal
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from slipway.local import port as ports
from slipway.local.errors import ComponentDied, NotHealthy, NotInTime, Refused, RunsElsewhere
from slipway.local.home import Home
from slipway.local.process import Process, end, marked
from slipway.local.rest import Client
from slipway.local.schema import ensure_schema
from slipway.local.settings import HOST, MARK, environment
from slipway.local.waiting import wait_until
from slipway.sandbox import Postgres, Sandbox

REPOSITORY = Path(__file__).resolve().parents[3]

DATABASE = "airflow"
NICER = 5

COMPONENTS: dict[str, list[str]] = {
    "api-server": ["api-server"],
    # Task and trigger logs are read from disk, so nobody needs the servers that hand them out.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


class LocalAirflow:
    """One Airflow with all its state under `root`/airflow; several terminals may hold it at once.

    Its metadata is in the database `airflow` of the embedded PostgreSQL of `root`, which start() brings
    up and stop() leaves to whoever else uses it. `connections` holds the JSON text of each connection by
    id. Without `port` it takes the one it had last, else the usual one, else any free one. `options` are
    Airflow's, in place of those of settings.py, e.g. {"CORE__PARALLELISM": "4"}.
    """

    def __init__(
        self,
        root: Path,
        *,
        dags_folder: Path = REPOSITORY / "dags",
        plugins_folder: Path = REPOSITORY / "plugins",
        port: int | None = None,
        connections: dict[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.home = Home(root=root.resolve())
        self.dags_folder, self.plugins_folder = dags_folder.resolve(), plugins_folder.resolve()
        self.asked_port = port
        self.connections = dict(connections or {})
        self.options = dict(options or {})

    @property
    def port(self) -> int:
        """The port of the running, or last run, API server."""
        return int((self.home.folder / "port").read_text())

    @property
    def url(self) -> str:
        """The address that a browser opens."""
        return f"http://{HOST}:{self.port}"

    @property
    def postgres(self) -> Postgres:
        """The embedded PostgreSQL of this root, running."""
        return Sandbox(self.home.root).postgres

    @property
    def env(self) -> dict[str, str]:
        """The environment of each component."""
        return environment(
            self.home,
            port=self.port,
            database_url=self.postgres.url(DATABASE),
            dags_folder=self.dags_folder,
            plugins_folder=self.plugins_folder,
            connections=self.connections,
        ) | {f"AIRFLOW__{name}": value for name, value in self.options.items()}

    def start(self, *, timeout: float = 120) -> list[str]:
        """Start what does not run yet, wait until all is healthy, and return what was started.

        `timeout` is in seconds. Raises ComponentDied, NotHealthy, RunsElsewhere, PortTaken or
        MigrationFailed.
        """
        self.home.prepare()
        missing = [name for name, alive in self.status().items() if not alive]
        self._end_left_over(missing)
        self._settle_port()
        if missing:
            self.postgres.ensure_database(DATABASE)
            ensure_schema(self.postgres.url(DATABASE), env=self.env, proof=self.home.folder / "schema.json")
        began = datetime.now(UTC)
        for name in missing:
            self.start_component(name)
        self.wait_until_healthy(since=dict.fromkeys(missing, began), timeout=timeout)
        return missing

    def _end_left_over(self, names: Iterable[str]) -> None:
        # The workers of a killed scheduler hold its database connection open, and with it every lock of the
        # transaction that it died in: the next scheduler, and every request, would wait for ever. Those of a
        # killed API server hold its port.
        for name in names:
            if (dead := self.process(name)) and not dead.is_alive:
                dead.end_group()

    def _settle_port(self) -> None:
        remembered = self.home.folder / "port"
        if not self.status()["api-server"]:
            ports.choose(remembered, self.asked_port)
        elif self.asked_port not in (None, self.port):
            raise RunsElsewhere(running=self.port, asked=self.asked_port or 0)

    def start_component(self, name: str) -> Process:
        """Start one component without waiting for it."""
        process = Process.start(
            name,
            [sys.executable, "-m", "airflow", *COMPONENTS[name]],
            env=self.env,
            log=self.log(name),
            cwd=self.home.folder,
            # Here the releaser shares its cores with the production that it measures: production comes first.
            nicer=NICER,
        )
        process.write(self._record(name))
        return process

    def process(self, name: str) -> Process | None:
        """Return the process of a component as it was last started."""
        return Process.recorded(self._record(name))

    def status(self) -> dict[str, bool]:
        """Say for each component whether its process is alive."""
        return {name: (found := self.process(name)) is not None and found.is_alive for name in COMPONENTS}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, group: bool = False) -> None:
        """Send a signal to one component: to its main process, or to its whole process group."""
        if process := self.process(name):
            (process.signal_group if group else process.signal)(number)

    def log(self, name: str) -> Path:
        """Return the file that holds what a component prints."""
        return self.home.logs / f"{name}.log"

    def client(self, user: str = "admin") -> Client:
        """Return a REST client signed in as that user."""
        return Client(self.url, user=user, password=self.home.passwords()[user])

    def wait_until_healthy(self, *, since: dict[str, datetime] | None = None, timeout: float = 120) -> None:
        """Wait until every component reports a heartbeat; for those in `since`, one after that moment."""
        with contextlib.suppress(NotInTime):
            wait_until(lambda: not self._unhealthy(since or {}), "Airflow", timeout=timeout)
            return
        raise NotHealthy(self._unhealthy(since or {}), seconds=timeout, logs=self.home.logs)

    def _unhealthy(self, since: dict[str, datetime]) -> list[str]:
        for name, alive in self.status().items():
            if not alive:
                raise ComponentDied(name, log=self.log(name), last_lines=last_lines(self.log(name)))
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return ["api-server"]
        late = [name for name in COMPONENTS if name != "api-server" and not _is_fresh(answer, name, since)]
        return late or ([] if self._lets_us_in() else ["api-server"])

    def _lets_us_in(self) -> bool:
        # Another clone's Airflow may have taken the port at the same moment; then ours ends a moment later.
        try:
            with self.client() as client:
                client.import_errors()
        except Refused:
            return False
        return True

    def stop(self, *, patience: float = 5) -> None:
        """End every process of this Airflow, also what a crashed run left.

        What has not ended after `patience` seconds is killed. The API server goes last: tasks that end
        still report to it.
        """
        self._ask_to_end(["scheduler", "dag-processor", "triggerer"], patience)
        server = self.process("api-server")
        rest = marked(MARK, str(self.home.root))
        end([process for process in rest if not server or process.pid != server.pid], patience=patience)
        self._ask_to_end(["api-server"], patience)
        end(marked(MARK, str(self.home.root)), patience=patience)
        self._end_left_over(COMPONENTS)  # a process that gave itself another title has lost its mark
        for name in COMPONENTS:
            self._record(name).unlink(missing_ok=True)

    def _ask_to_end(self, names: list[str], patience: float) -> None:
        processes = [process for name in names if (process := self.process(name))]
        for process in processes:
            process.signal(signal.SIGTERM)
        with contextlib.suppress(NotInTime):
            wait_until(lambda: not any(p.is_alive for p in processes), "the end", timeout=patience)

    def _record(self, name: str) -> Path:
        return self.home.records / f"{name}.json"


def _is_fresh(answer: dict[str, dict[str, str]], name: str, since: dict[str, datetime]) -> bool:
    key = name.replace("-", "_")
    part = answer.get(key, {})
    beat = part.get(f"latest_{key}_heartbeat")
    if part.get("status") != "healthy" or not beat:
        return False
    return name not in since or datetime.fromisoformat(beat) > since[name]


def last_lines(file: Path, count: int = 15) -> str:
    """Return the last lines of a log file."""
    with file.open(errors="replace") as log:
        return "".join(log.readlines()[-count:]).rstrip()
