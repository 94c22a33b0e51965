"""What a Kubernetes API server knows of its kinds: what it refuses, and what it fills in."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from slipway.sandbox.vendors.kubernetes_causes import (
    Cause,
    choices,
    invalid,
    no_less_than_zero,
    required,
)
from slipway.sandbox.vendors.kubernetes_pods import pod
from slipway.sandbox.vendors.kubernetes_schedule import schedule_fault, time_zone_fault
from slipway.sandbox.vendors.kubernetes_schema import QUANTITY, misfits, quantities, without_nulls

Object = dict[str, Any]
CRON_JOB_LENGTH = 52  # characters; its jobs are named after it, with 11 more
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NO_NAME = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_NAME.pattern}')"
)
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_NO_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    f"'KEY_NAME',  or 'key-name', regex used for validation is '{_KEY.pattern}')"
)
_CRON_JOB_COUNTS = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
_JOB_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "ttlSecondsAfterFinished",
)
_DEPLOYMENT_COUNTS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")


REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class Refused(Exception):
    """The server answers with a Status, with details if it knows them."""

    def __init__(self, status: int, said: str, reason: str = "", details: Object | None = None) -> None:
        self.status, self.said, self.reason = status, said, reason or REASONS.get(status, "")
        self.details = details
        super().__init__(said)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind that the server has."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True
    refuse: Callable[[Object], Iterator[Cause]] = lambda value: iter(())
    fill: Callable[[Object], None] = lambda value: None


def refusals(resource: Resource, value: Object) -> list[Cause]:
    """Return what is wrong with the fields of an object. Raises Refused if it cannot be read as its kind."""
    _decode(resource, value)
    given = without_nulls(value)
    name = str(given.get("metadata", {}).get("name", ""))
    wrong = [] if _NAME.fullmatch(name) else [invalid("metadata.name", name, _NO_NAME)]
    return wrong + list(resource.refuse(given))


def _decode(resource: Resource, value: Object) -> None:
    """Refuse what cannot be read as the kind."""
    version = resource.group.rpartition("/")[2]
    cannot = f'{resource.kind} in version "{version}" cannot be handled as a {resource.kind}'
    if wrong := misfits(resource.kind, value):
        listed = ", ".join(each.of_a_decoder for each in wrong)
        raise Refused(400, f"{cannot}: strict decoding error: {listed}")
    if any(amount is None for _, amount in quantities(value)):
        raise Refused(400, f"{cannot}: quantities must match the regular expression '{QUANTITY}'")


def filled(resource: Resource, value: Object) -> Object:
    """Return an object with the defaults that the server adds."""
    whole: Object = deepcopy(without_nulls(value))
    resource.fill(whole)
    return whole


def _job(value: Object) -> Iterator[Cause]:
    yield from _job_spec(value.get("spec", {}), "spec")


def _job_spec(spec: Object, path: str) -> Iterator[Cause]:
    yield from no_less_than_zero(spec, path, *_JOB_COUNTS)
    replacement = ("TerminatingOrFailed", "Failed")
    yield from choices(spec, path, completionMode=("NonIndexed", "Indexed"), podReplacementPolicy=replacement)
    template = spec.get("template", {}).get("spec", {})
    yield from pod(template, f"{path}.template.spec", ("OnFailure", "Never"))


def _cron_job(value: Object) -> Iterator[Cause]:
    name, spec = str(value.get("metadata", {}).get("name", "")), value.get("spec", {})
    if len(name) > CRON_JOB_LENGTH:
        yield invalid("metadata.name", name, f"must be no more than {CRON_JOB_LENGTH} characters")
    yield from _timing(spec)
    yield from no_less_than_zero(spec, "spec", *_CRON_JOB_COUNTS)
    yield from choices(spec, "spec", concurrencyPolicy=("Allow", "Forbid", "Replace"))
    if "jobTemplate" not in spec:
        yield required("spec.jobTemplate")
        return
    job = spec["jobTemplate"].get("spec", {})
    if "selector" in job:
        yield invalid("spec.jobTemplate.spec.selector", job["selector"], "`selector` will be auto-generated")
    yield from _job_spec(job, "spec.jobTemplate.spec")


def _timing(spec: Object) -> Iterator[Cause]:
    schedule = spec.get("schedule")
    if not schedule:
        yield required("spec.schedule")
    elif wrong := schedule_fault(schedule):
        yield invalid("spec.schedule", schedule, wrong)
    if "timeZone" in spec and (wrong := time_zone_fault(spec["timeZone"])):
        yield invalid("spec.timeZone", spec["timeZone"], wrong)


def _deployment(value: Object) -> Iterator[Cause]:
    spec = value.get("spec", {})
    template = spec.get("template", {})
    chosen = spec.get("selector", {}).get("matchLabels", {})
    labels = template.get("metadata", {}).get("labels", {})
    if not chosen:
        yield required("spec.selector")
    elif any(labels.get(key) != text for key, text in chosen.items()):
        said = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", labels, said)
    yield from no_less_than_zero(spec, "spec", *_DEPLOYMENT_COUNTS)
    yield from choices(spec.get("strategy", {}), "spec.strategy", type=("Recreate", "RollingUpdate"))
    yield from pod(template.get("spec", {}), "spec.template.spec", ("Always",))


def _config_map(value: Object) -> Iterator[Cause]:
    for part in ("data", "binaryData"):
        for key in value.get(part, {}):
            if not _KEY.fullmatch(key):
                yield invalid(f"{part}[{key}]", key, _NO_KEY)


def _fill_pod(spec: Object) -> None:
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    for container in spec["containers"]:
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")


def _fill_cron_job(value: Object) -> None:
    spec = value["spec"]
    spec.setdefault("suspend", False)
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    _fill_pod(spec["jobTemplate"]["spec"]["template"]["spec"])


def _fill_workload(value: Object) -> None:
    _fill_pod(value["spec"]["template"]["spec"])


def _fill_deployment(value: Object) -> None:
    value["spec"].setdefault("replicas", 1)
    value["spec"].setdefault("revisionHistoryLimit", 10)
    _fill_workload(value)


RESOURCES: Mapping[tuple[str, str], Resource] = MappingProxyType(
    {
        (each.group, each.plural): each
        for each in (
            Resource(group="v1", plural="namespaces", kind="Namespace", namespaced=False),
            Resource(group="v1", plural="configmaps", kind="ConfigMap", refuse=_config_map),
            Resource(
                group="batch/v1",
                plural="cronjobs",
                kind="CronJob",
                refuse=_cron_job,
                fill=_fill_cron_job,
            ),
            Resource(group="batch/v1", plural="jobs", kind="Job", refuse=_job, fill=_fill_workload),
            Resource(
                group="apps/v1",
                plural="deployments",
                kind="Deployment",
                refuse=_deployment,
                fill=_fill_deployment,
            ),
        )
    }
)
