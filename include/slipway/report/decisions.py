"""Decisions, checks, checklists and what the steps did."""

from slipway.graph import Kind
from slipway.record import DecisionRecord, ReleaseRecord, TaskRecord
from slipway.report.text import in_few_words, plain, section, table, when
from slipway.words import Answer


def decisions(record: ReleaseRecord) -> str:
    """Return each question with its answer, and who gave it, when, how and why."""
    return section("Decisions", *(_decision(each) for each in record.decisions))


def _decision(decision: DecisionRecord) -> str:
    rows = [
        [
            plain(each.role),
            plain(each.answer),
            plain(each.person) or "nobody",
            plain(each.way),
            when(each.at),
            plain(each.rationale) + (f" **Override: {plain(each.override)}**" if each.override else ""),
        ]
        for each in decision.approvals
    ]
    parts = [
        f"**{plain(decision.question)}** {plain(decision.answer)}",
        "\n".join(f"- {plain(reason)}" for reason in decision.reasons),
        table(["Role", "Answer", "Person", "Way", "At (UTC)", "Rationale"], rows) if rows else "",
        f"Bound to plan digest `{decision.digest[:12]}`." if decision.digest else "",
    ]
    return "\n\n".join(part for part in parts if part)


def checks(record: ReleaseRecord) -> str:
    """Return each check with its answer and its evidence."""
    rows = [
        [task.phase, plain(task.title), *_answer(task)]
        for task in record.tasks
        if task.does is Kind.CHECK and task.ran
    ]
    head = ["Phase", "Check", "Answer", "Why", "Evidence"]
    return section("Checks", table(head, rows) if rows else "")


def _answer(task: TaskRecord) -> list[str]:
    finding = task.finding
    if finding is None:
        marked = f"marked {task.state} by {task.marked_by}, " if task.marked_by else ""
        return ["**none**", plain(f"{marked}the task left no finding"), ""]
    answer = str(finding.answer) if finding.answer is Answer.PASS else f"**{finding.answer}**"
    return [answer, plain(finding.summary), in_few_words(finding.evidence)]


def checklists(record: ReleaseRecord) -> str:
    """Return each checklist with every item that was not ticked."""
    lists = [task for task in record.tasks if task.does is Kind.CHECKLIST and task.ran]
    return section("Checklists", *(_checklist(task) for task in lists))


def _checklist(task: TaskRecord) -> str:
    if task.finding is None:
        who = plain(task.marked_by) or "somebody"
        said = f"**{plain(task.title)}**: marked {task.state} by {who} without ticking. {plain(task.note)}"
        return said.strip()
    evidence = task.finding.evidence
    ticked, unticked = evidence.get("ticked") or [], evidence.get("unticked") or []
    by = f" by {plain(evidence['by'])}" if evidence.get("by") else f", {plain(task.finding.summary)}"
    said = f"**{plain(task.title)}**: {len(ticked)} of {len(ticked) + len(unticked)} ticked{by}"
    if not unticked:
        return f"{said}."
    return "\n".join([f"{said}. Not ticked:", "", *(f"- [ ] {plain(item)}" for item in unticked)])


def changes(record: ReleaseRecord) -> str:
    """Return what the steps did to production, and how each is undone."""
    rows = [[plain(step.title), step.state, _did(step), plain(_undo(step))] for step in record.steps]
    head = ["Step", "State", "What it did", "Its undo"]
    return section("Changes to production", table(head, rows) if rows else "")


def _did(step: TaskRecord) -> str:
    if step.evidence is None:
        return "it left no evidence"
    return plain(step.evidence.summary) or in_few_words(step.evidence.after)


def _undo(step: TaskRecord) -> str:
    if step.undoing is None:
        return ""
    return f"{step.undoing.undo}: {step.undoing.how}" if step.undoing.how else str(step.undoing.undo)
