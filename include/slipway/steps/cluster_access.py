"""What the login may do with the objects of a manifest, as the cluster itself says."""

import json
from collections.abc import Iterator, Mapping, Sequence

from slipway.run import Json, Run
from slipway.steps.faults.artifacts import ArtifactMissing
from slipway.steps.faults.kubernetes import RightsMissing
from slipway.steps.kubernetes_api import Cluster, Reference, cluster
from slipway.steps.manifests import manifests

_GROUP, _KIND = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
_UNNAMED = frozenset({"create", "list"})  # verbs that a Role cannot allow for one name


def look_at_rights(run: Run, given: str | Mapping[str, Json], namespace: str, verbs: Sequence[str]) -> str:
    """Say what the login may do with each object of a manifest, and with the jobs of a CronJob.

    A manifest that is not there yet is no fault. Raises RightsMissing, KindUnknown, what `manifests` raises
    and the faults of a vendor.
    """
    later = f"its manifest comes with the version ({given})"
    if isinstance(given, str) and "{version}" in given:
        return later
    try:
        references = list(manifests(run, given, namespace))
    except ArtifactMissing:
        return later
    with cluster(run) as opened:
        rights = dict(_rights(opened, wanted, verbs_of) for wanted, verbs_of in _wanted(references, verbs))
        missing = [f"{', '.join(lacking)} {place}" for place, (_, lacking) in rights.items() if lacking]
        if missing:
            raise RightsMissing(opened.conn_id, missing)
    return "may " + "; ".join(f"{', '.join(allowed)} {place}" for place, (allowed, _) in rights.items())


def _wanted(
    references: Sequence[Reference], verbs: Sequence[str]
) -> Iterator[tuple[Reference, Sequence[str]]]:
    for each in references:
        yield each, verbs
        if each.kind == "CronJob":
            jobs = Reference(api_version="batch/v1", kind="Job", name="", namespace=each.namespace)
            yield jobs, ("list", "delete")


def _rights(
    opened: Cluster, wanted: Reference, verbs: Sequence[str]
) -> tuple[str, tuple[list[str], list[str]]]:
    """Return the objects in words, with the verbs that are allowed and those that are not."""
    row = opened.resource(wanted)
    space = f" in namespace {wanted.namespace}" if row["namespaced"] else ""
    name = f" {wanted.name}" if wanted.name else ""
    allowed = [verb for verb in verbs if _may(opened, wanted, row, verb)]
    return f"{row['name']}{name}{space}", (allowed, [verb for verb in verbs if verb not in allowed])


def _may(opened: Cluster, wanted: Reference, row: Mapping[str, Json], verb: str) -> bool:
    """Ask by SelfSubjectAccessReview, which is answered and not kept."""
    group, _, version = wanted.api_version.rpartition("/")
    attributes = {
        "verb": verb,
        "group": group,
        "version": version,
        "resource": row["name"],
        "namespace": wanted.namespace if row["namespaced"] else "",
        "name": "" if verb in _UNNAMED else wanted.name,
    }
    review = {"apiVersion": _GROUP, "kind": _KIND, "spec": {"resourceAttributes": attributes}}
    what = f"ask whether the login may {verb} {row['name']}"
    answer = opened.ask("POST", f"/apis/{_GROUP}/{_KIND.lower()}s", json.dumps(review), what=what)
    return bool(answer["status"]["allowed"])
