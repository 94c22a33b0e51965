"""The Kubernetes API through the kubernetes client: one object at a time, its errors as faults."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway import vendor
from slipway.run import Json, Run
from slipway.steps.faults.kubernetes import KUBERNETES, ClusterUnclear, KindUnknown, fault_of
from slipway.steps.reach import connection
from slipway.vendor_faults import AnswerUnreadable, TooManyCalls, VendorBroken, VendorUnreachable

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

MANAGER = "slipway"  # the field manager of what is applied
TIMEOUT = (10.0, 30.0)  # seconds to connect and to answer


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Which object: what its manifest says of it."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{place}"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster, reached through the environment's `kubernetes` connection."""

    client: ApiClient
    conn_id: str
    run: Run

    def get(self, reference: Reference) -> dict[str, Json] | None:
        """Return an object, None if it is not there."""
        answer = self.ask("GET", self._path(reference), what=f"get {reference}", absent_is_fine=True)
        return None if answer is None else dict(answer)

    def apply(self, reference: Reference, manifest: Mapping[str, Json], *, force: bool) -> None:
        """Apply a manifest on the server's side: done twice it is done once.

        :param force: take over fields that another manager has set, as `kubectl apply` does
        """
        path = f"{self._path(reference)}?fieldManager={MANAGER}&force={str(force).lower()}"
        body = json.dumps(manifest)  # JSON is YAML
        self.ask("PATCH", path, body, what=f"apply {reference}", content_type="application/apply-patch+yaml")

    def replace(self, reference: Reference, body: Mapping[str, Json]) -> None:
        """Put a whole object in the place of another one."""
        self.ask("PUT", self._path(reference), json.dumps(body), what=f"replace {reference}")

    def create(self, reference: Reference, body: Mapping[str, Json]) -> None:
        """Create an object; one that is there already is a fault (409)."""
        path = self._path(reference).rpartition("/")[0]
        self.ask("POST", path, json.dumps(body), what=f"create {reference}")

    def delete(self, reference: Reference) -> None:
        """Delete an object and what it has made, which goes first; not being there is fine."""
        body = json.dumps({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"})
        path = self._path(reference)
        self.ask("DELETE", path, body, what=f"delete {reference}", absent_is_fine=True)

    def jobs_of(self, reference: Reference) -> list[Reference]:
        """Return the jobs that a CronJob has made and that are still there."""
        if reference.kind != "CronJob":
            return []
        path = f"/apis/batch/v1/namespaces/{reference.namespace}/jobs"
        answer = self.ask("GET", path, what=f"list the jobs of {reference}")
        return [
            Reference(
                api_version="batch/v1",
                kind="Job",
                name=row["metadata"]["name"],
                namespace=reference.namespace,
            )
            for row in answer["items"]
            if any(
                (owner["kind"], owner["name"]) == ("CronJob", reference.name)
                for owner in row["metadata"].get("ownerReferences", ())
            )
        ]

    def resource(self, reference: Reference) -> Mapping[str, Json]:
        """Return how the cluster calls the object's kind ("name", "namespaced"). Raises KindUnknown."""
        group = reference.api_version
        answer = self.ask("GET", _root(group), what=f"look up {group}", absent_is_fine=True)
        rows = answer["resources"] if answer else []
        kinds = {row["kind"]: row for row in rows if "/" not in row["name"]}
        if reference.kind not in kinds:
            raise KindUnknown(group, reference.kind, sorted(kinds))
        return dict(kinds[reference.kind])

    def _path(self, reference: Reference) -> str:
        """Return the object's path. Raises KindUnknown."""
        row = self.resource(reference)
        place = f"/namespaces/{reference.namespace}" if row["namespaced"] else ""
        return f"{_root(reference.api_version)}{place}/{row['name']}/{reference.name}"

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        what: str,
        content_type: str = "application/json",
        absent_is_fine: bool = False,
    ) -> Any:
        """Send one request and return the answer's JSON; tried three times where that is safe.

        A POST is not sent again once it may have been taken: the next try of the step looks first.
        """
        twice = method != "POST"
        for attempt in range(1, vendor.TRIES + 1):
            try:
                return self._once(method, path, body, what, content_type, absent_is_fine)
            except (VendorUnreachable, VendorBroken, TooManyCalls) as fault:
                pause = vendor._pause(fault, attempt, twice)
                if pause is None:
                    raise
                self.run.log.info("%s Trying again in %g s.", fault, pause)
                time.sleep(pause)
        raise AssertionError("the last attempt has no pause")

    def _once(
        self, method: str, path: str, body: str | None, what: str, content_type: str, absent_is_fine: bool
    ) -> Any:
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "Content-Type": content_type}
        request = self.client.param_serialize(
            method, path, header_params=headers, auth_settings=["BearerToken"]
        )
        try:
            answer = self.client.rest_client.pool_manager.request(
                request[0], request[1], headers=request[2], body=body, timeout=_timeout()
            )
        except HTTPError as error:
            raise _unreachable(what, self.conn_id, error) from error
        if answer.status == 404 and absent_is_fine:
            return None
        if answer.status >= 400:
            raise fault_of(what, self.conn_id, answer.status, _said(answer.data), _wait(answer.headers))
        try:
            return json.loads(answer.data)
        except ValueError as error:
            raise AnswerUnreadable(KUBERNETES, what, f"no JSON: {answer.data[:80]!r}") from error


@contextmanager
def cluster(run: Run) -> Iterator[Cluster]:
    """Open the environment's cluster. Raises ClusterUnclear."""
    from kubernetes.client import ApiClient

    found = connection(run, "cluster")
    client = ApiClient(_configuration(found))
    try:
        yield Cluster(client=client, conn_id=str(found.conn_id), run=run)
    finally:
        client.rest_client.pool_manager.clear()


def look(run: Run) -> str:
    """Say which version the cluster has and whether its CronJobs can be listed."""
    with cluster(run) as opened:
        version = opened.ask("GET", "/version", what="read its version")["gitVersion"]
        opened.ask("GET", "/apis/batch/v1", what="look up batch/v1")
    return f"Kubernetes {version}"


def _root(group: str) -> str:
    return f"/apis/{group}" if "/" in group else f"/api/{group}"


def _configuration(found: Any) -> Configuration:
    import kubernetes

    config: Any = kubernetes.config
    extra, made = found.extra_dejson, kubernetes.client.Configuration()
    made.retries = False  # `ask` tries again, and knows when it may
    try:
        if extra.get("in_cluster"):
            config.load_incluster_config(client_configuration=made)
        elif given := extra.get("kube_config"):
            value = json.loads(given) if isinstance(given, str) else given
            config.load_kube_config_from_dict(
                value, context=extra.get("cluster_context"), client_configuration=made
            )
        elif path := extra.get("kube_config_path"):
            config.load_kube_config(path, context=extra.get("cluster_context"), client_configuration=made)
        else:
            _take_host(made, found)
    except (config.ConfigException, ValueError, OSError) as error:
        raise ClusterUnclear(found.conn_id, " ".join(str(error).split())) from error
    made.verify_ssl = not extra.get("disable_verify_ssl", False)
    return made


def _take_host(made: Configuration, found: Any) -> None:
    if not found.host:
        raise ClusterUnclear(found.conn_id, "it has no host")
    port = f":{found.port}" if found.port else ""
    host = found.host if "://" in found.host else f"{found.schema or 'https'}://{found.host}"
    made.host = f"{host}{port}"
    made.ssl_ca_cert = found.extra_dejson.get("ca_cert")
    if found.password:
        made.api_key = {"BearerToken": f"Bearer {found.password}"}


def _timeout() -> Any:
    from urllib3 import Timeout

    return Timeout(connect=TIMEOUT[0], read=TIMEOUT[1])


def _unreachable(what: str, conn_id: str, error: Exception) -> VendorUnreachable:
    from urllib3 import exceptions as http

    # NewConnectionError is a ConnectTimeoutError too in some versions of urllib3, so it comes first.
    if isinstance(error, http.NewConnectionError | http.NameResolutionError):
        return VendorUnreachable(KUBERNETES, what, conn_id, "no connection", sent=False)
    if isinstance(error, http.ConnectTimeoutError):
        return VendorUnreachable(KUBERNETES, what, conn_id, "no connection in time", sent=False)
    if isinstance(error, http.ReadTimeoutError):
        return VendorUnreachable(KUBERNETES, what, conn_id, f"no answer within {TIMEOUT[1]:g} s", sent=True)
    if isinstance(error, http.ProtocolError):
        return VendorUnreachable(KUBERNETES, what, conn_id, "the answer broke off half-way", sent=True)
    return VendorUnreachable(KUBERNETES, what, conn_id, str(error).partition("\n")[0], sent=True)


def _said(data: bytes) -> str:
    try:
        value = json.loads(data)
    except ValueError:
        return " ".join(data.decode(errors="replace").split())[:200]
    return " ".join(str(value.get("message", value) if isinstance(value, dict) else value).split())[:200]


def _wait(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None
