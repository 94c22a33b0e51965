"""The timeline of a report: planned beside actual, and where the time went."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from slipway.graph import Kind
from slipway.record import PEOPLE, PhaseRecord, ReleaseRecord, TaskRecord
from slipway.record_parts import ScheduledRecord
from slipway.report.text import count, difference, plain, section, span, table, when

HEAD = ["Phase, task", "State", "Began (UTC)", "Planned", "Actual", "Difference"]
SCHEDULE = ["Stage", "Owner", "State", "Planned for (UTC)", "Began (UTC)", "Late by", "Planned", "Actual"]
WORKING, WATCHING, WAITING, BETWEEN = "working", "watching", "waiting for a person", "between tasks"


def timeline(record: ReleaseRecord) -> str:
    """Return a table of the phases and the tasks that ran, and how many did not."""
    idle = Counter(t.phase for t in record.tasks if not t.ran and t.state == "upstream_failed")
    names = ", ".join(f"{phase} ({count(number, 'task')})" for phase, number in idle.items())
    unreached = f"Not reached, because something before failed: {names}." if idle else ""
    rows = (row for phase in record.phases for row in _phase(phase))
    return section("Timeline", table(HEAD, rows), unreached)


def schedule(record: ReleaseRecord) -> str:
    """Return a table of the plan's own timeline: when each line was meant to begin, and when it did."""
    rehearsal = record.pace > 1
    note = (
        "A rehearsal begins when it likes and shortens what waits, so nothing is called late."
        if rehearsal
        else ""
    )
    rows = []
    for line in record.schedule:
        took = line.ended - line.began if line.began and line.ended else None
        times = [_due(line), when(line.began), "" if rehearsal else _late(line)]
        who = [plain(line.title), plain(line.owner), _state(line)]
        rows.append([*who, *times, span(line.planned), span(took)])
    return section("Schedule", table(SCHEDULE, rows) if rows else "", note if rows else "")


def _due(line: ScheduledRecord) -> str:
    return f"{when(line.due)} ({line.local})" if line.local else when(line.due)


def _late(line: ScheduledRecord) -> str:
    if not line.began:
        return ""
    return span(line.began - line.due) if line.began > line.due else "in time"


def _state(line: ScheduledRecord) -> str:
    if not line.began:
        return "not reached"
    return "**failed**" if line.failed else "done"


def _phase(phase: PhaseRecord) -> Iterator[list[str]]:
    ran = sorted((t for t in phase.tasks if t.ran), key=lambda t: (t.started is None, t.started, t.task_id))
    began = when(ran[0].started)
    gap = difference(phase.planned, phase.took)
    yield [f"**{phase.name}**", "", began, span(phase.planned), f"**{span(phase.took)}**", gap]
    yield from (_row(task) for task in ran)


def _row(task: TaskRecord) -> list[str]:
    tries = f" ({task.tries} tries)" if task.tries > 1 else ""
    by = f", marked by {plain(task.marked_by)}" if task.marked_by else ""
    state = f"**{task.state}**" if task.state == "failed" else task.state
    gap = difference(task.planned, task.took)
    return [
        plain(task.title),
        state + tries + by,
        when(task.started),
        span(task.planned),
        span(task.took),
        gap,
    ]


def time_split(record: ReleaseRecord) -> dict[str, timedelta]:
    """Return how long the release worked, watched, waited for a person, and did none of these.

    Where tasks overlap, a moment counts once: working before waiting before watching.
    """
    split = dict.fromkeys((WORKING, WATCHING, WAITING, BETWEEN), timedelta(0))
    busy = [(t.started, t.ended, _spent(t)) for t in record.tasks if t.ran and t.started and t.ended]
    moments = sorted({record.triggered_at, record.ended_at, *(m for b in busy for m in b[:2])})
    inside = [m for m in moments if record.triggered_at <= m <= record.ended_at]
    for begin, end in pairwise(inside):
        doing = {how for started, ended, how in busy if started <= begin and end <= ended}
        first = next((how for how in (WORKING, WAITING, WATCHING) if how in doing), BETWEEN)
        split[first] += end - begin
    return split


def where_the_time_went(record: ReleaseRecord) -> str:
    """Return the time split as a table."""
    total = record.took or timedelta(microseconds=1)
    rows = [[name, span(took), f"{took / total:.0%}"] for name, took in time_split(record).items() if took]
    return section("Where the time went", table(["Time", "Duration", "Share"], rows))


def _spent(task: TaskRecord) -> str:
    if task.does in PEOPLE:
        return WAITING
    return WATCHING if task.does is Kind.WATCH else WORKING
