"""An environment: staging or production of one system, reached through Airflow connections."""

from dataclasses import dataclass, fields

# The variable with the ids of the connections that lead into a practice range, with commas between. The
# launcher sets it for the sandbox; only there may a release be rehearsed.
PRACTICE = "SLIPWAY_PRACTICE_CONNECTIONS"


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
    :param workspace: an `fs` connection; its path is the folder for clones that releases are prepared in
    :param remote: a `git` connection to a repository that deploys what is pushed to it
    :param artifacts: an `fs` connection; its path is the folder with what the build made
    :param server: an `ssh` connection to the machine that the system is deployed from or runs on
    :param heroku: an `http` connection to the Heroku Platform API
    :param heroku_data: an `http` connection to the Heroku Postgres API
    :param azure: an `http` connection to the Azure Resource Manager
    :param green: an `http` connection to the slot that takes no traffic yet
    :param site: an `http` connection to the web site as its users open it, through whatever caches it
    :param app_configuration: an `http` connection to an Azure App Configuration store
    :param aws: an `aws` connection
    :param cluster: a `kubernetes` connection
    :param launchdarkly: an `http` connection to the LaunchDarkly REST API
    :param sentry: an `http` connection to Sentry
    :param prometheus: an `http` connection to a Prometheus server
    """

    system: str
    name: str
    database: str = ""
    service: str = ""
    host: str = ""
    repository: str = ""
    probe: str = ""
    backups: str = "slipway_backups"
    workspace: str = ""
    remote: str = ""
    artifacts: str = ""
    server: str = ""
    heroku: str = ""
    heroku_data: str = ""
    azure: str = ""
    green: str = ""
    site: str = ""
    app_configuration: str = ""
    aws: str = ""
    cluster: str = ""
    launchdarkly: str = ""
    sentry: str = ""
    prometheus: str = ""

    @property
    def label(self) -> str:
        """Name for people, e.g. "planner production"."""
        return f"{self.system} {self.name}"

    def connection(self, role: str) -> str:
        """Return the connection id for a role (e.g. "database"), "" if the environment has none."""
        return str(getattr(self, role))


ROLES = tuple(f.name for f in fields(Environment) if f.name not in {"system", "name"})
