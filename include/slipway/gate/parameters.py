"""The run's parameters as the gate shows them: one line each, what is out of the ordinary in bold."""

import json
import re
from collections.abc import Mapping

from slipway.masking import masked_fields
from slipway.run import Json

# The form's own fields: Airflow adds them to the parameters of the task that asks, empty.
FIELDS = ("rationale", "defer_until", "override")


def parameter_lines(parameters: Mapping[str, Json]) -> list[str]:
    """Return a line of Markdown for each parameter; a secret's value is masked."""
    shown = {name: value for name, value in parameters.items() if value or name not in FIELDS}
    return [_line(name, value) for name, value in masked_fields(shown).items()]


def _line(name: str, value: Json) -> str:
    said = f"{_value(name)}: {_value(value)}"
    meaning = _meaning(name, value)
    return f"- **{said}**, {meaning}" if meaning else f"- {said}"


def _meaning(name: str, value: Json) -> str:
    """Say what a parameter does to the release, where an approver must not overlook it."""
    if name == "pace" and value and float(value) != 1:
        return f"a rehearsal: waiting times are divided by {_value(value)}"
    if name == "break_glass" and str(value or "").strip():
        return "why it may go outside the allowed windows"
    return ""


def _value(value: Json) -> str:
    """Return a value as code on one line: it can write neither Markdown nor lines of its own."""
    if value is None or value == "":
        return "(empty)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence}{line}{fence}" if len(fence) == 1 else f"{fence} {line} {fence}"
