"""A checkpoint as a table for the task log."""

from collections.abc import Sequence

from slipway.spans import length
from slipway.watch.judge import Row
from slipway.watch.schedule import Checkpoint
from slipway.words import Answer

WIDTH = 108
HEAD = ("metric", "value", "baseline", "limit", "answer", "")


def headline(checkpoint: Checkpoint, answer: Answer, remark: str = "") -> str:
    """Return the line above the table."""
    title = f" ({checkpoint.title})" if checkpoint.title else ""
    more = f", {remark}" if remark else ""
    return f"Checkpoint {checkpoint.index + 1} at {length(checkpoint.due)}{title}: {answer}{more}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text, narrower than 110 columns, those that fail first."""
    lines = [HEAD, *(_cells(row) for row in sorted(rows, key=lambda row: row.answer is not Answer.FAIL))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    widths[0] = min(widths[0], 36)
    return "\n".join(_line(line, widths)[:WIDTH].rstrip() for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *figures, answer, note = cells
    middle = "  ".join(cell.rjust(width) for cell, width in zip(figures, widths[1:4], strict=True))
    return f"  {first[: widths[0]].ljust(widths[0])}  {middle}  {answer.ljust(widths[4])}  {note}"


def _cells(row: Row) -> tuple[str, ...]:
    sign = {"above": "<= ", "below": ">= "}.get(row.crossed, "")
    limit = sign + figure(row.limit, row.unit) if row.limit is not None else "-"
    notes = [str(row.severity) if row.answer is Answer.FAIL else "", row.note, _seen(row)]
    answer = str(row.answer) if row.answer else "-"
    note = ", ".join(note for note in notes if note)
    return row.metric, figure(row.value, row.unit), figure(row.baseline, row.unit), limit, answer, note


def _seen(row: Row) -> str:
    return "observed only" if row.observe_only else ""


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit, "-" for none."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()
