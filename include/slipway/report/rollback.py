"""The rollback of a report: what was undone and why, what was kept, and whether it is verified."""

from slipway.record import ReleaseRecord, UndoRecord
from slipway.report.text import in_few_words, plain, section, span, table, when


def rollback(record: ReleaseRecord) -> str:
    """Return verdict, undo tasks, what was kept, and the verification; "" where nothing is to be said."""
    if not record.undone and not record.kept:
        return ""
    return section(
        "Rollback", _verdict(record), _undone(record), _took(record), _kept(record), _verification(record)
    )


def _verdict(record: ReleaseRecord) -> str:
    verdict = record.verdict
    if verdict is None:
        return ""
    procedure = f", procedure {plain(verdict.procedure)}" if verdict.procedure else ""
    within = f", within {span(verdict.within)}" if verdict.within else ""
    passed = "".join(f"\n- point of no return passed: `{task_id}`" for task_id in verdict.no_return)
    reasons = "".join(f"\n- {plain(reason)}" for reason in verdict.reasons)
    return (
        f"Verdict: {verdict.branch}; action: {verdict.action}{procedure}{within}.\n{reasons}{passed}".strip()
    )


def _undone(record: ReleaseRecord) -> str:
    rows = [
        [str(number), plain(undo.title), _answer(undo), when(undo.at), plain(undo.why), _did(undo)]
        for number, undo in enumerate(record.undone, 1)
    ]
    head = ["Order", "Undo", "Result", "At (UTC)", "Why", "What it did"]
    return table(head, rows) if rows else "Nothing was undone."


def _took(record: ReleaseRecord) -> str:
    took, within = record.rollback_took, record.rollback_within
    if took is None:
        return ""
    if record.rollback_broke_off:
        given = f"; the plan gives it {span(within)}" if within else ""
        return f"It broke off after {span(took)}{given}."
    if within is None:
        return f"It took {span(took)}."
    if record.rollback_is_late:
        return f"It took {span(took)}, **longer than the {span(within)} that the plan gives it**."
    return f"It took {span(took)}, within the {span(within)} that the plan gives it."


def _answer(undo: UndoRecord) -> str:
    if undo.state in ("success", "skipped"):
        return "undone" if undo.undone else "left as it is"
    return "**NOT REACHED**" if undo.state == "upstream_failed" else f"**{undo.state.upper()}**"


def _did(undo: UndoRecord) -> str:
    if undo.evidence is None:
        return ""
    return plain(undo.evidence.summary) or in_few_words(undo.evidence.after)


def _kept(record: ReleaseRecord) -> str:
    kept = [f"- **{plain(each.title)}**: {plain(each.why)}" for each in record.kept if not each.harmless]
    parts = ["\n".join(["Kept as the release left it:", "", *kept])] if kept else []
    harmless = ", ".join(plain(each.title) for each in record.kept if each.harmless)
    parts += [f"Nothing to undo, by the plan: {harmless}."] if harmless else []
    return "\n\n".join(parts)


def _verification(record: ReleaseRecord) -> str:
    found = record.verification
    return f"Rollback verification: **{found}**" if found else ""
