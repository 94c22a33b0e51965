"""Whether an object of a Kubernetes cluster is there and as it should be, or is gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from slipway.kinds import Check
from slipway.masking import MASK
from slipway.run import Finding, Json, Run
from slipway.steps.kubernetes_api import Reference, cluster
from slipway.words import Answer

_SECRET = ("data", "stringData")


@dataclass(frozen=True, kw_only=True)
class KubernetesObject(Check):
    """Read an object and compare some of its fields.

    :param object_kind: e.g. "Deployment"
    :param object_name: e.g. "api"
    :param api_version: e.g. "apps/v1"
    :param namespace: left out for a kind without namespaces
    :param expect: values by field, keys joined by dots, e.g. {"spec.replicas": 3}; a field that is not there
        is null. Of a Secret's `data` and `stringData` no value is shown, and prove lets none be expected
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
    hidden = {path for path in secret_fields(reference.kind, expect) if held[path] is not None}
    values = {path: MASK if path in hidden else value for path, value in held.items()}
    wrong = [
        f"{path} is {values[path]!r}, not {value!r}" for path, value in expect.items() if held[path] != value
    ]
    evidence = {"there": True, "values": values, "expected": dict(expect)}
    if wrong:
        return Finding(answer=Answer.FAIL, summary=f"{reference}: {'; '.join(wrong)}", evidence=evidence)
    shown = ", ".join(f"{path} is {value!r}" for path, value in values.items()) or "it is there"
    return Finding(answer=Answer.PASS, summary=f"{reference}: {shown}", evidence=evidence)


def secret_fields(kind: str, fields: Iterable[str]) -> tuple[str, ...]:
    """Return those of an object's fields that hold what a Secret keeps."""
    return tuple(each for each in fields if kind == "Secret" and each.partition(".")[0] in _SECRET)


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
