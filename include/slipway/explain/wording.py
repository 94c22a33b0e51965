"""How an explanation says what a plan holds: settings, limits, undos, actions."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from slipway.kinds import Check, Checklist, Metric, Step, Undo
from slipway.plan import Rule
from slipway.prove.wording import spoken
from slipway.watching import Threshold

LONGEST = 300  # characters of one setting

_COMMON = {field.name for base in (Step, Check, Metric, Checklist) for field in fields(base)}


def undo_in_words(step: Step) -> str:
    """Say how a step is undone, or why it is not."""
    undoing = step.undoing()
    how = {
        Undo.REVERSIBLE: undoing.how,
        Undo.NOTHING: f"nothing to undo: {undoing.how}",
        Undo.IMPOSSIBLE: f"point of no return: {undoing.how}",
        Undo.MISSING: "none",
    }
    return how[undoing.undo]


def settings(item: Any) -> str:
    """Say how a kind is set: its own fields that differ from their defaults, in their order."""
    given = [(f.name, getattr(item, f.name)) for f in fields(item) if f.name not in _COMMON]
    defaults = {f.name: _default(f) for f in fields(item)}
    return "; ".join(
        f"{name.replace('_', ' ')}: {_shortened(value_in_words(value))}"
        for name, value in given
        if value != defaults[name]
    )


def value_in_words(value: Any) -> str:
    """Return a setting as people write it, the same every time."""
    if isinstance(value, timedelta):
        return spoken(value)
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return _dataclass_in_words(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {value_in_words(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value_in_words(each) for each in value)
    return " ".join(str(value).split())


def limit_in_words(threshold: Threshold, unit: str) -> str:
    """Say when a threshold is crossed: "above 5 % for 5 minutes"."""
    behind = f" {unit}" if unit else ""
    against = threshold.versus or "the baseline"
    said = [
        (threshold.above, f"above {threshold.above:g}{behind}" if threshold.above is not None else ""),
        (threshold.below, f"below {threshold.below:g}{behind}" if threshold.below is not None else ""),
        (threshold.above_baseline_by, f"more than {threshold.above_baseline_by}{behind} above {against}"),
        (
            threshold.above_baseline_by_percent,
            f"more than {threshold.above_baseline_by_percent} % above {against}",
        ),
        (threshold.above_baseline_times, f"more than {threshold.above_baseline_times} times {against}"),
    ]
    limit = ", ".join(text for value, text in said if value is not None)
    return f"{limit} for {spoken(threshold.lasting)}" if threshold.lasting else limit


def action_in_words(rule: Rule, procedures: Mapping[str, str]) -> str:
    """Say what follows from a severity."""
    title = procedures.get(rule.procedure, "")
    return f"{rule.action}: {title}" if title else str(rule.action)


def _dataclass_in_words(value: Any) -> str:
    if "__str__" in vars(type(value)):
        return str(value)
    title = getattr(value, "heading", "") or getattr(value, "title", "") or getattr(value, "name", "")
    return title or ", ".join(value_in_words(getattr(value, f.name)) for f in fields(value))


def _default(field: "Field[Any]") -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
