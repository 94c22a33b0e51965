"""The watches of a report: for each part the first, the worst and the last checkpoint, and every breach."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from slipway.record import CheckpointRecord, ReleaseRecord, RowRecord
from slipway.report.text import count, plain, section, span, table
from slipway.watch.render import figure
from slipway.words import Answer

# From good to bad; a metric that is not judged says nothing.
LADDER = ("", Answer.PASS, Answer.INCONCLUSIVE, Answer.ERROR, Answer.FAIL)


def watches(record: ReleaseRecord) -> str:
    """Return the watch tables, part by part, and the breaches."""
    parts = groupby(record.checkpoints, key=lambda each: (each.watch, each.title))
    breaches = "\n".join(f"- **{each.severity}**: {plain(each.reason)}" for each in record.breaches)
    said = [_part(watch, title, list(found)) for (watch, title), found in parts]
    return section("Watch", f"Breaches:\n\n{breaches}" if breaches else "", *said)


def _part(watch: str, title: str, found: list[CheckpointRecord]) -> str:
    breached = [each for each in found if each.breaches]
    name = f"**{plain(title)}** (`{watch}`)" if title else f"**`{watch}`**"
    line = f"{name}: {count(len(found), 'checkpoint')}, {len(breached)} with a breach."
    columns = _columns(found)
    rows = [[label, *(_cell(row) for row in _aligned(each, columns))] for label, each in _shown(found)]
    if not columns:
        return line
    head = ["Checkpoint", *(_head(row) for row in columns.values())]
    return f"{line}\n\n{table(head, rows)}"


def _shown(found: list[CheckpointRecord]) -> Iterator[tuple[str, CheckpointRecord]]:
    worst = max(found, key=_badness)
    for each in found:
        labels = [
            *(["first"] if each is found[0] else []),
            *(["worst"] if each is worst else []),
            *(["breach"] if each.breaches else []),
            *(["last"] if each is found[-1] else []),
            *(["not attended"] if not each.attended else []),
        ]
        if labels:
            labels += ["cut short"] if each.cut_short else []
            yield f"{each.index}, {span(each.due)} ({', '.join(labels)})", each


def _badness(checkpoint: CheckpointRecord) -> tuple[int, float]:
    return (
        max((LADDER.index(row.answer) for row in checkpoint.rows), default=0),
        max((_nearness(row) for row in checkpoint.rows), default=0.0),
    )


def _nearness(row: RowRecord) -> float:
    """How near a value is to its limit, 1 is at the limit."""
    if row.value is None or row.limit is None:
        return 0.0
    over, under = (row.limit, row.value) if row.crossed == "below" else (row.value, row.limit)
    return over / under if under > 0 else float(over > 0)


def _keyed(rows: Iterable[RowRecord]) -> Iterator[tuple[tuple[str, int], RowRecord]]:
    """A metric may have several limits: the place among its own rows tells them apart."""
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.metric] = seen.get(row.metric, 0) + 1
        yield (row.metric, seen[row.metric]), row


def _columns(found: list[CheckpointRecord]) -> dict[tuple[str, int], RowRecord]:
    columns: dict[tuple[str, int], RowRecord] = {}
    for each in found:
        for key, row in _keyed(each.rows):
            columns.setdefault(key, row)
    return columns


def _aligned(
    checkpoint: CheckpointRecord, columns: dict[tuple[str, int], RowRecord]
) -> Iterator[RowRecord | None]:
    rows = dict(_keyed(checkpoint.rows))
    return (rows.get(key) for key in columns)


def _head(row: RowRecord) -> str:
    sign = {"above": "at most ", "below": "at least "}.get(row.crossed, "")
    limit = sign + figure(row.limit, row.unit) if row.limit is not None else ""
    baseline = f"baseline {figure(row.baseline, row.unit)}" if row.baseline is not None else ""
    terms = ", ".join(term for term in (limit, baseline) if term)
    return plain(f"{row.metric} ({terms})" if terms else row.metric)


def _cell(row: RowRecord | None) -> str:
    if row is None:
        return "-"
    value = plain(figure(row.value, row.unit))
    return value if row.answer in ("", Answer.PASS) else f"**{value} {row.answer}**"
