"""The tables of fields in docs/fields.md, and the worked example, held against the code."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from slipway import environment, kinds, plan, watching
from slipway.plans_cli.loading import load
from slipway.spans import length

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS = re.split(r"^### ", (DOCS / "fields.md").read_text(), flags=re.MULTILINE)[1:]
TABLES = {section.split("\n", 1)[0].strip("` "): section for section in SECTIONS}
CLASSES = {
    name: found
    for module in (plan, environment, kinds, watching)
    for name, found in vars(module).items()
    if inspect.isclass(found) and is_dataclass(found) and found.__module__ == module.__name__
}
# What no plan writes down: Slipway makes these itself, or they are one field.
UNWRITTEN = {"DecisionMatrix", "Undoing", "Scrape"}


def type_in_words(hint: Any) -> str:
    """Return a type as the page says it, e.g. "list of Check or Checklist"."""
    origin, of = get_origin(hint), [part for part in get_args(hint) if part is not NoneType]
    if origin is UnionType:
        return " or ".join(type_in_words(part) for part in of)
    if origin is Sequence:
        return f"list of {type_in_words(of[0])}"
    if origin is Mapping:
        return "dict"
    return "any" if hint is Any else str(hint.__name__)


def default_in_words(field: Field[Any]) -> str:
    """Return a default as the page says it, e.g. "24 h"; "-" for an empty one."""
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING:
        return "required"
    if isinstance(value, timedelta):
        return length(value)
    if isinstance(value, Enum):
        return value.name
    return "-" if value in (None, "", (), {}) else str(value)


def rows_of(cls: type) -> list[tuple[str, str, str]]:
    """Return name, type and default of each field of its own, in the order of the class."""
    hints = get_type_hints(cls)
    others = {f.name for base in cls.__bases__ if is_dataclass(base) for f in fields(base)}
    own = [f for f in fields(cls) if f.name not in others]
    return [(f"`{f.name}`", type_in_words(hints[f.name]), default_in_words(f)) for f in own]


def cells(section: str) -> list[list[str]]:
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_has_the_fields_of_the_class_with_type_and_default(name: str) -> None:
    assert [tuple(row[:3]) for row in cells(TABLES[name])] == rows_of(CLASSES[name])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_field_has_a_meaning(name: str) -> None:
    assert [row[0] for row in cells(TABLES[name]) if len(row) != 4 or not row[3]] == []


def test_everything_that_a_plan_is_written_with_has_a_table() -> None:
    assert sorted(set(CLASSES) - UNWRITTEN - set(TABLES)) == []


def test_the_worked_example_is_a_plan_without_a_fault(tmp_path: Path) -> None:
    page = (DOCS / "writing-a-plan.md").read_text()
    (example,) = re.findall(r'^```python\n("""Vouchers.*?)^```', page, re.DOTALL | re.MULTILINE)
    path = tmp_path / "vouchers.py"
    path.write_text(example)
    assert load(path).problems == ()
