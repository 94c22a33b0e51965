"""Try every connection of a plan, only reading, and say what is missing and how to add it."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from slipway.checks.calls import ask
from slipway.checks.expect import Question
from slipway.compile import compile_plan
from slipway.environment import ROLES, Environment
from slipway.errors import SlipwayError
from slipway.graph import Kind
from slipway.kinds import Step
from slipway.metrics.sources import Readings, prometheus, sentry
from slipway.plan import Plan
from slipway.plans_cli.loading import in_silence
from slipway.run import Run
from slipway.steps import (
    app_configuration_api,
    aws_api,
    azure_api,
    heroku_api,
    kubernetes_api,
    launchdarkly_api,
    ssh_api,
)
from slipway.steps.faults import UnknownVersion
from slipway.steps.git_remote import Remote
from slipway.steps.reach import connection, database, extra, folder
from slipway.steps.repository import Repository
from slipway.steps.run_check import check_of
from slipway.testing import LocalRun

HEALTH, VERSION = "/health", "/version"  # a service has one of them; a plan reads the version
SERVES_NOTHING = 503
GUARDED = (401, 403)
_BAD = "BAD"
OWN = {"database": "slipway_ledger", "backups": "slipway_reports"}  # by a role that is tried in the same way


class Empty(SlipwayError):
    """A connection leads where it should and nothing is there yet, as before a first release."""


def take_connections() -> None:
    """Take the connections of the Airflow that runs here, if one does; those of the shell come first.

    Those of Admin > Connections are read from that Airflow's database, whatever the shell says of another.
    """
    from slipway.local.stack import METADATA, Stack

    found = Stack().variables()
    os.environ |= {name: found[name] for name in METADATA if name in found} | {
        name: os.environ.get(name, text) for name, text in found.items() if name not in METADATA
    }
    # As in Airflow's own commands: without it only variables are looked at, and not Admin > Connections.
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"


def examine(plan: Plan, console: Console) -> int:
    """Print what each connection answers; 0 if all do, or are empty with a reason, else 1."""
    answers = [
        *(each for environment in (plan.staging, plan.production) for each in _answers(environment, console)),
        *_places(plan, console),
        *_extras(plan, console),
        *_metrics(plan, console),
        *_channels(plan, console),
        *_own(plan.production, console),
    ]
    bad = sum(not good for good in answers)
    _say(console, f"{bad} of {len(answers)} do not answer" if bad else "all connections answer")
    return 1 if bad else 0


def _answers(environment: Environment, console: Console) -> Iterator[bool]:
    """Try the connections of an environment; yield whether each one answers."""
    run = _doctor(environment)
    for role in ROLES:
        conn_id = environment.connection(role)
        if not conn_id:
            continue
        yield _tried(console, f"{environment.name:10} {role:10} {conn_id}", partial(_TRIES[role], run))


def _places(plan: Plan, console: Console) -> Iterator[bool]:
    """Look at what the steps will touch; what several of them say is told once."""
    told: set[tuple[str, str]] = set()
    for node in compile_plan(plan).of_kind(Kind.STEP, Kind.RESTORE):
        step, environment = node.item, node.environment
        assert isinstance(step, Step)
        assert environment is not None
        run = _doctor(environment)
        if type(step).look is Step.look or not all(_is_there(run, role) for role in step.needs):
            continue  # it has no place of its own, or its connection was found missing already
        word, found = _found(partial(step.look, run))
        if (environment.name, found) not in told:
            told.add((environment.name, found))
            _say(console, f"{word:4} {environment.name:10} {'step':10} {step.name}: {found}")
            yield word != _BAD


def _extras(plan: Plan, console: Console) -> Iterator[bool]:
    """Look whether connections hold what checks read from them, e.g. the login of a journey."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    for node in compile_plan(plan).nodes:
        check, environment = check_of(node.item), node.environment
        if not check or not environment:
            continue
        for role in check.needs if check.extras else ():
            conn_id, run = environment.connection(role), _doctor(environment)
            if (conn_id, check.extras) not in told and _is_there(run, role):
                told.add((conn_id, check.extras))
                look = partial(_held, run, role, check.extras)
                yield _tried(console, f"{environment.name:10} {role:10} {conn_id}", look)


def _held(run: Run, role: str, names: Sequence[str]) -> str:
    extra(run, role, names)
    return f"its extra holds {', '.join(names)}"


def _is_there(run: Run, role: str) -> bool:
    try:
        connection(run, role)
    except SlipwayError:
        return False
    return True


def _doctor(environment: Environment) -> LocalRun:
    return LocalRun(environment=environment, task_id="the doctor", log=logging.getLogger("slipway.doctor"))


def _metrics(plan: Plan, console: Console) -> Iterator[bool]:
    """Read what the watch will read, once from each connection; figures that do not come yet are named.

    What is asked of a database may come with the release only.
    """
    queries: dict[str, dict[str, list[str]]] = {}
    for metric in plan.watch.metrics:
        if metric.reading.role != "database":
            asked = queries.setdefault(metric.reading.role, {})
            asked.setdefault(metric.reading.query, []).append(metric.name)
    for role, asked in queries.items():
        conn_id = plan.production.connection(role)
        yield _tried(console, f"{'metrics':10} {role:10} {conn_id}", partial(_read, conn_id, asked))


def _read(conn_id: str, queries: Mapping[str, Sequence[str]]) -> str:
    reader = Readings(since=time.time())
    series = {query: len(reader.read(conn_id, query).samples) for query in queries}
    found = f"{len(queries)} readings, {sum(series.values())} series"
    if silent := [name for query, names in queries.items() if not series[query] for name in names]:
        raise Empty(
            f"{found}; nothing came for {', '.join(silent)}. Before a first release, or while nothing "
            "happens, that may be so; else see the metric's name, dimensions and labels in the plan"
        )
    return found


def _channels(plan: Plan, console: Console) -> Iterator[bool]:
    """Look at the channels of the notices, each once; nothing is sent."""
    channels = {
        channel.address: channel
        for notice in plan.notices
        for channel in (each.at(plan.production) for each in notice.channels)
    }
    for address, channel in channels.items():
        yield _tried(console, f"{'notices':10} {channel.kind:10} {address}", channel.look)


def _own(environment: Environment, console: Console) -> Iterator[bool]:
    """Try the connections that every plan needs."""
    for role, conn_id in OWN.items():
        run = _doctor(replace(environment, **{role: conn_id}))
        yield _tried(console, f"{'slipway':10} {role:10} {conn_id}", partial(_TRIES[role], run))
    yield _tried(console, f"{'slipway':10} {'airflow':10} slipway_airflow", _airflow)


def _tried(console: Console, what: str, look: Callable[[], str]) -> bool:
    """Print what a look found; return whether it found anything."""
    word, found = _found(look)
    _say(console, f"{word:4} {what}: {found}")
    return word != _BAD


def _found(look: Callable[[], str]) -> tuple[str, str]:
    """Return a word for what a look found, and what that is."""
    try:
        with in_silence():
            return "ok", look()
    except Empty as empty:
        return "NOTE", str(empty)
    except Exception as error:  # whatever it is, it is what the person wants to know
        return _BAD, str(error).strip() or type(error).__name__


def _airflow() -> str:
    from slipway.airflow.rest import AirflowApi

    return AirflowApi().look()


def _database(run: Run) -> str:
    with database(run) as session:
        session.execute("SET TRANSACTION READ ONLY")
        row = session.execute("SELECT current_database(), current_user").fetchone()
        assert row is not None
    return f"database {row[0]} as {row[1]}"


def _service(run: Run) -> str:
    return _answers_to_get(run.environment.service, HEALTH)


def _probe(run: Run) -> str:
    return _answers_to_get(run.environment.probe, "/metrics")


def _green(run: Run) -> str:
    conn_id = run.environment.green
    if ask(Question(conn_id=conn_id, path=HEALTH)).status == SERVES_NOTHING:
        what = f"GET {HEALTH} answers {SERVES_NOTHING}: empty, as before the first blue-green release"
        raise Empty(f"{what}; after one, see why it is not well")
    return _answers_to_get(conn_id, HEALTH)


def _answers_to_get(conn_id: str, wanted: str) -> str:
    """Return the first good answer. Raises ConnectionError.

    A path that is not there says nothing of the service, nor does a guarded one where another is open; but
    what a watch or a user reads must be open itself.
    """
    bad: list[tuple[str, int]] = []
    for path in dict.fromkeys((wanted, VERSION, "/")):
        status = ask(Question(conn_id=conn_id, path=path)).status
        if status < 400:
            return f"GET {path} answers {status}"
        bad.append((path, status))
        only_asked = path != wanted or wanted == HEALTH
        if status != 404 and not (status in GUARDED and only_asked):
            break
    path, status = next((each for each in reversed(bad) if each[1] != 404), bad[-1])
    raise ConnectionError(f"GET {path} answers {status}. Is it the right address, and is the service well?")


def _site(run: Run) -> str:
    return _answers_to_get(run.environment.site, "/")


def _folder(role: str, *, written: bool = True) -> Callable[[Run], str]:
    def look(run: Run) -> str:
        path = folder(run, role)
        if written and not os.access(path, os.W_OK):
            raise PermissionError(f"{path} cannot be written. Give the worker's user the right to")
        return f"folder {path}"

    return look


def _repository(run: Run) -> str:
    try:
        Repository.of(run).resolve("")  # no tag has this name: a repository that can be read says so
    except UnknownVersion as answer:
        return f"repository {answer.repository}"
    return "repository"


def _remote(run: Run) -> str:
    remote = Remote.of(run, "remote")
    return f"repository {remote.url}, {len(remote.heads())} branches"


_TRIES: Mapping[str, Callable[[Run], str]] = MappingProxyType(
    {
        "database": _database,
        "service": _service,
        "host": _folder("host"),
        "repository": _repository,
        "probe": _probe,
        "backups": _folder("backups"),
        "workspace": _folder("workspace"),
        "remote": _remote,
        "heroku": heroku_api.look,
        "heroku_data": heroku_api.look_at_data,
        "artifacts": _folder("artifacts", written=False),
        "azure": azure_api.look,
        "green": _green,
        "site": _site,
        "app_configuration": app_configuration_api.look,
        "aws": aws_api.look,
        "cluster": kubernetes_api.look,
        "server": ssh_api.look,
        "launchdarkly": launchdarkly_api.look,
        "sentry": sentry.look,
        "prometheus": prometheus.look,
    }
)


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
