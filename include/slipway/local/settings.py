"""Every Airflow option that the local Airflow departs from, each with its reason."""

import json
import os
import sys
from pathlib import Path
from typing import Final

from slipway.environment import PRACTICE
from slipway.local.home import ROLES, SERVICE_USER, Home

HOST: Final = "127.0.0.1"

# Marks every process of one local Airflow, however far it strays from its process group: Airflow puts
# each task into a group of its own, and those must end with the rest.
MARK: Final = "SLIPWAY_LOCAL_ROOT"


def environment(
    home: Home,
    *,
    port: int,
    database_url: str,
    dags_folder: Path,
    plugins_folder: Path,
    connections: dict[str, str],
) -> dict[str, str]:
    """Return the whole environment of an Airflow process.

    `port` is the API server's, `database_url` a postgresql:// address of the metadata database,
    `connections` the JSON text of each connection of the practice range by its id.
    """
    return (
        _inherited()
        | {MARK: str(home.root), "AIRFLOW_HOME": str(home.folder)}
        | _options(home, port, database_url, dags_folder, plugins_folder)
        | {f"AIRFLOW_CONN_{name.upper()}": text for name, text in connections.items()}
        | {PRACTICE: ",".join(connections)}
        | {"AIRFLOW_CONN_SLIPWAY_AIRFLOW": _own_connection(home, port)}
    )


def _inherited() -> dict[str, str]:
    # An AIRFLOW__ option left over in the shell would silently change what runs here, and without
    # compiled bytecode each component takes twice as long to start.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIRFLOW__") and name != "PYTHONDONTWRITEBYTECODE"
    }
    include = str(Path(__file__).resolve().parents[2])
    # uv, alembic and python itself must be the ones of this environment, also for commands in tasks.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    # A proxy must not be asked for what runs on this machine.
    direct = ",".join(filter(None, [kept.get("NO_PROXY", kept.get("no_proxy", "")), HOST, "localhost"]))
    return kept | {
        "PYTHONPATH": include,
        "PATH": path,
        "NO_PROXY": direct,
        "no_proxy": direct,
        # Component logs are read while they grow.
        "PYTHONUNBUFFERED": "1",
        # Airflow's own deprecations would drown what a release manager looks for in a task log.
        "PYTHONWARNINGS": "ignore::DeprecationWarning,ignore::PendingDeprecationWarning",
    }


def _own_connection(home: Home, port: int) -> str:
    login = {"login": SERVICE_USER, "password": home.passwords()[SERVICE_USER]}
    return json.dumps({"conn_type": "http", "schema": "http", "host": HOST, "port": port} | login)


def _options(
    home: Home, port: int, database_url: str, dags_folder: Path, plugins_folder: Path
) -> dict[str, str]:
    address = f"http://{HOST}:{port}"
    options = {
        "CORE__DAGS_FOLDER": str(dags_folder),
        "CORE__PLUGINS_FOLDER": str(plugins_folder),
        # The plugin imports the library once for each component, before the first task is forked.
        "CORE__LAZY_LOAD_PLUGINS": "False",
        "CORE__LOAD_EXAMPLES": "False",
        # On a busy machine a plan may take long to import; Airflow would give the task up after 30 seconds.
        "CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        "CORE__EXECUTOR": "LocalExecutor",
        # All workers are forked at the start; a release runs few tasks at a time.
        "CORE__PARALLELISM": "8",
        "CORE__FERNET_KEY": home.secret("fernet"),
        # Tasks report to this address; the default assumes port 8080.
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        # A plan that was edited is shown, and released, in its new form within seconds.
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "2",
        # Several named people, so that approvals can be tried with the roles of a plan.
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in ROLES.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.passwords_file),
        # psycopg2, since Airflow's own queries are tested against it.
        "DATABASE__SQL_ALCHEMY_CONN": database_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        # The launcher has migrated before anything starts; each component would look again.
        "DATABASE__CHECK_MIGRATIONS": "False",
        "API__HOST": HOST,
        "API__PORT": str(port),
        "API__BASE_URL": address,
        # One process answers a handful of people, and halves the time to start.
        "API__WORKERS": "1",
        "API__INSTANCE_NAME": "Slipway",
        # A release has more tasks than Airflow's own page of a hundred.
        "API__MAXIMUM_PAGE_LIMIT": "500",
        "API__SECRET_KEY": home.secret("jwt"),
        # The scheduler signs the tokens of tasks and the API server checks them.
        "API_AUTH__JWT_SECRET": home.secret("jwt"),
        # From task to task sooner than with Airflow's whole second, and not at once: looking all the time
        # at a release of a hundred tasks would slow it.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        # A gate that times out, and a deferred wait that does, is seen within 3 seconds instead of 15.
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "3",
        # A task whose process was killed is tried again after a minute instead of five. Shorter would take
        # a task of a machine that is merely busy for dead, and run it twice at once.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        # That a task's process has ended is seen within a second instead of five, which lets a task go on
        # sooner after it deferred. It gives up when the API server is away for half a minute.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "WORKERS__MAX_FAILED_HEARTBEATS": "30",
        # What a killed scheduler left behind is taken over within 30 seconds (the threshold, which is
        # Airflow's own) instead of five minutes. With 15 a busy machine reset tasks that were alive.
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
        # The same for the watches of a killed triggerer.
        "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
        # A new plan appears, and an edited one changes, within seconds.
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "2",
        # A file that was not edited need not be read again; one that was is, whatever this says.
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # Two cores are enough for a release; parsing must not take both of them from its tasks.
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "LOGGING__BASE_LOG_FOLDER": str(home.logs),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home.logs / "dag_processor"),
        "LOGGING__REMOTE_LOGGING": "False",
        # Component logs are files, where colours are noise.
        "LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    return {f"AIRFLOW__{name}": value for name, value in options.items()}
