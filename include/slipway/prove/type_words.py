"""How a fault of a type is told: what was given, what the field holds, and what to write."""

import types
import typing
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import is_dataclass
from datetime import time, timedelta
from difflib import get_close_matches
from enum import Enum
from typing import Any, Union
from zoneinfo import ZoneInfo

_EXAMPLES: Mapping[Any, str] = {
    bool: "True or False",
    timedelta: "a timedelta, e.g. timedelta(minutes=5)",
    time: "a time, e.g. time(6, 30)",
    ZoneInfo: 'a ZoneInfo, e.g. ZoneInfo("Europe/Paris")',
}
_OUR_NAMES = ((Mapping, "dict"), (Set, "set"), (tuple, "tuple"), (Collection, "list"))


def members(hint: Any) -> Sequence[Any]:
    """Return the types of a union; what is no union is its only member."""
    return typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)


def shown(value: object) -> str:
    """Return a value as a plan would write it, the same at each parse: never the address in a repr."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, types.FunctionType):
        return f"the function {value.__name__}"
    if value is None or isinstance(value, bool | int | float | timedelta | time):
        return repr(value).removeprefix("datetime.")
    return _with_article(type(value).__name__)


def expected(hint: Any) -> str:
    """Return what a value is not, e.g. "no Risk", "neither timedelta nor None"."""
    names = [_name(member) for member in members(hint)]
    if len(names) == 1:
        return f"no {names[0]}"
    return f"neither {names[0]} nor {names[1]}" if len(names) == 2 else f"none of {', '.join(names)}"


def advice(value: object, hint: Any) -> str:
    """Return the mend: what was probably meant, else what the field holds."""
    kinds = [member for member in members(hint) if member is not type(None)]
    found = (_meant(value, kind) for kind in kinds)
    return next(filter(None, found), f"Give it {' or '.join(map(_example, kinds))}")


def _meant(value: object, kind: Any) -> str:
    """Return the mend if a value can be told to stand for one of this type, else ""."""
    if _is_choice(kind) and isinstance(value, str | Enum):
        return _choice_meant(value, kind)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is timedelta and number:
        return f"Write it with its unit, e.g. timedelta(seconds={value})"
    if kind is str and number:
        return f'Write "{value}"'
    if is_dataclass(kind) and _would_make(value, kind):
        return f"Write {getattr(value, '__name__', '')}(...)"
    if _name(kind) == "list":
        return _list_meant(value, typing.get_args(kind))
    return ""


def _would_make(value: object, kind: Any) -> bool:
    """Say whether a value is a class or function without the parentheses that would make one of this kind."""
    return issubclass(value, kind) if isinstance(value, type) else isinstance(value, types.FunctionType)


def _choice_meant(value: str | Enum, kind: type[Enum]) -> str:
    known = {text.lower(): member for member in kind for text in (str(member.value), member.name)}
    text = value.name if isinstance(value, Enum) else value
    near = get_close_matches(text.lower(), known, n=1)
    if near and near[0] == text.lower():
        return f"Write {shown(known[near[0]])}"
    hint = f"Did you mean {shown(known[near[0]])}? " if near else ""
    return f"{hint}Valid: {_choices(kind)}"


def _list_meant(value: object, elements: Sequence[Any]) -> str:
    plain = [each for each in members(elements[0]) if isinstance(each, type) and each is not Any]
    if not isinstance(value, tuple(plain)):
        return ""
    return f"Write [{shown(value)}]" if isinstance(value, str | int | float | Enum) else "Write it in a list"


def _example(kind: Any) -> str:
    if kind in _EXAMPLES:
        return _EXAMPLES[kind]
    if _is_choice(kind):
        return f"one of {_choices(kind)}"
    arguments = typing.get_args(kind)
    of = f" of {' or '.join(_name(member) for member in members(arguments[-1]))}" if arguments else ""
    return f"{_with_article(_name(kind))}{of if 'Any' not in of else ''}"


def _is_choice(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _choices(kind: type[Enum]) -> str:
    return ", ".join(shown(choice) for choice in kind)


def _name(kind: Any) -> str:
    origin = typing.get_origin(kind)
    if kind is type(None):
        return "None"
    names = (name for each, name in _OUR_NAMES if origin and issubclass(origin, each))
    return next(names, "") or str(getattr(kind, "__name__", kind))


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
