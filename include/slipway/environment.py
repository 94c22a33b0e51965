"""An environment: staging or production of one system, reached through Airflow connections."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where a step acts. Everything but `system` and `name` is an Airflow connection id.

    To point a plan at other machines, change the connections, not the plan (docs/connections.md).

    :param system: the system's name, e.g. "planner"
    :param name: "staging" or "production"
    :param database: a `postgres` connection
    :param service: an `http` connection to the running service
    :param host: an `fs` connection; its path is the folder that holds `releases/`, `current` and `shared/`
    :param repository: a `git` connection; its host is the path or address of the source repository
    :param probe: an `http` connection to a blackbox probe that measures availability from outside
    :param backups: an `fs` connection; its path is the folder that keeps backups
    """

    system: str
    name: str
    database: str = ""
    service: str = ""
    host: str = ""
    repository: str = ""
    probe: str = ""
    backups: str = "slipway_backups"

    @property
    def label(self) -> str:
        """Name for people, e.g. "planner production"."""
        return f"{self.system} {self.name}"

    def connection(self, role: str) -> str:
        """Return the connection id for a role (e.g. "database"), "" if the environment has none."""
        return str(getattr(self, role))


ROLES = tuple(f.name for f in fields(Environment) if f.name not in {"system", "name"})
