"""Manifests: reading them, and comparing them with what a cluster holds."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.masking import is_secret, masked
from slipway.run import Json, Run
from slipway.steps.artifacts import artifact
from slipway.steps.faults.kubernetes import (
    ManifestUnreadable,
    ObjectTooLarge,
    SecretInEnvironment,
    SecretInManifest,
)
from slipway.steps.kubernetes_api import Reference

LIMIT = 100_000  # bytes of JSON of an object that is kept as evidence
_NOISE = ("managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink")
_COUNTED = frozenset(  # annotations in which controllers count what was rolled out
    ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_OF_ANOTHER = re.compile(r"\$\([^()]+\)")  # the value of another variable
_ABOUT = re.compile(r"_(url|uri|host|domain|dir|file|path|name|ttl|length)$", re.IGNORECASE)  # TOKEN_URL
_PLAIN = re.compile(r"true|false|/\S*", re.IGNORECASE)  # the path of a file with a secret is none


def manifests(run: Run, given: str | Mapping[str, Json], namespace: str) -> dict[Reference, dict[str, Json]]:
    """Return the objects of a manifest: the path of a YAML file among the artifacts, or the object itself.

    "{version}" in path and text is the release's version. Raises ManifestUnreadable, SecretInManifest and
    SecretInEnvironment.
    """
    place, objects = _read(run, given)
    found = {}
    for value in objects:
        reference = _reference(place, value, namespace)
        if reference.kind == "Secret":
            raise SecretInManifest(place)
        refuse_secrets(f"{place}: {reference}", value)
        metadata = {**value["metadata"], **({"namespace": reference.namespace} if namespace else {})}
        found[reference] = {**value, "metadata": metadata}
    if not found:
        raise ManifestUnreadable(place, "it describes no object")
    return found


def _read(run: Run, given: str | Mapping[str, Json]) -> tuple[str, list[Any]]:
    import yaml  # type: ignore[import-untyped]

    if not isinstance(given, str):
        return "the plan's manifest", [json.loads(json.dumps(given).replace("{version}", run.version))]
    path = artifact(run, given)
    text = path.read_text().replace("{version}", run.version)
    try:
        return str(path), [value for value in yaml.safe_load_all(text) if value is not None]
    except yaml.YAMLError as error:
        raise ManifestUnreadable(str(path), " ".join(str(error).split())) from error


def _reference(place: str, value: Any, namespace: str) -> Reference:
    metadata: Any = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not name or not value.get("apiVersion") or not value.get("kind"):
        raise ManifestUnreadable(place, "an object needs apiVersion, kind and metadata.name")
    own = str(metadata.get("namespace", ""))
    if own and namespace and own != namespace:
        raise ManifestUnreadable(place, f'it says namespace "{own}", and the plan says "{namespace}"')
    return Reference(
        api_version=str(value["apiVersion"]),
        kind=str(value["kind"]),
        name=str(name),
        namespace=own or namespace,
    )


def refuse_secrets(place: str, value: Json) -> None:
    """Raise SecretInEnvironment if a container has a secret written out in `env`, `args` or `command`.

    Also in what `kubectl apply` notes of the object as it was last applied.
    """
    if names := written_out(value):
        raise SecretInEnvironment(place, names)


def written_out(value: Json) -> list[str]:
    """Return the names of the secrets that an object's containers have written out."""
    return list(dict.fromkeys(_written_out(value)))


def _written_out(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "env" and isinstance(part, list):
                yield from (str(each["name"]) for each in part if _is_written_out(each))
            if key in ("args", "command") and isinstance(part, list):
                hidden = (masked(str(each)) for each in part if masked(str(each)) != str(each))
                yield from (each.partition("=")[0] for each in hidden)
            yield from _written_out(_noted(part) if key == _LAST_APPLIED else part)
    elif isinstance(value, list):
        for each in value:
            yield from _written_out(each)


def _noted(text: str) -> Json:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def _is_written_out(variable: Json) -> bool:
    if not isinstance(variable, Mapping) or not variable.get("value"):
        return False
    name, value = str(variable.get("name")), str(variable["value"])
    if masked(value) != value:
        return True
    return is_secret(name) and not (
        _OF_ANOTHER.fullmatch(value) or _ABOUT.search(name) or _PLAIN.fullmatch(value)
    )


def essence(reference: Reference, value: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Return an object without its status and what server and controllers keep. Raises ObjectTooLarge."""
    if value is None:
        return None
    kept = {key: part for key, part in value.items() if key != "status"}
    kept["metadata"] = {key: part for key, part in value["metadata"].items() if key not in _NOISE}
    notes = kept["metadata"].pop("annotations", None) or {}
    if notes := {key: text for key, text in notes.items() if key not in _COUNTED}:
        kept["metadata"]["annotations"] = notes
    size = len(json.dumps(kept))
    if size > LIMIT:
        raise ObjectTooLarge(str(reference), size, LIMIT)
    return kept


def differences(wanted: Json, found: Json, path: str = "") -> Iterator[str]:
    """Yield where `found` lacks what is wanted; what the server adds by default is no difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, part in wanted.items():
            yield from differences(part, found.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _list_differences(wanted, found, path)
    elif wanted != found and not _same_quantity(wanted, found):
        yield f"{path} is {json.dumps(found)}, not {json.dumps(wanted)}"


def _list_differences(wanted: list[Json], found: list[Json], path: str) -> Iterator[str]:
    named = {each["name"]: each for each in found if isinstance(each, dict) and "name" in each}
    for index, each in enumerate(wanted):
        if isinstance(each, dict) and each.get("name") in named:
            yield from differences(each, named[each["name"]], f"{path}.{each['name']}")
        else:
            yield from differences(each, found[index] if index < len(found) else None, f"{path}[{index}]")


def _same_quantity(wanted: Json, found: Json) -> bool:
    """Whether two texts are the same amount: the server writes "1000m" as "1"."""
    from kubernetes.utils import quantity

    parse: Any = quantity.parse_quantity
    if isinstance(wanted, bool | dict | list | None) or isinstance(found, bool | dict | list | None):
        return False
    try:
        return bool(parse(str(wanted)) == parse(str(found)))
    except ValueError:
        return False
