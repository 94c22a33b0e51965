"""What can go wrong when Airflow runs on this machine."""

from pathlib import Path


class LocalFault(Exception):
    """Something about the local Airflow; the text says place, fault and mend."""


class ComponentDied(LocalFault):
    """A component of Airflow ended while it should run."""

    def __init__(self, name: str, *, log: Path, last_lines: str) -> None:
        self.name, self.log, self.last_lines = name, log, last_lines
        super().__init__(f"{name}: ended by itself. The last lines of {log}:\n{last_lines}")


class NotHealthy(LocalFault):
    """Airflow runs, but not all of it is healthy in time."""

    def __init__(self, waiting_for: list[str], *, seconds: float, logs: Path) -> None:
        self.waiting_for, self.seconds = waiting_for, seconds
        names = ", ".join(waiting_for)
        super().__init__(f"Airflow: {names} not healthy after {seconds:.0f} s. Look into {logs}/*.log")


class RunsElsewhere(LocalFault):
    """Airflow already runs, on another port than the one asked for."""

    def __init__(self, *, running: int, asked: int) -> None:
        self.running, self.asked = running, asked
        super().__init__(
            f"Airflow: already runs on port {running}, not {asked}. Leave --port out, or ./slipway down first"
        )


class PortTaken(LocalFault):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(f"port {port}: another program listens there. Choose one with --port, or end it")


class MigrationFailed(LocalFault):
    """Airflow could not bring its metadata database to its schema."""

    def __init__(self, output: str) -> None:
        self.output = output
        super().__init__(f"airflow db migrate: failed.\n{output}\nIs it another Airflow's database?")


class Refused(LocalFault):
    """Airflow's REST API answered with an error."""

    def __init__(self, *, user: str, method: str, path: str, status: int, detail: str) -> None:
        self.user, self.method, self.path, self.status, self.detail = user, method, path, status, detail
        super().__init__(f"{method} {path} as {user}: HTTP {status}: {detail}")


class NotInTime(LocalFault):
    """A condition that was waited for did not come true."""

    def __init__(self, what: str, *, seconds: float) -> None:
        self.what, self.seconds = what, seconds
        super().__init__(f"{what}: not after {seconds:.0f} s")
