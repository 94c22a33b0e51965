"""How an explanation says what a plan holds: settings, limits, undos, actions."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import time, timedelta
from enum import Enum
from typing import Any

from slipway.graph import Kind, ReleaseGraph
from slipway.kinds import Check, Checklist, Metric, Step, Undo, in_words
from slipway.plan import Rule
from slipway.prove.names import REFERENCES
from slipway.prove.wording import spoken
from slipway.watching import Threshold

LONGEST = 300  # characters of one setting
REFERRING = (*REFERENCES, "backup", "tried_by")  # settings that name another task
SILENT = ("scale",)  # a factor between the source's unit and the metric's, which is said

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


def titles_of(graph: ReleaseGraph) -> dict[str, str]:
    """Return the titles of steps, checks and checklists by task id, and by name where no stage has them."""
    told = graph.of_kind(Kind.STEP, Kind.CHECK, Kind.CHECKLIST)
    by_name = {node.task_id.rpartition(".")[2]: node.title for node in reversed(told) if not node.stage}
    return by_name | {node.task_id: node.title for node in told}


def settings(item: Any, titles: Mapping[str, str] | None = None) -> str:
    """Say how a kind is set: its own fields that differ from their defaults, in their order.

    :param titles: of the tasks that a setting may name
    """
    metrics = {metric.name: metric for metric in getattr(item, "metrics", ())}
    said = []
    for field in fields(item):
        name, value = field.name, getattr(item, field.name)
        if name in _COMMON or name in SILENT or value == _default(field):
            continue
        if name in REFERRING:
            value = (titles or {}).get(value, value)
        elif name == "thresholds":
            value = " and ".join(_threshold(each, metrics) for each in value)
        said.append(_setting(name, value))
    return "; ".join(said)


def _setting(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"not {words}"
    if name == "argv":
        return f"command: {_shortened(' '.join(value))}"
    return f"{words}: {_shortened(value_in_words(value))}"


def _threshold(threshold: Threshold, metrics: Mapping[str, Metric]) -> str:
    metric = metrics.get(threshold.metric)
    named = metric.heading if metric else in_words(threshold.metric)
    versus = metrics.get(threshold.versus)
    return f"{named} {limit_in_words(threshold, metric.unit if metric else '', versus)}"


def value_in_words(value: Any) -> str:
    """Return a setting as people write it, the same every time."""
    if isinstance(value, timedelta):
        return spoken(value)
    if isinstance(value, time):
        return f"{value:%H:%M:%S}".removesuffix(":00")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return _dataclass_in_words(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {value_in_words(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value_in_words(each) for each in value)
    return " ".join(str(value).split())


def limit_in_words(threshold: Threshold, unit: str, versus: Metric | None = None) -> str:
    """Say when a threshold is crossed: "above 5 % for 5 minutes".

    :param versus: the metric that it names to compare with
    """
    behind = f" {unit}" if unit else ""
    against = (versus.heading if versus else in_words(threshold.versus)) or "the baseline"
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
    limit += f" for {spoken(threshold.lasting)}" if threshold.lasting else ""
    return limit + (f", of at least {threshold.of_at_least}" if threshold.of_at_least else "")


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
