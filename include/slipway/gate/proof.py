"""Who answered one approval, and by which way: the form's record, or the audit log's row that caused it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipway.gate.records import Asked, FormAnswer, GivenApproval, Mark, Way
from slipway.words import GateAnswer

CLOSE = timedelta(seconds=10)  # the row is written first, the state follows within the same request
NO_NOTE = "(marked in the UI without a note)"
OVERRIDE = "override:"  # how a line of a note starts that gives an override, in any case
# How the product's own notes start. Airflow's dialog to mark a task offers the note that the task has, so
# an approver who writes nothing sends it back.
OWN_NOTE = "asked again:"


@dataclass(frozen=True)
class Proof:
    """What became of an approval, and why it does not count (nothing if it does)."""

    given: GivenApproval
    reasons: tuple[str, ...] = ()


def prove(asked: Asked) -> Proof:
    """Tell who answered an approval; whatever cannot be proven is NO-GO."""
    if refusal := _standing_refusal(asked):
        return refusal
    if asked.state == "failed":
        return _failed(asked)
    if asked.state != "success":
        return _refused(asked, f"was not answered (the task is {asked.state or 'not started'})")
    if asked.shown is None:
        return _refused(asked, "was passed before the question was shown", way=Way.MARK)
    if asked.form and asked.form.option == GateAnswer.GO:
        return _by_form(asked, asked.form)
    return _by_mark(asked)


def _standing_refusal(asked: Asked) -> Proof | None:
    """A permitted person's NO-GO stands, whatever was done to the task afterwards."""
    form = asked.form
    if form and form.option == GateAnswer.NO_GO:
        given = _given(asked, GateAnswer.NO_GO, form.person, Way.FORM, form)
        why = form.rationale or "no rationale"
        return Proof(given, (f"{asked.approval.role}: NO-GO by {form.person}: {why}",))
    for mark in asked.marks:
        if mark.direct and mark.state == "failed" and mark.person in asked.approval.people:
            note = mark.note or NO_NOTE
            given = _given(asked, GateAnswer.NO_GO, mark.person, Way.MARK, mark)
            return Proof(given, (f"{asked.approval.role}: NO-GO by {mark.person}: {note}",))
    return None


def _failed(asked: Asked) -> Proof:
    """A failed gate is NO-GO whoever failed it; the record only says by whom."""
    fits = [mark for mark in _near(asked) if mark.state == "failed"]
    if not fits and asked.form:
        return _refused(
            asked, f"failed after {asked.form.person} had answered {asked.form.option}", way=Way.FORM
        )
    if not fits:
        return _refused(asked, "was not answered in time", way=Way.TIMEOUT)
    last = fits[-1]
    return _refused(asked, f"was marked failed by {last.person}: {last.note or NO_NOTE}", way=Way.MARK)


def _by_form(asked: Asked, form: FormAnswer) -> Proof:
    given = _given(asked, GateAnswer.GO, form.person, Way.FORM, form)
    reasons = []
    if form.person not in asked.approval.people:
        reasons.append(_may_not(asked, form.person))
    if not form.rationale.strip():
        reasons.append(f"{asked.approval.role}: {form.person} gave no rationale")
    return Proof(given, tuple(reasons))


def _by_mark(asked: Asked) -> Proof:
    near = _near(asked)
    fits = [mark for mark in near if mark.direct and mark.state == asked.state]
    if not fits:
        return _refused(
            asked,
            "was marked success in a way that leaves no record of who did it; mark it on the task's own page",
            way=Way.MARK,
        )
    given = _given(asked, GateAnswer.GO, fits[-1].person, Way.MARK, fits[-1])
    reasons = _people_doubted(asked, near, fits)
    if given.rationale == NO_NOTE:
        reasons.append(_no_note(asked, given.person))
    return Proof(given, tuple(reasons))


def _people_doubted(asked: Asked, near: Sequence[Mark], fits: Sequence[Mark]) -> list[str]:
    """Say why the person behind a mark may not pass the task, or cannot be told."""
    people = {mark.person for mark in fits}
    strangers = sorted(people - set(asked.approval.people))
    if len(strangers) == len(people):
        return [_may_not(asked, person) for person in strangers]
    indirect = [mark for mark in near if not mark.direct and mark.state == asked.state]
    doubts = strangers + [f"{mark.person} (not on this task alone)" for mark in indirect]
    return [_cannot_tell(asked, doubts)] if doubts else []


def _near(asked: Asked) -> list[Mark]:
    return near(asked.marks, asked.ended_at)


def near(marks: Sequence[Mark], ended_at: datetime | None) -> list[Mark]:
    """Return the attempts that can have caused a state: the row comes before the change, and only just."""
    if ended_at is None:
        return []
    close = (mark for mark in marks if ended_at - CLOSE <= mark.at <= ended_at)
    return sorted(close, key=lambda mark: mark.at)


def cause_of(marks: Sequence[Mark], state: str, ended_at: datetime | None) -> Mark | None:
    """Return the mark that most likely set a state, for a report; a decision needs `prove`."""
    fits = [mark for mark in near(marks, ended_at) if mark.state == state]
    return fits[-1] if fits else None


def _given(
    asked: Asked, answer: GateAnswer, person: str, way: Way, source: FormAnswer | Mark
) -> GivenApproval:
    rationale, override = (
        (source.rationale, source.override) if isinstance(source, FormAnswer) else _read_note(source.note)
    )
    return GivenApproval(
        task_id=asked.task_id,
        role=asked.approval.role,
        answer=answer,
        person=person,
        way=way,
        at=source.at,
        rationale=rationale,
        override=override,
    )


def _read_note(note: str) -> tuple[str, str]:
    """Split a mark's note into rationale and override, line by line.

    A note that is nothing but an override says why by it.
    """
    rationale, overrides = [], []
    for line in (line.strip() for line in note.splitlines()):
        if line.lower().startswith(OVERRIDE):
            overrides.append(line[len(OVERRIDE) :].strip())
        elif not line.lower().startswith(OWN_NOTE):
            rationale.append(line)
    override = " ".join(filter(None, overrides))
    return "\n".join(rationale).strip() or override or NO_NOTE, override


def _refused(asked: Asked, why: str, way: Way = Way.NONE) -> Proof:
    given = GivenApproval(
        task_id=asked.task_id,
        role=asked.approval.role,
        answer=GateAnswer.NO_GO,
        person="",
        way=way,
        at=asked.ended_at,
    )
    return Proof(given, (f"{asked.approval.role}: {why}",))


def _may_not(asked: Asked, person: str) -> str:
    allowed = ", ".join(asked.approval.people)
    return f"{asked.approval.role}: {person} may not give this approval (may: {allowed})"


def _no_note(asked: Asked, person: str) -> str:
    return (
        f"{asked.approval.role}: {person} marked it success without a note, which is no rationale; "
        "in the next release write the rationale as the note of the mark"
    )


def _cannot_tell(asked: Asked, doubts: list[str]) -> str:
    return (
        f"{asked.approval.role}: it cannot be told who passed it, "
        f"because {', '.join(doubts)} tried to at the same moment"
    )
