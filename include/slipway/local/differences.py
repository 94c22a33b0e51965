"""What differs between two fingerprints of an environment, as people want to know it."""

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.sandbox.fingerprint import Rows

TABLES = "tables"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a line for each thing that differs; a table says what became of its rows and columns."""
    flat_before, flat_after = (flat({**each, TABLES: {}}) for each in (before, after))
    changed = [
        f"{name}: {flat_before.get(name)} -> {flat_after.get(name)}"
        for name in flat_before | flat_after
        if flat_before.get(name) != flat_after.get(name)
    ]
    return [*changed, *_of_tables(before.get(TABLES, {}), after.get(TABLES, {}))]


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return nested mappings as one level, names joined by dots."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        inner: leaf
        for key, part in value.items()
        for inner, leaf in flat(part, f"{name}.{key}" if name else str(key)).items()
    }


def _of_tables(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> Iterator[str]:
    for table in dict.fromkeys([*before, *after]):
        was, now = before.get(table), after.get(table)
        if was != now:
            yield f"{TABLES}.{table}: {_of_table(was, now)}"


def _of_table(before: Rows | None, after: Rows | None) -> str:
    if before is None:
        rows = f", {_count(after)}" if after and after["rows"] else ""  # those of the load do not count
        return f"new{rows}"
    if after is None:
        return f"gone, it had {_count(before)}"
    old, new = before["columns"], after["columns"]
    said = {
        "columns added": [name for name in new if name not in old],
        "columns removed": [name for name in old if name not in new],
    }
    listed = [f"{what}: {', '.join(names)}" for what, names in said.items() if names]
    return "; ".join([_of_rows(before, after), *listed])


def _of_rows(before: Rows, after: Rows) -> str:
    if before["rows"] != after["rows"]:
        return f"{before['rows']} -> {_count(after)}"
    other = [name for name, sum_ in before["columns"].items() if after["columns"].get(name, sum_) != sum_]
    return f"{_count(after)}, other values in: {', '.join(other)}" if other else f"{_count(after)} unchanged"


def _count(rows: Rows) -> str:
    return f"{rows['rows']} {'row' if rows['rows'] == 1 else 'rows'}"
