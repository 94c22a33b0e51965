"""What people read: the question in the form and in the log, and the decision as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway.gate.parameters import parameter_lines
from slipway.gate.policy import closed_to_it
from slipway.gate.records import CriterionState, Decision, Release
from slipway.plan import Approval, Plan
from slipway.run import Json
from slipway.windows import is_open, next_opening
from slipway.words import NO_PROOF

RATIONALE = "Why. Required; without it the question is asked again."
OVERRIDE = "Only to pass a criterion that is not PASS: the reason. It stands in bold in the report."
UNDONE = "Undone is what has run by then, newest first, at the most this:"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """All that one approval's question shows.

    :param unproved: tasks on staging that left no proof of what they tried
    :param parameters: the run's parameters as they will be used, by name
    :param at: when it is asked, with a time zone
    :param way_back: what a rollback would do, line by line
    :param deadline: when the question ends as NO-GO
    :param begins: a sentence of when production begins, "" if it follows the GO at once
    """

    plan: Plan
    approval: Approval
    release: Release
    unproved: Sequence[str]
    criteria: Sequence[CriterionState]
    version: str
    parameters: Mapping[str, Json]
    way_back: Sequence[str]
    requester: str
    at: datetime
    deadline: datetime
    begins: str = ""


def question_text(asking: Asking) -> str:
    """Return the body of the gate's form as Markdown."""
    plan, gate = asking.plan, asking.plan.gate
    lines = [
        f"**{plan.title}**, version **{asking.version or 'unknown'}**, to **{plan.production.label}**.",
        f"Triggered by {asking.requester or 'nobody known'}. Risk {plan.risk}.",
        "",
        *_release_lines(asking.release),
        *(f"**{task_id} {NO_PROOF}: a GO ends as NO-GO.**" for task_id in asking.unproved),
        *_window_lines(asking),
        *(["", asking.begins] if asking.begins else []),
        "",
        "### Parameters",
        *parameter_lines(asking.parameters),
        "",
        "### Criteria",
        *(line for criterion in asking.criteria for line in _criterion_lines(criterion)),
        "",
        "### If it goes wrong",
        UNDONE,
        "",
        *asking.way_back,
        "",
        "### Who, how, until when",
        f"{asking.approval.role}: {', '.join(asking.approval.people)}.",
        f"Unanswered it ends as **NO-GO** at {_clock(asking.deadline)}.",
        "In this form: GO, NO-GO or DEFER. GO and DEFER need a rationale; DEFER needs defer_until. An answer "
        "that lacks them is asked for again, and the task's note says why.",
        "Or by marking this task on its own page: success is GO, failed is NO-GO; write the rationale as the "
        'note: a GO without one ends as NO-GO. A line of it that starts with "override:" is the override. '
        "Marks on several tasks at once do not count.",
    ]
    if gate.escalation:
        lines.append(f"Escalation: {gate.escalation}.")
    return "\n".join(lines)


def _window_lines(asking: Asking) -> list[str]:
    windows, glass = asking.plan.windows, str(asking.parameters.get("break_glass") or "")
    if not closed_to_it(window_open=is_open(windows, asking.at), break_glass=glass):
        return []
    opening, longest = next_opening(windows, asking.at), asking.plan.gate.defer_at_most
    when = _clock(opening.astimezone(windows[0].timezone)) if opening else "never"
    # Airflow keeps the form's first text, also when it is asked again after a DEFER: so it names its moment.
    asked = _clock(asking.at.astimezone(windows[0].timezone))
    then = "answer DEFER until then, or GO when it is open"
    if not opening or opening - asking.at > longest:
        then = "that is further than a DEFER may go, so trigger a new release then"
    return [
        f"**At {asked} no allowed window is open, and a GO outside one ends as NO-GO. The next one opens "
        f"{when}: {then}.**"
    ]


def ask_text(
    *,
    reasons: Sequence[str],
    people: Sequence[str],
    deadline: datetime,
    way_back: Sequence[str],
    whom_to_call: str,
) -> str:
    """Return the body of "fix forward or roll back?" as Markdown.

    :param whom_to_call: the plan's contacts in one line
    """
    return "\n".join(
        [
            "### What happened",
            *(f"- {reason}" for reason in reasons or ("The verdict gave no reason.",)),
            "",
            "### What a rollback does",
            UNDONE,
            "",
            *way_back,
            "",
            f"May answer: {', '.join(people)}. FIX FORWARD needs a rationale.",
            *([f"Whom to call: {whom_to_call}."] if whom_to_call else ()),
            f"Without an answer by {_clock(deadline)} the release is **rolled back**.",
            "By marking this task: success is FIX FORWARD (write why as the note), failed is ROLL BACK.",
        ]
    )


def decision_table(decision: Decision) -> str:
    """Return a decision as lines for the task log."""
    rows = [("role", "answer", "person", "way", "at", "rationale")]
    for each in decision.approvals:
        at = _clock(each.at) if each.at else "-"
        why = each.rationale + (f" [OVERRIDE: {each.override}]" if each.override else "")
        rows.append((each.role, str(each.answer), each.person or "-", str(each.way), at, why))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    if decision.reasons:
        lines += ["Against it:", *(f"  - {reason}" for reason in decision.reasons)]
    return "\n".join([f"Decision: {decision.answer}", *lines])


def shown_json(release: Release, criteria: Sequence[CriterionState]) -> dict[str, object]:
    """Return what the question showed, as JSON."""
    return {
        "digest": release.digest,
        "parameters_digest": release.parameters_digest,
        "commits": dict(release.commits),
        "packages": dict(release.packages),
        "criteria": [
            {"text": each.text, "answer": str(each.answer), "findings": list(each.findings)}
            for each in criteria
        ],
    }


def shown_release(value: Mapping[str, object] | None) -> Release | None:
    """Read back the release from what `shown_json` wrote."""
    if not value:
        return None
    commits, packages = value["commits"], value.get("packages")
    return Release(
        digest=str(value["digest"]),
        parameters_digest=str(value["parameters_digest"]),
        commits=dict(commits) if isinstance(commits, Mapping) else {},
        packages=dict(packages) if isinstance(packages, Mapping) else {},
    )


def _release_lines(release: Release) -> list[str]:
    lines = [f"Plan digest `{release.digest}`, parameters `{release.parameters_digest[:12]}`."]
    lines += [f"On staging: {step} at commit `{commit}`." for step, commit in release.commits.items()]
    found = release.packages.items()
    return lines + [f"On staging: {step} with the package of SHA-256 `{sha256}`." for step, sha256 in found]


def _criterion_lines(criterion: CriterionState) -> list[str]:
    return [f"- **{criterion.answer}** {criterion.text}", *(f"    - {line}" for line in criterion.findings)]


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
