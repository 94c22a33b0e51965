"""Faults of Kubernetes and of the manifests that are applied there.

StepFailed (another try may help)
|- NotAsApplied, NotAsBefore
StepImpossible (no second try)
`- ClusterUnclear, ManifestUnreadable, KindUnknown, SecretInManifest, SecretInEnvironment, ObjectTooLarge,
   ChangedSince, RightsMissing
"""

from collections.abc import Sequence

from slipway.errors import StepFailed, StepImpossible
from slipway.vendor_faults import (
    AccessRefused,
    CallRefused,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
)

KUBERNETES = "Kubernetes"

# Server-side apply answers 500 to a field that its schema lacks (kubernetes/kubernetes#122480).
_UNTYPED = "failed to create typed patch object"


class ClusterUnclear(StepImpossible):
    """The connection does not say which cluster."""

    def __init__(self, conn_id: str, why: str) -> None:
        self.conn_id, self.why = conn_id, why
        super().__init__(
            f'The connection "{conn_id}": {why}. Give host and a token as the password, or one of '
            "kube_config, kube_config_path and in_cluster in its extra."
        )


class ManifestUnreadable(StepImpossible):
    """A manifest is no YAML, or not the description of an object."""

    def __init__(self, place: str, why: str) -> None:
        self.place, self.why = place, why
        super().__init__(f"{place}: {why}. Correct the manifest.")


class KindUnknown(StepImpossible):
    """The cluster does not serve this kind."""

    def __init__(self, api_version: str, kind: str, valid: Sequence[str]) -> None:
        self.api_version, self.kind, self.valid = api_version, kind, tuple(valid)
        listed = ", ".join(self.valid) or "no kinds"
        super().__init__(f"{KUBERNETES}: {api_version} has no {kind}. It has: {listed}. Mend the manifest.")


class SecretInManifest(StepImpossible):
    """A Secret: the state before would carry its values into Airflow's database."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"{place}: a Secret is not applied by a release, because its values would be kept as evidence. "
            "Let your secret store bring it into the cluster."
        )


class SecretInEnvironment(StepImpossible):
    """A container's `env` or arguments with a secret written out: the state before would carry it as well."""

    def __init__(self, place: str, names: Sequence[str]) -> None:
        self.place, self.names = place, tuple(names)
        super().__init__(
            f"{place}: a container has {', '.join(self.names)} written out, which would be kept as evidence. "
            "Nothing was touched. Take it from a Secret by valueFrom.secretKeyRef; what is no secret, from a "
            "ConfigMap by valueFrom.configMapKeyRef."
        )


class ObjectTooLarge(StepImpossible):
    """The object before is too large to be kept as evidence."""

    def __init__(self, place: str, size: int, limit: int) -> None:
        self.place, self.size, self.limit = place, size, limit
        super().__init__(
            f"{place}: is {size:,} bytes of JSON; up to {limit:,} are kept for an undo. Nothing was touched. "
            "Split the object."
        )


class NotAsApplied(StepFailed):
    """The cluster took the manifest, and shows something else."""

    def __init__(self, place: str, differences: Sequence[str]) -> None:
        self.place, self.differences = place, tuple(differences)
        super().__init__(
            f"{place}: does not read back as applied: {'; '.join(self.differences[:5])}. See which "
            "controller or admission webhook changes it."
        )


class NotAsBefore(StepFailed):
    """After an undo the object is not what it was."""

    def __init__(self, place: str, differences: Sequence[str]) -> None:
        self.place, self.differences = place, tuple(differences)
        super().__init__(
            f"{place}: is not as it was before the release: {'; '.join(self.differences[:5])}. See which "
            "controller or admission webhook changes it."
        )


class ChangedSince(StepImpossible):
    """An object is neither as a step left it nor as it was before."""

    def __init__(self, place: str, differences: Sequence[str]) -> None:
        self.place, self.differences = place, tuple(differences)
        super().__init__(
            f"{place}: somebody else changed it since this release: {'; '.join(self.differences[:5])}. "
            "Nothing was put back. Ask who did; if theirs is to stay, mark this task success, else apply "
            "this release's manifest again and clear it."
        )


class RightsMissing(StepImpossible):
    """The login may not do what a step would do with its objects."""

    def __init__(self, conn_id: str, missing: Sequence[str]) -> None:
        self.conn_id, self.missing = conn_id, tuple(missing)
        super().__init__(
            f'{KUBERNETES}: the login of the connection "{conn_id}" may not {"; ".join(self.missing)}. Bind '
            "a Role with these verbs to it there (a ClusterRole for what is in no namespace)."
        )


def fault_of(call: str, conn_id: str, status: int, said: str, wait: float | None) -> Exception:
    """Return the fault that an HTTP status stands for."""
    if status in {401, 403}:
        return AccessRefused(KUBERNETES, call, conn_id, status, said)
    if status == 404:
        mend = "See that namespace and name in the plan are right and that the connection may see them."
        return NotThere(KUBERNETES, call, said, mend)
    if status == 409:
        mend = "Another one changed or holds the object; the next try looks anew."
        return InTheWay(KUBERNETES, call, said, mend)
    if status == 429:
        return TooManyCalls(KUBERNETES, call, wait)
    if status >= 500 and _UNTYPED not in said:
        return VendorBroken(KUBERNETES, call, status, said)
    return CallRefused(KUBERNETES, call, status, said, "Correct the manifest.")
