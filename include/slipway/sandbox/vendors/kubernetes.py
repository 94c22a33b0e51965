"""A Kubernetes API server: a few kinds with their rules, server-side apply, deletion that takes its time."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipway.sandbox.vendors.kubernetes_access import Right, add_access, require
from slipway.sandbox.vendors.kubernetes_causes import Cause, invalid
from slipway.sandbox.vendors.kubernetes_rules import (
    REASONS,
    RESOURCES,
    Object,
    Refused,
    Resource,
    filled,
    refusals,
)
from slipway.sandbox.vendors.kubernetes_schema import misfits
from slipway.sandbox.vendors.stand_in import StandIn

Key = tuple[str, str, str, str]  # group, plural, namespace, name
TOKEN = "sandbox-cluster-token"
REVISION = "deployment.kubernetes.io/revision"


@dataclass(kw_only=True)
class Kubernetes:
    """What the cluster holds.

    :param deletion_takes: seconds from the call until an object that is deleted in the foreground is gone
    :param forbidden: what the login may not do, by verb and plural, e.g. ("patch", "cronjobs")
    """

    namespaces: set[str] = field(default_factory=lambda: {"default", "production", "staging"})
    objects: dict[Key, Object] = field(default_factory=dict)
    applied: dict[Key, dict[str, Object]] = field(default_factory=dict)  # by field manager
    going: dict[Key, float] = field(default_factory=dict)  # when an object that is being deleted is gone
    deletion_takes: float = 0.2
    forbidden: set[Right] = field(default_factory=set)
    revisions: dict[Key, int] = field(default_factory=dict)  # of Deployments
    versions: int = 100

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object as the server shows it, None if it is not there."""
        self.advance()
        group, plural = next(key for key, each in RESOURCES.items() if each.kind == kind)
        return self.objects.get((group, plural, namespace, name))

    def start_job(self, namespace: str, cron_job: str, name: str) -> Object:
        """Let a CronJob make a job now, as its controller does when the time has come."""
        owner = self.objects["batch/v1", "cronjobs", namespace, cron_job]
        reference = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": cron_job,
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": namespace, "ownerReferences": [reference]},
            "spec": deepcopy(owner["spec"]["jobTemplate"]["spec"]),
        }
        job["status"] = {"active": 1, "startTime": _now()}
        return self.store(("batch/v1", "jobs", namespace, name), job, None)

    def store(self, key: Key, value: Object, earlier: Object | None) -> Object:
        """Keep an object; versions move on only if something changed."""
        old = earlier["metadata"] if earlier else {}
        first = {"uid": str(uuid.uuid4()), "creationTimestamp": _now(), "generation": 1}
        first["resourceVersion"] = ""
        kept = {name: old.get(name, new) for name, new in first.items()}
        metadata = {**value["metadata"], **kept}
        if value["kind"] == "Deployment":
            rolled_out = {REVISION: self._roll_out(key, value, earlier)}
            metadata["annotations"] = {**metadata.get("annotations", {}), **rolled_out}
        whole = {**value, "metadata": metadata}
        if whole == earlier:
            return earlier
        if earlier and whole.get("spec") != earlier.get("spec"):
            metadata["generation"] += 1
        self.versions += 1
        metadata["resourceVersion"] = str(self.versions)
        self.objects[key] = whole
        return whole

    def forget(self, key: Key) -> None:
        """Remove an object, and what it owns."""
        gone = self.objects.pop(key, None)
        self.applied.pop(key, None)
        self.going.pop(key, None)
        self.revisions.pop(key, None)
        for owned in self._owned_by(gone) if gone else ():
            self.forget(owned)

    def orphan(self, key: Key) -> None:
        """Remove an object, and leave what it owns without an owner."""
        for owned in self._owned_by(self.objects[key]):
            self.objects[owned]["metadata"].pop("ownerReferences")
        self.forget(key)

    def advance(self) -> None:
        """Let go what has been deleted long enough ago."""
        for key in [key for key, at in self.going.items() if at <= time.monotonic()]:
            self.forget(key)

    def _roll_out(self, key: Key, value: Object, earlier: Object | None) -> str:
        """Return which revision a Deployment's controller makes of it: one more for another template."""
        another = not earlier or value["spec"]["template"] != earlier["spec"]["template"]
        self.revisions[key] = self.revisions.get(key, 0) + another
        return str(self.revisions[key])

    def _owned_by(self, owner: Object) -> list[Key]:
        uid = owner["metadata"]["uid"]
        return [
            key
            for key, each in self.objects.items()
            if any(one["uid"] == uid for one in each["metadata"].get("ownerReferences", ()))
        ]


def kubernetes(state: Kubernetes | None = None, token: str = TOKEN) -> StandIn:
    """Return a stand-in of a cluster."""
    from flask import Flask, jsonify, request

    state = state or Kubernetes()
    app = Flask("kubernetes", static_folder=None)
    app.extensions["kubernetes"] = state

    @app.get("/version")
    def version() -> Any:
        return jsonify({"major": "1", "minor": "33", "gitVersion": "v1.33.2"})

    @app.get("/apis/<group>/<version>")
    @app.get("/api/<version>")
    def resources(version: str, group: str = "") -> Any:
        return jsonify(_resources(f"{group}/{version}".lstrip("/")))

    for root in ("/apis/<group>/<version>", "/api/<version>"):
        for place in ("/namespaces/<namespace>", ""):
            path = f"{root}{place}/<plural>"
            app.add_url_rule(path, f"list {path}", methods=["GET", "POST"], view_func=_listing(state))
            methods = ["GET", "PUT", "PATCH", "DELETE"]
            app.add_url_rule(f"{path}/<name>", f"one {path}", methods=methods, view_func=_one(state))

    @app.errorhandler(Refused)
    def refused(fault: Refused) -> Any:
        return _status(fault.status, fault.said, fault.reason, fault.details)

    stand_in = StandIn(app=app, error=_status, token=f"Bearer {token}" if token else "")

    add_access(app, state.forbidden)

    @app.before_request
    def advance() -> None:
        if not request.path.startswith("/_"):
            state.advance()

    return stand_in


def connection(address: str, token: str = TOKEN) -> dict[str, Any]:
    """Return the Airflow connection that leads to the stand-in."""
    return {"conn_type": "kubernetes", "host": address, "password": token}


def _listing(state: Kubernetes) -> Any:
    from flask import jsonify, request

    def view(plural: str, version: str, group: str = "", namespace: str = "") -> Any:
        resource = _resource(group, version, plural)
        if request.method == "POST":
            value = _body(request.get_data())
            key = (resource.group, plural, namespace, str(value.get("metadata", {}).get("name", "")))
            return jsonify(_create(state, resource, key, value)), 201
        rows = [
            value
            for key, value in state.objects.items()
            if key[:2] == (resource.group, plural) and namespace in ("", key[2])
        ]
        return jsonify({"apiVersion": resource.group, "kind": f"{resource.kind}List", "items": rows})

    return view


def _one(state: Kubernetes) -> Any:
    from flask import jsonify, request

    def view(plural: str, name: str, version: str, group: str = "", namespace: str = "") -> Any:
        resource = _resource(group, version, plural)
        key = (resource.group, plural, namespace, name)
        if request.method == "PATCH":
            return jsonify(_apply(state, resource, key))
        if plural == "namespaces" and request.method == "GET" and name in state.namespaces:
            return jsonify({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        found = state.objects.get(key)
        if found is None:
            raise Refused(404, f'{plural}{_dotted(group)} "{name}" not found')
        if request.method == "PUT":
            found = _replace(state, resource, key, _body(request.get_data()))
        if request.method == "DELETE":
            options = _body(request.get_data()) if request.get_data() else {}
            found = _delete(state, key, str(options.get("propagationPolicy", "Background")))
        return jsonify(found)

    return view


def _create(state: Kubernetes, resource: Resource, key: Key, value: Object) -> Object:
    if key in state.objects:
        said = f'{resource.plural} "{key[3]}" already exists'
        raise Refused(409, said, "AlreadyExists")
    state.applied[key] = {"create": value}
    return state.store(key, _accepted(state, resource, key, value), None)


def _replace(state: Kubernetes, resource: Resource, key: Key, value: Object) -> Object:
    earlier = state.objects[key]
    given = value.get("metadata", {}).get("resourceVersion", "")
    if given and given != earlier["metadata"]["resourceVersion"]:
        said = f'Operation cannot be fulfilled on {resource.plural} "{key[3]}": the object has been modified'
        raise Refused(409, said)
    whole = _accepted(state, resource, key, value, earlier)
    state.applied[key] = {"update": value}
    return state.store(key, _with_status(whole, earlier), earlier)


def _apply(state: Kubernetes, resource: Resource, key: Key) -> Object:
    from flask import request

    if request.mimetype != "application/apply-patch+yaml":
        raise Refused(415, f"the stand-in takes no patch of type {request.mimetype}", "UnsupportedMediaType")
    manager = request.args.get("fieldManager", "")
    if not manager:
        raise Refused(400, "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
    wanted, earlier = _body(request.get_data()), state.objects.get(key)
    if wrong := misfits(resource.kind, wanted):
        # A real server answers 500 as well: https://github.com/kubernetes/kubernetes/issues/122480
        which = f"{key[2]}/{key[3]}; {resource.group}, Kind={resource.kind}"
        listed = "; ".join(each.of_an_apply for each in wrong)
        raise Refused(500, f"failed to create typed patch object ({which}): {listed}", "Unknown")
    if earlier is None:  # applying what is not there takes the right to create it too
        require(state.forbidden, "create", request.view_args or {})
    owners = state.applied.get(key, {})
    taken = [
        f'conflict with "{other}": .{path}'
        for other, theirs in owners.items()
        if other != manager
        for path in _conflicts(wanted, theirs)
    ]
    if taken and request.args.get("force") != "true":
        raise Refused(409, f"Apply failed with {len(taken)} conflict: {'; '.join(taken)}")
    base = _without(earlier, owners.get(manager, {}), wanted) if earlier else {}
    whole = _accepted(state, resource, key, _merged(base, wanted), earlier)
    state.applied[key] = {**owners, manager: wanted}
    return state.store(key, _with_status(whole, earlier), earlier)


def _delete(state: Kubernetes, key: Key, policy: str) -> Object:
    found = state.objects[key]
    if policy == "Orphan":
        state.orphan(key)
    elif policy == "Foreground":
        found["metadata"]["deletionTimestamp"] = _now()
        state.going.setdefault(key, time.monotonic() + state.deletion_takes)
    else:
        state.forget(key)
    return found


def _accepted(
    state: Kubernetes, resource: Resource, key: Key, value: Object, earlier: Object | None = None
) -> Object:
    """Return an object as it is stored, or refuse it; always as with fieldValidation=Strict."""
    if value.get("kind") != resource.kind or value.get("apiVersion") != resource.group:
        raise Refused(400, f"the object is no {resource.group} {resource.kind}")
    wrong = refusals(resource, value)
    if resource.namespaced and key[2] not in state.namespaces:
        raise Refused(404, f'namespaces "{key[2]}" not found')
    metadata = value.get("metadata", {})
    if metadata.get("name") != key[3] or metadata.get("namespace", key[2]) != key[2]:
        raise Refused(400, "the name or namespace of the object does not match the one of the request")
    if earlier and resource.kind == "Deployment":
        chosen = value.get("spec", {}).get("selector")
        if earlier["spec"]["selector"] != chosen:
            wrong.append(invalid("spec.selector", chosen, "field is immutable"))
    if wrong:
        raise _invalid(resource, key[3], wrong)
    whole = filled(resource, value)
    whole["metadata"] = {**metadata, **({"namespace": key[2]} if resource.namespaced else {})}
    return whole


def _invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refused:
    group = resource.group.rpartition("/")[0]
    listed = ", ".join(map(str, causes))
    said = f"[{listed}]" if len(causes) > 1 else listed
    details = {"name": name, "kind": resource.kind, "causes": [each._asdict() for each in causes]}
    return Refused(
        422,
        f'{resource.kind}{_dotted(group)} "{name}" is invalid: {said}',
        details={"group": group, **details} if group else details,
    )


def _with_status(value: Object, earlier: Object | None) -> Object:
    return {**value, "status": earlier["status"]} if earlier and "status" in earlier else value


def _conflicts(wanted: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield the fields that both set, to different values."""
    if isinstance(wanted, dict) and isinstance(theirs, dict):
        for key in wanted.keys() & theirs.keys() - ({"metadata"} if not path else set()):
            yield from _conflicts(wanted[key], theirs[key], f"{path}.{key}".lstrip("."))
    elif wanted != theirs:
        yield path


def _merged(base: Any, wanted: Any) -> Any:
    """Lay what is wanted over what is there; lists of named things are merged by name."""
    if isinstance(base, dict) and isinstance(wanted, dict):
        return {**base, **{key: _merged(base.get(key), part) for key, part in wanted.items()}}
    if _named(base) and _named(wanted):
        there = {each["name"]: each for each in base}
        there.update({each["name"]: _merged(there.get(each["name"]), each) for each in wanted})
        return list(there.values())
    return deepcopy(wanted)


def _without(live: Any, earlier: Any, wanted: Any) -> Any:
    """Drop what the same manager applied earlier and does not apply any more."""
    if isinstance(live, dict) and isinstance(earlier, dict):
        wanted = wanted if isinstance(wanted, dict) else {}
        kept = {key: part for key, part in live.items() if key not in earlier or key in wanted}
        return {key: _without(part, earlier.get(key), wanted.get(key)) for key, part in kept.items()}
    if _named(live) and _named(earlier) and _named(wanted):
        mine, now = {each["name"] for each in earlier}, {each["name"] for each in wanted}
        return [each for each in live if each["name"] not in mine or each["name"] in now]
    return live


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, dict) and "name" in x for x in value)


def _resource(group: str, version: str, plural: str) -> Resource:
    found = RESOURCES.get((f"{group}/{version}".lstrip("/"), plural))
    if found is None:
        raise Refused(404, "the server could not find the requested resource")
    return found


def _resources(group: str) -> Mapping[str, Any]:
    rows = [each for each in RESOURCES.values() if each.group == group]
    if not rows:
        raise Refused(404, "the server could not find the requested resource")
    shown = [{"name": each.plural, "kind": each.kind, "namespaced": each.namespaced} for each in rows]
    return {"kind": "APIResourceList", "groupVersion": group, "resources": shown}


def _body(data: bytes) -> Object:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused(400, f"couldn't get version/kind; json parse error: {error}") from error
    if not isinstance(value, dict):
        raise Refused(400, "the body is no object")
    return value


def _status(status: int, said: str, reason: str = "", details: Object | None = None) -> tuple[Any, int]:
    shown = {"details": details} if details else {}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized" if status == 401 else said,
        "reason": reason or REASONS.get(status, "Unknown"),
        **shown,
        "code": status,
    }, status


def _dotted(group: str) -> str:
    return f".{group}" if group else ""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
