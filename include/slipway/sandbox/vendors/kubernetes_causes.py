"""What a Kubernetes API server finds wrong with a field, in its words."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

TOO_SMALL = "must be greater than or equal to 0"


class Cause(NamedTuple):
    """One of the causes of a Status: which field, and what is wrong with it."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def required(field: str, why: str = "") -> Cause:
    """A field that must be given."""
    return Cause(field, "FieldValueRequired", f"Required value{why and ': '}{why}")


def invalid(field: str, value: Any, why: str) -> Cause:
    """A value that cannot be."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {why}")


def duplicate(field: str, value: str) -> Cause:
    """A value that another one of the list has."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {json.dumps(value)}")


def choices(value: dict[str, Any], path: str, **valid: Sequence[str]) -> Iterator[Cause]:
    """Yield the fields whose value is none of those that there are."""
    for key, known in valid.items():
        if key in value and value[key] not in known:
            said = f"Unsupported value: {json.dumps(value[key])}: supported values: {quoted(known)}"
            yield Cause(f"{path}.{key}", "FieldValueNotSupported", said)


def no_less_than_zero(value: dict[str, Any], path: str, *keys: str) -> Iterator[Cause]:
    """Yield the counts that are negative."""
    for key in keys:
        if value.get(key, 0) < 0:
            yield invalid(f"{path}.{key}", value[key], TOO_SMALL)


def quoted(values: Sequence[str]) -> str:
    """Return values as the server lists them."""
    return ", ".join(f'"{each}"' for each in values)
