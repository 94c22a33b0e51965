"""Our frozen values as JSON and back: what a trigger, the ledger and a digest need."""

import hashlib
import json
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any, TypeVar, Union, cast
from zoneinfo import ZoneInfo

from slipway.errors import SlipwayError
from slipway.run import Json

Kinds = Mapping[str, type[Any]]
T = TypeVar("T")


class NotJson(SlipwayError):
    """A value that has no JSON form."""

    def __init__(self, value: object, place: str) -> None:
        self.value, self.place = value, place
        super().__init__(
            f"{place}: a {type(value).__name__} has no JSON form. Use numbers, text, timedelta, an enum, "
            "a frozen dataclass, or lists and mappings of these."
        )


class UnknownKind(SlipwayError):
    """A JSON object names a kind that the registry does not hold."""

    def __init__(self, kind: str, known: Collection[str]) -> None:
        self.kind, self.known = kind, tuple(sorted(known))
        super().__init__(f'There is no kind "{kind}"; known are {", ".join(self.known) or "none"}.')


def to_json(value: object, place: str = "value") -> Json:
    """Return a value as JSON; a kind (step, check, metric) gets the key "kind".

    Durations become seconds, enums their values, mappings are sorted, a function or class its dotted name.
    Raises NotJson, naming the place, for what has no JSON form.
    """
    return _json(value, place, frozenset())


def _json(value: object, place: str, without: frozenset[str]) -> Json:
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value, place, without)
    if isinstance(value, Mapping):
        return {str(key): _json(value[key], f"{place}.{key}", without) for key in sorted(value, key=str)}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_json(item, f"{place}[{number}]", without) for number, item in enumerate(value)]
    return _atom(value, place, without)


def _object(value: Any, place: str, without: frozenset[str]) -> dict[str, Json]:
    names = (f.name for f in fields(value) if f.name not in without)
    content = {name: _json(getattr(value, name), f"{place}.{name}", without) for name in names}
    kind = getattr(type(value), "kind", None)
    return {"kind": kind, **content} if isinstance(kind, str) else content


def _atom(value: Any, place: str, without: frozenset[str]) -> Json:
    if isinstance(value, Enum):
        return _json(value.value, place, without)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, ZoneInfo | PurePath | str):
        return str(value)
    if isinstance(value, Set):
        return sorted((_json(item, place, without) for item in value), key=repr)
    if isinstance(value, type | types.FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    raise NotJson(value, place)


def from_json(target: "type[T] | Kinds", value: Json, kinds: "Kinds | None" = None) -> T:
    """Read back what `to_json` wrote.

    :param target: the class, or a registry (kind -> class) when the JSON object names its kind
    :param kinds: the registry for kinds inside the value, e.g. the metrics of a watch
    Raises UnknownKind, and TypeError for a field that the class does not have.
    """
    if isinstance(target, Mapping):
        return cast("T", _kind(target, value))
    return cast("T", _read(target, value, kinds or {}))


def _kind(kinds: Kinds, value: Mapping[str, Json]) -> Any:
    kind = value["kind"]
    if kind not in kinds:
        raise UnknownKind(kind, kinds)
    return _dataclass(kinds[kind], value, kinds)


def _dataclass(target: Any, value: Mapping[str, Json], kinds: Kinds) -> Any:
    known = _types(target)
    given = {name: item for name, item in value.items() if name != "kind" or "kind" in known}
    return target(**{name: _read(known.get(name, Any), item, kinds) for name, item in given.items()})


@cache
def _types(target: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(target)
    return {f.name: hints[f.name] for f in fields(target)}


def _read(target: Any, value: Json, kinds: Kinds) -> Any:
    origin, arguments = typing.get_origin(target), typing.get_args(target)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, kinds)
    if value is None or target is Any:
        return value
    if origin is not None:
        return _collection(origin, arguments, value, kinds)
    if is_dataclass(target):
        known = isinstance(value, Mapping) and value.get("kind") in kinds
        return _kind(kinds, value) if known else _dataclass(target, value, kinds)
    return _READERS.get(target, _enum_or_plain(target))(value)


def _enum_or_plain(target: Any) -> Callable[[Json], Any]:
    return target if isinstance(target, type) and issubclass(target, Enum) else lambda value: value


_READERS: Mapping[Any, Callable[[Json], Any]] = {
    timedelta: lambda seconds: timedelta(seconds=seconds),
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    ZoneInfo: ZoneInfo,
}


def _one_of(arguments: tuple[Any, ...], value: Json, kinds: Kinds) -> Any:
    """Read a union: None, else the member whose shape the JSON has (ours never hold two of one)."""
    if value is None:
        return None
    members = [member for member in arguments if member is not type(None)]
    return _read(next((m for m in members if _shape(m) is type(value)), members[0]), value, kinds)


def _shape(target: Any) -> type | None:
    origin = typing.get_origin(target)
    if origin is None:
        return dict if is_dataclass(target) else None
    return dict if isinstance(origin, type) and issubclass(origin, Mapping) else list


def _collection(origin: Any, arguments: tuple[Any, ...], value: Json, kinds: Kinds) -> Any:
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _read(arguments[1], item, kinds) for key, item in value.items()}
    items = [_read(arguments[0], item, kinds) for item in value]
    if origin in (frozenset, set, Set):
        return frozenset(items)
    return items if origin is list else tuple(items)


def digest(value: object, exclude: Collection[str] = ()) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of a value, without the fields named in `exclude`.

    Dataclass fields of these names are left out at every depth, e.g. "title" for a digest of what matters.
    The keys of a mapping always count: in a request body or a command's environment "title" is content.
    """
    content = _json(value, "value", frozenset(exclude))
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
