"""Faults of types: a value that is not what its field holds. All other rules rely on the fields."""

import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple

from slipway.errors import Fault
from slipway.plan import Plan
from slipway.prove.type_words import advice, expected, members, shown

# What names a part of a plan besides its place: the first of these fields that it has.
_NAMES = ("name", "strategy", "role", "metric", "severity", "text", "title")


@dataclass(frozen=True)
class WrongType(Fault):
    """A value of a type that its field does not hold, e.g. "medium" where it is Risk.MEDIUM."""

    subject: str
    given: str
    expected: str
    advice: str

    @property
    def what(self) -> str:
        return f"{self.subject} is {self.given}, which is {self.expected}"

    @property
    def mend(self) -> str:
        return self.advice


class _Spot(NamedTuple):
    """A field, or an element of one, of the part of the plan at `path`; the plan itself is at ""."""

    owner: Any
    path: str
    field: str

    @property
    def inside(self) -> str:
        """The path of a part that stands here."""
        return f"{self.path}.{self.field}" if self.path else self.field

    def fault(self, value: object, hint: Any) -> WrongType:
        # A field of the plan itself is a place, as in all other faults: `gate: ...`, `on_staging: ...`.
        place = f"{self.path}{_label(self.owner, self.path)}" if self.path else self.field
        subject = self.field if self.path else "it"
        return WrongType(place, subject, shown(value), expected(hint), advice(value, hint))


def faults(plan: Plan) -> Iterator[Fault]:
    """Yield the values, however deep in the plan, that are not what their field holds."""
    yield from _fields(plan, "")


def _fields(owner: Any, path: str) -> Iterator[Fault]:
    kind: Any = type(owner)
    for name, hint, plain in _hints(kind):
        value = getattr(owner, name)
        # Nearly all fields end here; a plan has thousands of them, and is proven whenever its file is parsed.
        if type(value) not in plain:
            yield from _value(value, hint, _Spot(owner, path, name))


@cache
def _hints(kind: Any) -> Sequence[tuple[str, Any, Set[Any]]]:
    """Return each field with its type and the plain types in it; Any if only a type checker can read it."""
    hints: dict[str, Any] = {field.name: field.type for field in fields(kind)}
    if any(isinstance(hint, str) for hint in hints.values()):  # twenty times as slow
        try:
            hints |= typing.get_type_hints(kind)
        except NameError:
            hints = {name: Any if isinstance(hint, str) else hint for name, hint in hints.items()}
    return [(field.name, hints[field.name], _plain(hints[field.name])) for field in fields(kind)]


@cache
def _plain(hint: Any) -> Set[Any]:
    """Return the types whose values fit and need no look inside."""
    kinds = {kind for kind in members(hint) if isinstance(kind, type) and not is_dataclass(kind)}
    return kinds | {int} if float in kinds else kinds


def _value(value: Any, hint: Any, spot: _Spot) -> Iterator[Fault]:
    fitting = next((member for member in members(hint) if _is_a(value, member)), None)
    if fitting is None:
        yield spot.fault(value, hint)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _fields(value, spot.inside)
    elif arguments := typing.get_args(fitting):
        yield from (_items if isinstance(value, Mapping) else _elements)(value, arguments, spot)


def _items(value: Mapping[Any, Any], arguments: Sequence[Any], spot: _Spot) -> Iterator[Fault]:
    for key, item in value.items():
        yield from _value(key, arguments[0], spot._replace(field=f"a key of {spot.field}"))
        yield from _value(item, arguments[1], spot._replace(field=f"{spot.field}[{shown(key)}]"))


def _elements(value: Collection[Any], arguments: Sequence[Any], spot: _Spot) -> Iterator[Fault]:
    if arguments[1:] not in ((), (...,)):
        return  # a tuple with a type for each place; no kind of ours has one
    hint, plain = arguments[0], _plain(arguments[0])
    for index, item in enumerate(value):
        if type(item) not in plain:
            yield from _value(item, hint, spot._replace(field=f"{spot.field}[{index}]"))


def _is_a(value: object, hint: Any) -> bool:
    """Say whether a value is what a hint names, whatever its fields and elements are."""
    kind = typing.get_origin(hint) or hint
    if kind is Any or not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True  # what cannot be told at run time
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    if kind in (Sequence, Collection, Iterable) and isinstance(value, str | bytes):
        return False  # a name without its list would be read as a list of letters
    return isinstance(value, kind)


def _label(owner: Any, path: str) -> str:
    names = (getattr(owner, name, "") for name in _NAMES)
    found = next((name for name in names if isinstance(name, str) and name), "")
    return f' "{found}"' if found and path.endswith("]") else ""
