"""What a Kubernetes API server refuses in a pod."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from slipway.sandbox.vendors.kubernetes_causes import (
    TOO_SMALL,
    Cause,
    choices,
    duplicate,
    invalid,
    no_less_than_zero,
    quoted,
    required,
)
from slipway.sandbox.vendors.kubernetes_schema import quantities

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_LENGTH = 63  # characters
_NO_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    f"'{_LABEL.pattern}')"
)
_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL = ("Always", "IfNotPresent", "Never")
_MESSAGES = ("File", "FallbackToLogsOnError")


def pod(spec: dict[str, Any], path: str, restart: Sequence[str]) -> Iterator[Cause]:
    """Yield what is wrong with a pod.

    :param restart: the restart policies that the pod's owner can have
    """
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    yield from choices(spec, path, restartPolicy=_RESTART, dnsPolicy=_DNS)
    policy = spec.get("restartPolicy", "Always")
    if policy in _RESTART and policy not in restart:
        yield required(f"{path}.restartPolicy", f"valid values: {quoted(restart)}")
    yield from no_less_than_zero(spec, path, "terminationGracePeriodSeconds")
    names: set[str] = set()
    for key in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(key, ())):
            yield from _container(container, f"{path}.{key}[{index}]", names)


def _container(container: dict[str, Any], path: str, names: set[str]) -> Iterator[Cause]:
    yield from (required(f"{path}.{key}") for key in ("name", "image") if not container.get(key))
    if name := container.get("name"):
        if len(name) > _LABEL_LENGTH:
            yield invalid(f"{path}.name", name, f"must be no more than {_LABEL_LENGTH} characters")
        if not _LABEL.fullmatch(name):
            yield invalid(f"{path}.name", name, _NO_LABEL)
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
    yield from choices(container, path, imagePullPolicy=_PULL, terminationMessagePolicy=_MESSAGES)
    for index, variable in enumerate(container.get("env", ())):
        if not variable.get("name"):
            yield required(f"{path}.env[{index}].name")
    for place, amount in quantities(container, path):
        if amount is not None and amount < 0:
            yield invalid(place, str(amount), TOO_SMALL)
