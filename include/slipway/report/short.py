"""The report in about fifteen lines, for the head of a task log."""

from collections import Counter
from collections.abc import Iterator

from slipway.graph import Kind
from slipway.masking import masked
from slipway.record import ReleaseRecord
from slipway.report.summary import what_happened, what_next
from slipway.report.text import count, span, when
from slipway.report.timeline import time_split

LINE = 320


def short(record: ReleaseRecord) -> str:
    """Return the release in about fifteen lines of plain text."""
    title = f"{record.outcome}: {record.title} {record.version} on {record.production}"
    lines = [title, *(f"  {name:<13}{said}" for name, said in _lines(record) if said)]
    return "\n".join(_cut(masked(" ".join(line.split("\n")))) for line in lines)


def _lines(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    yield "what", what_happened(record)
    yield from (("OVERRIDE", override) for override in record.overrides)
    yield from (("why", reason) for reason in record.reasons[:4])
    yield "next", what_next(record)
    yield (
        "release",
        f"{record.release_id}, triggered {when(record.triggered_at)} UTC by {record.triggered_by}",
    )
    yield "took", f"{span(record.took)} ({', '.join(_split(record))})"
    yield from (("decision", said) for said in _decisions(record))
    yield "checks", _checks(record)
    yield "watch", _watch(record)
    yield "undone", ", ".join(undo.of for undo in record.undone if undo.undone)
    yield "kept", ", ".join(kept.title for kept in record.kept)
    yield "verified", str(record.verification or "")


def _split(record: ReleaseRecord) -> Iterator[str]:
    return (f"{name} {span(took)}" for name, took in time_split(record).items() if took)


def _decisions(record: ReleaseRecord) -> Iterator[str]:
    for decision in record.decisions:
        people = ", ".join(each.person or f"nobody ({each.role})" for each in decision.approvals)
        yield f"{decision.answer} by {people}" if people else decision.answer


def _checks(record: ReleaseRecord) -> str:
    tasks = [task for task in record.tasks if task.does is Kind.CHECK and task.ran]
    answers = Counter(str(task.finding.answer) if task.finding else "no finding" for task in tasks)
    return ", ".join(f"{number} {answer}" for answer, number in sorted(answers.items()))


def _watch(record: ReleaseRecord) -> str:
    if not record.checkpoints:
        return ""
    breached = sum(bool(each.breaches) for each in record.checkpoints)
    return f"{count(len(record.checkpoints), 'checkpoint')}, {breached} with a breach"


def _cut(line: str) -> str:
    return line if len(line) <= LINE else line[: LINE - 1] + "…"
