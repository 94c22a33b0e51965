"""Whether an object of a Kubernetes cluster is there and as it should be, or is gone."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Check
from slipway.masking import MASK
from slipway.run import Finding, Json, Run
from slipway.steps.kubernetes_api import Reference, cluster
from slipway.words import Answer

# All else of a Secret may hold what it keeps, e.g. the annotation in which kubectl leaves what it applied.
_OPEN = ("type", "immutable", "metadata.name", "metadata.namespace", "metadata.labels")
_OPEN_UNDER = tuple(f"{field}." for field in _OPEN)


@dataclass(frozen=True, kw_only=True)
class KubernetesObject(Check):
    """Read an object and compare some of its fields.

    :param object_kind: e.g. "Deployment"
    :param object_name: e.g. "api"
    :param api_version: e.g. "apps/v1"
    :param namespace: left out for a kind without namespaces
    :param expect: values by field, keys joined by dots, e.g. {"spec.replicas": 3}; a field that is not there
        is null. Of a Secret only its type, its names and labels are shown, and may be expected
    :param absent: whether it must not be there; what a CronJob has made must be gone as well
    """

    object_kind: str
    object_name: str
    api_version: str
    namespace: str = ""
    expect: Mapping[str, Json] = field(default_factory=dict)
    absent: bool = False

    kind: ClassVar[str] = "kubernetes_object"
    needs: ClassVar[tuple[str, ...]] = ("cluster",)

    @property
    def reference(self) -> Reference:
        """Which object."""
        return Reference(
            api_version=self.api_version,
            kind=self.object_kind,
            name=self.object_name,
            namespace=self.namespace,
        )

    def probe(self, run: Run) -> Finding:
        """Read and compare. Raises KindUnknown and the faults of a vendor."""
        with cluster(run) as opened:
            found = opened.get(self.reference)
            jobs = [each.name for each in opened.jobs_of(self.reference)] if self.absent else []
        if self.absent:
            return _gone(self.reference, found is not None, jobs)
        return compared(self.reference, found, self.expect)


def compared(reference: Reference, found: Mapping[str, Json] | None, expect: Mapping[str, Json]) -> Finding:
    """Say whether an object is there with the fields that are expected."""
    if found is None:
        return Finding(answer=Answer.FAIL, summary=f"{reference} is not there", evidence={"there": False})
    held = {path: _field(found, path) for path in expect}
    hidden = secret_fields(reference.kind, expect)
    values, expected = _shown(held, hidden), _shown(expect, hidden)
    wrong = [
        f"{path} is {values[path]!r}, not {expected[path]!r}" for path in expect if held[path] != expect[path]
    ]
    evidence = {"there": True, "values": values, "expected": expected}
    if wrong:
        return Finding(answer=Answer.FAIL, summary=f"{reference}: {'; '.join(wrong)}", evidence=evidence)
    shown = ", ".join(f"{path} is {value!r}" for path, value in values.items()) or "it is there"
    return Finding(answer=Answer.PASS, summary=f"{reference}: {shown}", evidence=evidence)


def secret_fields(kind: str, fields: Iterable[str]) -> tuple[str, ...]:
    """Return those of an object's fields that may hold what a Secret keeps."""
    return tuple(each for each in fields if kind == "Secret" and not f"{each}.".startswith(_OPEN_UNDER))


def _shown(values: Mapping[str, Json], hidden: Container[str]) -> dict[str, Json]:
    return {path: MASK if path in hidden and value is not None else value for path, value in values.items()}


def _gone(reference: Reference, there: bool, jobs: list[str]) -> Finding:
    evidence = {"there": there, "jobs": jobs}
    if there:
        return Finding(answer=Answer.FAIL, summary=f"{reference} is still there", evidence=evidence)
    if jobs:
        summary = f"{reference} is gone, and its jobs are not: {', '.join(jobs)}"
        return Finding(answer=Answer.FAIL, summary=summary, evidence=evidence)
    return Finding(answer=Answer.PASS, summary=f"{reference} is not there", evidence=evidence)


def _field(value: Json, path: str) -> Json:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
