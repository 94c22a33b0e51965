"""What happened, why, and what to do next: the first thing that people read."""

from slipway.graph import Kind
from slipway.outcome import HEALTHY, in_sentences
from slipway.record import ReleaseRecord
from slipway.report.log import DUTIES
from slipway.report.text import count, plain, span, table, when
from slipway.words import Answer, Intent, Outcome

NEW_RELEASE = "Mend the cause, then trigger a new release."


def heading(record: ReleaseRecord) -> str:
    """Return outcome, plan, version and environment in one line."""
    what = f"rollback of {record.version}" if record.intent is Intent.ROLL_BACK else record.version
    return plain(f"{record.outcome}: {record.title} {what} on {record.production}")


def overrides(record: ReleaseRecord) -> str:
    """Return every override in bold, "" if there was none."""
    if not record.overrides:
        return ""
    return "\n".join(
        ["**Rules were set aside:**", "", *(f"- **{plain(each)}**" for each in record.overrides)]
    )


def summary(record: ReleaseRecord) -> str:
    """Return one paragraph: what happened, why, what to do next."""
    said = (plain(what_happened(record)), why(record), f"**Next:** {plain(what_next(record))}")
    return " ".join(part for part in said if part)


def what_happened(record: ReleaseRecord) -> str:
    """Say in one or two sentences how the release ended and what production is on."""
    version, place = record.version, record.production
    said = {
        Outcome.RELEASED: f"{version} is released on {place}, {_in_place_of(record)}. {_all_good(record)}",
        Outcome.ROLLED_BACK: f"{version} was taken back: {place} is as it was before{_old(record)}"
        f"{_but_for(record)}. {_undone(record)}.",
        Outcome.ROLLBACK_FAILED: f"THE ROLLBACK FAILED: {place} is neither on {version} nor as it was "
        f"before{_old(record)}.",
        Outcome.REJECTED: f"{version} was not approved. {place} was not touched{_still(record)}.",
        Outcome.ABORTED: f"{version} did not get to {place}; nothing was changed there{_still(record)}.",
        Outcome.HELD: f"{place} is held for a person: {version} was begun there and is neither finished "
        "nor taken back.",
    }
    if record.in_part:
        return f"{version} was taken back in part: {_undone(record)}. {_what_stays(record)}."
    if record.intent is Intent.ROLL_BACK and record.outcome is Outcome.ABORTED:
        return f"The rollback of {version} did not start. {place} was not touched."
    return said[record.outcome]


def why(record: ReleaseRecord) -> str:
    """Return the reasons in bold and one line, "" for a release that needs none."""
    if not record.reasons or (record.outcome is Outcome.RELEASED and record.reasons[0] == HEALTHY):
        return ""
    return f"**Why:** {in_sentences(plain(reason) for reason in record.reasons)}"


def what_next(record: ReleaseRecord) -> str:
    """Say what a person should do now."""
    calls = ", ".join(f"{each.role} {each.name} ({each.contact})" for each in record.contacts)
    call = f" Call {calls}." if calls else ""
    left = ", ".join(kept.title for kept in record.kept if not kept.harmless) or "nothing that is known"
    verified = record.verification
    said = {
        Outcome.RELEASED: _first_duty(record),
        Outcome.ROLLED_BACK: f"{_after_a_rollback(record)} (rollback verification: {verified}). "
        f"{NEW_RELEASE}{_left_to_do(record)}",
        Outcome.ROLLBACK_FAILED: f"Act now. Still in production: {left}.{call} "
        "Read the log of the undo task or check that failed, and bring back by hand what is still there, "
        "newest first, before anybody releases again.",
        Outcome.REJECTED: "Mend what speaks against it, then trigger a new release.",
        Outcome.ABORTED: NEW_RELEASE,
        Outcome.HELD: f"Still in production: {left}. {_what_of_it(record)}.{call}{_left_to_do(record)}",
    }
    return said[record.outcome]


def _what_stays(record: ReleaseRecord) -> str:
    if record.no_return:
        return f"{', '.join(record.no_return)} cannot be taken back and stays on {record.production}"
    return f"What the plan keeps is still on {record.production}"


def _what_of_it(record: ReleaseRecord) -> str:
    if not record.in_part:
        return "A person fixes it forward or takes it back"
    if record.no_return:
        return "What was taken back is verified; see that it goes together with what could not be"
    quiet = f"{_after_a_rollback(record)} (rollback verification: {record.verification})"
    return f"{quiet}; a person decides what becomes of it"


def _undone(record: ReleaseRecord) -> str:
    number = sum(undo.undone for undo in record.undone)
    return f"{count(number, 'step')} undone, newest first" if number else "no step had anything to undo"


def _left_to_do(record: ReleaseRecord) -> str:
    return f" Then: {_first_duty(record)}" if record.duties else ""


def facts(record: ReleaseRecord) -> str:
    """Return the facts of the release as a table."""
    rows = {
        "Plan": record.plan,
        "Release": record.release_id,
        "Intent": f"{record.intent} {record.rolls_back}".strip(),
        "Version": f"{record.version} (before: {record.version_before or 'unknown'})",
        "Environments": ", ".join(record.environments),
        "Strategy": record.strategy,
        "Pace": f"{record.pace:g} (a rehearsal: waiting times are divided)" if record.pace != 1 else "",
        "Parameters": ", ".join(f"{name} = {value}" for name, value in sorted(record.parameters.items())),
        "Triggered": f"{when(record.triggered_at)} UTC by {record.triggered_by}",
        "Ended": f"{when(record.ended_at)} UTC, after {span(record.took)}",
        "Plan digest": record.plan_digest,
    }
    return table(["Fact", "Value"], ([name, plain(value)] for name, value in rows.items() if value))


def _in_place_of(record: ReleaseRecord) -> str:
    return (
        f"in place of {record.version_before}" if record.version_before else "its version before is not known"
    )


def _old(record: ReleaseRecord) -> str:
    return f" ({record.version_before})" if record.version_before else ""


def _but_for(record: ReleaseRecord) -> str:
    left = ", ".join(record.left_down)
    return f", but for {left}: somebody turned it down since, so it stays down" if left else ""


def _after_a_rollback(record: ReleaseRecord) -> str:
    left = ", ".join(record.left_down)
    return f"Decide whether {left} is turned up again" if left else "Nothing is urgent"


def _still(record: ReleaseRecord) -> str:
    return f", and it is still on {record.version_before}" if record.version_before else ""


def _all_good(record: ReleaseRecord) -> str:
    looked = (passed(record, Kind.CHECK, "check", "passed"), ticked(record))
    breached = sum(bool(each.breaches) for each in record.checkpoints)
    watched = f"{count(len(record.checkpoints), 'checkpoint')} of the watch, {breached} with a breach"
    return f"{', '.join(said for said in looked if said) or 'Nothing was checked'}; {watched}."


def ticked(record: ReleaseRecord) -> str:
    """Say how many checklists were ticked, "" if none was asked."""
    return passed(record, Kind.CHECKLIST, "checklist", "ticked")


def passed(record: ReleaseRecord, kind: Kind, one: str, well: str) -> str:
    """Say how many tasks of a kind answered PASS: "17 checks passed", or "16 of 17 checks passed"."""
    ran = [task for task in record.tasks if task.does is kind and task.ran]
    good = [task for task in ran if task.finding is not None and task.finding.answer is Answer.PASS]
    if not ran:
        return ""
    of = "" if len(good) == len(ran) else f"{len(good)} of "
    return f"{of}{count(len(ran), one)} {well}"


def _first_duty(record: ReleaseRecord) -> str:
    if not record.duties:
        return "Nothing; the plan names no duties after the release."
    first = min(record.duties, key=lambda duty: (duty.due, duty.title))
    others = len(record.duties) - 1
    more = f", and {others} more, see {DUTIES}" if others else ""
    return f"{first.title} ({first.owner}), due {when(first.due)} UTC{more}."
