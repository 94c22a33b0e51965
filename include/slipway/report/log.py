"""The deployment log, the notices, duties and contacts."""

from collections.abc import Iterator

from slipway.delivery.states import State
from slipway.graph import Kind
from slipway.record import LogEntry, NoticeRecord, ReleaseRecord, TaskRecord
from slipway.report.text import plain, section, table, when

US = "Slipway"
NOTICES = ["Moment", "Audience", "Channel", "State", "Time (UTC)", "Subject"]
DUTIES = "Duties"
BAD = (State.FAILED, State.UNKNOWN)
SILENT = (Kind.START, Kind.GATE, Kind.ASK)  # the answers stand in the decisions, with the person


def entries(record: ReleaseRecord) -> list[LogEntry]:
    """Return the deployment log in the order of time: trigger, tasks, answers, what people did, outcome."""
    found = [
        *(entry for task in record.tasks for entry in _task(task)),
        *(entry for entry in _answers(record)),
        *record.events,
    ]
    begin = LogEntry(
        at=record.triggered_at, action="Release triggered", status="success", who=record.triggered_by
    )
    end = LogEntry(at=record.ended_at, action="Release ended", status=record.outcome, who=US)
    return [begin, *sorted(found, key=lambda entry: entry.at), end]


def _task(task: TaskRecord) -> Iterator[LogEntry]:
    if not task.ran or task.ended is None or task.does in SILENT:
        return
    notes = (task.finding and task.finding.summary, task.evidence and task.evidence.summary, task.note)
    yield LogEntry(
        at=task.ended,
        action=f"{task.phase}: {task.title}" if task.phase else task.title,
        status=task.state,
        who=task.marked_by or US,
        note=". ".join(note for note in notes if note),
    )


def _answers(record: ReleaseRecord) -> Iterator[LogEntry]:
    for decision in record.decisions:
        for each in decision.approvals:
            if each.at:
                role = f" ({each.role})" if each.role else ""
                yield LogEntry(
                    at=each.at,
                    action=decision.question + role,
                    status=each.answer,
                    who=each.person or "nobody",
                    note=each.rationale,
                )


def deployment_log(record: ReleaseRecord) -> str:
    """Return the deployment log, times in UTC."""
    rows = [
        [when(entry.at), plain(entry.action), plain(entry.status), plain(entry.who), plain(entry.note)]
        for entry in entries(record)
    ]
    return section("Deployment log", table(["Timestamp", "Action", "Status", "Who", "Notes"], rows))


def communication(record: ReleaseRecord) -> str:
    """Return what became of each notice, the duties with their dates, and the contacts."""
    parts = (
        ("Notices", NOTICES, _notices(record)),
        (DUTIES, ["Due (UTC)", "Duty", "Owner"], _duties(record)),
        ("Contacts", ["Role", "Name", "Contact"], _contacts(record)),
    )
    return "\n\n".join(section(title, table(head, rows)) for title, head, rows in parts if rows)


def _notices(record: ReleaseRecord) -> list[list[str]]:
    return [
        [
            plain(each.moment),
            plain(each.audience),
            plain(each.channel),
            _state(each),
            when(each.at),
            plain(each.subject or each.message),
        ]
        for each in record.notices
    ]


def _state(notice: NoticeRecord) -> str:
    state = f"**{notice.state}**" if notice.state in BAD else notice.state
    return f"{state}: {plain(notice.why)}" if notice.why else state


def _duties(record: ReleaseRecord) -> list[list[str]]:
    duties = sorted(record.duties, key=lambda duty: (duty.due, duty.title))
    return [[when(each.due), plain(each.title), plain(each.owner)] for each in duties]


def _contacts(record: ReleaseRecord) -> list[list[str]]:
    return [[plain(each.role), plain(each.name), plain(each.contact)] for each in record.contacts]
