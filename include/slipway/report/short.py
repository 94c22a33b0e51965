"""The report in about fifteen lines, for the head of a task log, and in a few for its end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from slipway.graph import Kind
from slipway.masking import masked
from slipway.record import ReleaseRecord
from slipway.report.summary import ticked, what_happened, what_next
from slipway.report.text import count, span, when
from slipway.report.timeline import time_split

LINE = 320


def short(record: ReleaseRecord) -> str:
    """Return the release in about fifteen lines of plain text."""
    return _text(record, [*_first_of_all(record), *_facts(record)])


def last_words(record: ReleaseRecord, path: Path) -> str:
    """Return what stands at the end of the log, where the UI opens it: what, why, next, and the file."""
    return _text(record, [*_first_of_all(record), ("report", f"above in this log, and in {path}")])


def _text(record: ReleaseRecord, said: Sequence[tuple[str, str]]) -> str:
    title = f"{record.outcome}: {record.title} {record.version} on {record.production}"
    lines = [title, *(f"  {name:<13}{text}" for name, text in said if text)]
    return "\n".join(_cut(masked(" ".join(line.split("\n")))) for line in lines)


def _first_of_all(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    yield "what", what_happened(record)
    yield from (("OVERRIDE", override) for override in record.overrides)
    yield from (("why", reason) for reason in record.reasons[:4])
    if record.rollback_is_late and record.rollback_took and record.rollback_within:
        took, within = span(record.rollback_took), span(record.rollback_within)
        yield "LATE", f"the rollback took {took}, and the plan gives it {within}"
    yield "next", what_next(record)


def _facts(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    yield (
        "release",
        f"{record.release_id}, triggered {when(record.triggered_at)} UTC by {record.triggered_by}",
    )
    yield "took", f"{span(record.took)} ({', '.join(_split(record))})"
    yield from (("decision", said) for said in _decisions(record))
    yield "checks", "; ".join(said for said in (_checks(record), ticked(record)) if said)
    yield "watch", _watch(record)
    yield "undone", ", ".join(undo.of for undo in record.undone if undo.undone)
    yield "kept", ", ".join(kept.title for kept in record.kept if not kept.harmless)
    yield "verified", str(record.verification or "")


def _split(record: ReleaseRecord) -> Iterator[str]:
    return (f"{name} {span(took)}" for name, took in time_split(record).items() if took)


def _decisions(record: ReleaseRecord) -> Iterator[str]:
    for decision in record.decisions:
        alike = all(each.answer == decision.answer for each in decision.approvals)
        people = ", ".join(
            (each.person or f"nobody ({each.role})") + ("" if alike else f" {each.answer}")
            for each in decision.approvals
        )
        said = f" by {people}" if alike else f": {people}"
        yield f"{decision.answer}{said}" if people else decision.answer


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
