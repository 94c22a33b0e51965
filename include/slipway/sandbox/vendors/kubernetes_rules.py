"""What a Kubernetes API server knows of its kinds: what it refuses, and what it fills in."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Object = dict[str, Any]
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))  # minute, hour, day of month, month, day of week
_NAMES = {
    name: number
    for names in ("sun mon tue wed thu fri sat", " jan feb mar apr may jun jul aug sep oct nov dec")
    for number, name in enumerate(names.split(" "))
    if name
}
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_PART = re.compile(r"(\*|\?|[a-z0-9]+(?:-[a-z0-9]+)?)(?:/(\d+))?", re.IGNORECASE)


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
    """The server answers with a Status."""

    def __init__(self, status: int, said: str, reason: str = "") -> None:
        self.status, self.said, self.reason = status, said, reason or REASONS.get(status, "")
        super().__init__(said)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind that the server has."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True
    refuse: Callable[[Object], Iterator[str]] = lambda value: iter(())
    fill: Callable[[Object], None] = lambda value: None


def refusals(resource: Resource, value: Object) -> list[str]:
    """Return what is wrong with an object, in the server's words."""
    name = str(value.get("metadata", {}).get("name", ""))
    wrong = [] if _NAME.fullmatch(name) else [f"metadata.name: Invalid value: {name!r}: not an RFC 1123 name"]
    return wrong + list(resource.refuse(value))


def filled(resource: Resource, value: Object) -> Object:
    """Return an object with the defaults that the server adds."""
    whole = deepcopy(value)
    resource.fill(whole)
    return whole


def schedule_fault(text: str) -> str:
    """Return what is wrong with a CronJob's schedule, "" if nothing is (five fields, or a macro)."""
    if "TZ" in text:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if text.startswith("@"):
        good = text in _MACROS or re.fullmatch(r"@every (\d+(h|m|s))+", text)
        return "" if good else f"unrecognized descriptor: {text}"
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(parts)}: [{text}]"
    wrong = [part for part, limits in zip(parts, _FIELDS, strict=True) if not _fits(part, *limits)]
    return f"failed to parse {wrong[0]}" if wrong else ""


def _fits(field: str, low: int, high: int) -> bool:
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match or match[2] == "0":
            return False
        if match[1] in "*?":
            continue
        bounds = [_NAMES.get(each.lower(), each) for each in match[1].split("-")]
        if not all(isinstance(each, int) or each.isdigit() for each in bounds):
            return False
        numbers = [int(each) for each in bounds]
        if numbers != sorted(numbers) or not all(low <= number <= high for number in numbers):
            return False
    return True


def _pod(spec: Any, path: str, *, restart: tuple[str, ...] = ("Always",)) -> Iterator[str]:
    if not isinstance(spec, dict) or not spec.get("containers"):
        yield f"{path}.containers: Required value"
        return
    if spec.get("restartPolicy", "Always") not in restart:
        given = spec.get("restartPolicy", "Always")
        yield f"{path}.restartPolicy: Unsupported value: {given!r}: supported values: {', '.join(restart)}"
    for index, container in enumerate(spec["containers"]):
        for key in ("name", "image"):
            if not container.get(key):
                yield f"{path}.containers[{index}].{key}: Required value"


def _job(value: Object, path: str = "spec") -> Iterator[str]:
    spec = value.get("spec", {}).get("template", {}).get("spec")
    yield from _pod(spec, f"{path}.template.spec", restart=("OnFailure", "Never"))


def _cron_job(value: Object) -> Iterator[str]:
    spec = value.get("spec", {})
    schedule = spec.get("schedule")
    if not schedule:
        yield "spec.schedule: Required value"
    elif wrong := schedule_fault(str(schedule)):
        yield f"spec.schedule: Invalid value: {schedule!r}: {wrong}"
    if spec.get("concurrencyPolicy", "Allow") not in {"Allow", "Forbid", "Replace"}:
        yield f"spec.concurrencyPolicy: Unsupported value: {spec['concurrencyPolicy']!r}"
    if not isinstance(spec.get("suspend", False), bool):
        yield "spec.suspend: Invalid value: must be a boolean"
    if "jobTemplate" not in spec:
        yield "spec.jobTemplate: Required value"
    else:
        yield from _job(spec["jobTemplate"], "spec.jobTemplate.spec")


def _deployment(value: Object) -> Iterator[str]:
    spec = value.get("spec", {})
    template = spec.get("template", {})
    chosen = spec.get("selector", {}).get("matchLabels", {})
    labels = template.get("metadata", {}).get("labels", {})
    if not chosen:
        yield "spec.selector: Required value"
    elif any(labels.get(key) != text for key, text in chosen.items()):
        yield "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
    yield from _pod(template.get("spec"), "spec.template.spec")


def _config_map(value: Object) -> Iterator[str]:
    for key, text in (value.get("data") or {}).items():
        if not isinstance(text, str):
            yield f"data.{key}: Invalid value: must be a string"


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
