"""What a Kubernetes API server declares of its kinds, as the models of the kubernetes client tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

QUANTITY = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_QUANTITIES = frozenset({"limits", "requests", "sizeLimit", "divisor"})  # the models call them text
_NESTED = re.compile(r"(List|Dict)\[(?:str, )?(\w+)\]")
_SCALARS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "str": (str, "string"),
    "bytes": (str, "string"),
    "datetime": (str, "string"),
    "bool": (bool, "boolean"),
    "int": (int, "numeric (int or float)"),
}


class Misfit(NamedTuple):
    """A field that its kind does not declare, or (`expected`) declares with another type."""

    path: str
    expected: str = ""

    @property
    def of_an_apply(self) -> str:
        """In the words of server-side apply."""
        said = f"expected {self.expected}" if self.expected else "field not declared in schema"
        return f".{self.path}: {said}"

    @property
    def of_a_decoder(self) -> str:
        """In the words of the decoder of a POST or PUT."""
        return f"{self.path}: expected {self.expected}" if self.expected else f'unknown field "{self.path}"'


def misfits(kind: str, value: dict[str, Any]) -> list[Misfit]:
    """Return the fields of an object that do not fit its kind."""
    return list(_of_type(f"V1{kind}", without_nulls(value), ""))


def without_nulls(value: Any) -> Any:
    """Return a value without the fields that are null, which the server takes as not given."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def quantities(value: Any, path: str = "") -> Iterator[tuple[str, Decimal | None]]:
    """Yield path and amount of each resource of an object; None where the text is no amount."""
    for place, key, part in _parts(value, path):
        if key in _QUANTITIES:
            amounts = part.items() if isinstance(part, dict) else ()
            yield from ((f"{place}[{name}]", _amount(text)) for name, text in amounts)
            if not isinstance(part, dict):
                yield place, _amount(part)
        else:
            yield from quantities(part, place)


def _parts(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield f"{path}.{key}".lstrip("."), key, part
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield f"{path}[{index}]", "", part


def _amount(text: Any) -> Decimal | None:
    from kubernetes.utils import quantity

    parse: Any = quantity.parse_quantity
    if isinstance(text, bool) or not re.match(QUANTITY, str(text)):
        return None
    try:
        return Decimal(parse(text))
    except ValueError:
        return None


def _of_type(declared: str, value: Any, path: str) -> Iterator[Misfit]:
    """Yield the misfits of a value that is declared with a type of the client's models."""
    if nested := _NESTED.fullmatch(declared):
        yield from _of_many(nested[1], nested[2], value, path)
    elif declared in _SCALARS:
        wanted, said = _SCALARS[declared]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            yield Misfit(path, said)
    elif declared != "object":  # which takes anything: a port by number or by name
        yield from _of_model(declared, value, path)


def _of_many(shape: str, declared: str, value: Any, path: str) -> Iterator[Misfit]:
    if not isinstance(value, list if shape == "List" else dict):
        yield Misfit(path, "list" if shape == "List" else "map")
        return
    for place, _, part in _parts(value, path):
        yield from _of_type(declared, part, place)


def _of_model(declared: str, value: Any, path: str) -> Iterator[Misfit]:
    from kubernetes import client

    if not isinstance(value, dict):
        yield Misfit(path, "map")
        return
    model = getattr(client, declared)
    types = {model.attribute_map[name]: declared for name, declared in model.openapi_types.items()}
    for place, key, part in _parts(value, path):
        if key not in types:
            yield Misfit(place)
        elif key not in _QUANTITIES:
            yield from _of_type(types[key], part, place)
