"""Small pieces of a report: tables, times, durations and evidence in a few words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from slipway.masking import masked, masked_fields
from slipway.run import Json
from slipway.spans import length

FIELDS = 6  # of one piece of evidence; more is a wall
WIDTH = 60  # of one field
COLUMN = 48  # a longer cell of a table moves the rest of its line


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, aligned so that it reads as well in a task log; cells are already Markdown."""
    lines = [head, *rows]
    widths = [min(COLUMN, max(map(len, column))) for column in zip_longest(*lines, fillvalue="")]
    widths[-1] = 1  # nothing stands to the right of it
    rule = ["-" * max(width, 3) for width in widths]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=False)] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))


def section(title: str, *parts: str) -> str:
    """Return a section of the parts that say something, "" if none does."""
    said = [part for part in parts if part]
    return "\n\n".join([f"## {title}", *said]) if said else ""


def plain(text: object) -> str:
    """Return free text as one line of Markdown that can break neither a table nor a page, without secrets."""
    line = " ".join(masked(str(text)).split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def as_it_reads(markdown: str) -> str:
    """Return Markdown for a log, which shows it as it is: `plain` undone, but for the bars of a table."""
    return markdown.replace("&lt;", "<").replace("&amp;", "&")


def when(at: datetime | None) -> str:
    """Return a time in UTC to the second, "" for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def span(duration: timedelta | None) -> str:
    """Return a duration as people say it, "" for none; below ten seconds with one decimal."""
    if duration is None:
        return ""
    seconds = duration.total_seconds()
    return f"{seconds:.1f} s" if seconds < 10 else length(duration)


def difference(planned: timedelta | None, took: timedelta | None) -> str:
    """Return by how much the actual duration is longer (+) or shorter (-) than planned."""
    if planned is None or took is None:
        return ""
    return f"{'+' if took >= planned else '-'}{span(abs(took - planned))}"


def in_few_words(evidence: Mapping[str, Json]) -> str:
    """Return the first few fields of a piece of evidence by name, each cut to a readable length."""
    shown = masked_fields(dict(sorted(evidence.items())[:FIELDS]))
    said = [f"{name}: {_cut(value)}" for name, value in shown.items()]
    more = len(evidence) - FIELDS
    return plain("; ".join([*said, f"and {more} more"] if more > 0 else said))


def count(number: int, one: str, many: str = "") -> str:
    """Return "1 check", "2 checks"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _cut(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
