"""Faults of steps: no undo, no backup, no connection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slipway.checks.journey import Journey
from slipway.checks.kubernetes_object import KubernetesObject, secret_fields
from slipway.environment import ROLES, Environment
from slipway.errors import Fault
from slipway.graph import ReleaseGraph
from slipway.kinds import Check, Checklist, Step, Undo
from slipway.plan import Plan
from slipway.prove.places import Placed, items, place, production_steps
from slipway.prove.wording import choose, listed
from slipway.run import Json
from slipway.steps.airflow_task import AirflowTask
from slipway.steps.apply_manifest import ApplyManifest
from slipway.steps.delete_manifest import DeleteManifest
from slipway.steps.manifests import written_out
from slipway.steps.run_check import check_of
from slipway.words import Phase


@dataclass(frozen=True)
class MissingUndo(Fault):
    """A production step with neither an undo nor a reason why it has none."""

    kind: str

    @property
    def what(self) -> str:
        return f"this {self.kind} step changes production and has no undo"

    @property
    def mend(self) -> str:
        return (
            "Give it an undo, or say why there is nothing to undo (leaves_nothing=...) "
            "or why it cannot be undone (irreversible=...)"
        )


@dataclass(frozen=True)
class MigrationWithoutBackup(Fault):
    """A migration with no backup before it in the same environment."""

    environment: str

    @property
    def what(self) -> str:
        return f"it migrates data of {self.environment}, and no step before it backs that up"

    @property
    def mend(self) -> str:
        return "Put a backup step, e.g. BackUpPostgres, before it in the same list"


@dataclass(frozen=True)
class EnvironmentLacksConnection(Fault):
    """A step, check or metric that connects to something that its environment does not have."""

    role: str
    environment: str
    given: tuple[str, ...]

    @property
    def what(self) -> str:
        return f'it needs the {self.environment} environment\'s "{self.role}" connection, which is not given'

    @property
    def mend(self) -> str:
        if self.role not in ROLES:
            return choose(self.role, ROLES, "connections")
        return f'Give the environment {self.role}="<connection id>"; it has {listed(self.given)}'


@dataclass(frozen=True)
class NegativeRetries(Fault):
    """A step that would be tried fewer times than once."""

    retries: int

    @property
    def what(self) -> str:
        return f"retries is {self.retries}"

    @property
    def mend(self) -> str:
        return "Use 0 for a single try, or more"


@dataclass(frozen=True)
class SecretInPlan(Fault):
    """An object of a cluster, in the plan itself, with a secret: the repository and Airflow would keep it.

    :param named: e.g. "DB_PASSWORD", "Secret db"
    """

    named: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"its manifest has {listed(self.named)} written out"

    @property
    def mend(self) -> str:
        return "Let your secret store bring it into the cluster, and take it by valueFrom.secretKeyRef"


@dataclass(frozen=True)
class SecretExpected(Fault):
    """A check of a cluster that compares what a Secret may keep: the plan would hold it.

    :param fields: e.g. "data.password"
    """

    fields: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"it expects a value of {listed(self.fields)}, where a Secret may keep what is secret"

    @property
    def mend(self) -> str:
        return "Expect that the Secret is there, or compare what is no secret, e.g. metadata.labels"


@dataclass(frozen=True)
class NeverFilled(Fault):
    """A journey that must not find a text with a variable that nothing fills: it would always pass.

    :param variables: e.g. "verison"
    """

    variables: tuple[str, ...]

    @property
    def what(self) -> str:
        return f"a call's text_lacks has {listed(self.variables)}, which nothing fills: it is never found"

    @property
    def mend(self) -> str:
        return (
            "Capture it in an earlier call, or use {version}, {release_id} or a journey_ of the connection; "
            "HttpCheck takes braces as they stand"
        )


@dataclass(frozen=True)
class NothingToDeploy(Fault):
    """A plan without a production step."""

    @property
    def what(self) -> str:
        return "there is no step, so a release would change nothing"

    @property
    def mend(self) -> str:
        return "Add the steps that the document lists for production"


@dataclass(frozen=True)
class ImpossibleOperator(Fault):
    """An Airflow operator that cannot be made as the plan says.

    :param reason: the fault and, after the first full stop, its mend
    """

    reason: str

    @property
    def what(self) -> str:
        return self.reason.partition(". ")[0]

    @property
    def mend(self) -> str:
        return self.reason.partition(". ")[2].rstrip(".")


def faults(graph: ReleaseGraph) -> Iterator[Fault]:
    """Yield the faults of steps."""
    if not graph.plan.on_production:
        yield NothingToDeploy("on_production")
    for each in production_steps(graph.plan):
        assert isinstance(each.item, Step)
        if each.item.undoing().undo is Undo.MISSING:
            yield MissingUndo(each.place, each.item.kind)
    yield from _without_backup(graph.plan)
    yield from _without_connection(graph.plan)
    for each in items(graph.plan):
        if isinstance(each.item, Step) and each.item.retries < 0:
            yield NegativeRetries(each.place, each.item.retries)
        if isinstance(each.item, ApplyManifest | DeleteManifest) and (named := _secrets(each.item.manifest)):
            yield SecretInPlan(each.place, named)
        look = check_of(each.item)
        if fields := _secrets_expected(look):
            yield SecretExpected(each.place, fields)
        if isinstance(look, Journey) and look.unfilled:
            yield NeverFilled(each.place, look.unfilled)
        if isinstance(each.item, AirflowTask):
            yield from (ImpossibleOperator(each.place, reason) for reason in each.item.faults())


def _secrets(manifest: str | Mapping[str, Json]) -> tuple[str, ...]:
    """Return what an object in the plan has written out; a file comes with the version and is read then."""
    if isinstance(manifest, str):
        return ()
    about = manifest.get("metadata")
    name = about.get("name", "") if isinstance(about, Mapping) else ""
    whole = (f"Secret {name}".strip(),) if manifest.get("kind") == "Secret" else ()
    return (*whole, *written_out(manifest))


def _secrets_expected(check: Check | None) -> tuple[str, ...]:
    if not isinstance(check, KubernetesObject):
        return ()
    wanted = [field for field, value in check.expect.items() if value is not None]
    return secret_fields(check.object_kind, wanted)


def _without_backup(plan: Plan) -> Iterator[Fault]:
    everything = [each for each in items(plan) if isinstance(each.item, Step)]
    on_staging = [each for each in everything if each.phase is Phase.STAGING]
    for steps in (on_staging, production_steps(plan)):
        backed_up = False
        for each in steps:
            assert isinstance(each.item, Step)
            backed_up = backed_up or each.item.backs_up
            if each.item.migrates and not backed_up:
                yield MigrationWithoutBackup(each.place, each.environment.label)


def _without_connection(plan: Plan) -> Iterator[Fault]:
    for each in items(plan):
        if not isinstance(each.item, Checklist):
            environment = _looks_at(plan, each)
            measured = tuple(metric.source for metric in getattr(each.item, "metrics", ()))
            yield from _lacking(each.place, environment, tuple(dict.fromkeys((*each.item.needs, *measured))))
    for index, metric in enumerate(plan.watch.metrics):
        yield from _lacking(place("watch.metrics", index, metric.name), plan.production, (metric.source,))


def _looks_at(plan: Plan, each: Placed) -> Environment:
    named = {"staging": plan.staging, "production": plan.production}
    return named.get(each.item.on, each.environment) if isinstance(each.item, Check) else each.environment


def _lacking(spot: str, environment: Environment, needs: tuple[str, ...]) -> Iterator[Fault]:
    given = tuple(role for role in ROLES if environment.connection(role))
    for role in needs:
        if role not in given:
            yield EnvironmentLacksConnection(spot, role, environment.name, given)
