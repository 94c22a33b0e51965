"""The gate's policy: one judgement for answers by form and by mark. Anything in doubt is NO-GO."""

from collections.abc import Iterator, Sequence

from slipway.gate.proof import Proof, prove
from slipway.gate.records import Asked, Decision, GateQuestion, GivenApproval, Release
from slipway.words import NO_PROOF, Answer, GateAnswer

BREAK_GLASS_AT_LEAST = 10  # characters of a reason to go outside the allowed windows


def judge(question: GateQuestion, answers: Sequence[Asked]) -> Decision:
    """Decide the gate: GO only if every approval is proven and nothing speaks against it."""
    proofs = [prove(asked) for asked in answers]
    approvals = [proof.given for proof in proofs]
    reasons = [
        *_approvals_against(proofs),
        *_people_against(question, approvals),
        *_criteria_against(question, approvals),
        *_window_against(question),
        *([question.must_not_begin] if question.must_not_begin else []),
        *_changes_against(question.release, answers),
        *_doubt_about(question),
    ]
    return Decision(
        answer=GateAnswer.NO_GO if reasons else GateAnswer.GO,
        approvals=tuple(approvals),
        reasons=tuple(reasons),
        release=question.release,
    )


def _approvals_against(proofs: Sequence[Proof]) -> Iterator[str]:
    if not proofs:
        yield "The gate asks nobody: there is no approval to give GO"
    for proof in proofs:
        yield from proof.reasons


def _people_against(question: GateQuestion, approvals: Sequence[GivenApproval]) -> Iterator[str]:
    people = [approval.person for approval in approvals if approval.answer is GateAnswer.GO]
    for person in sorted({person for person in people if people.count(person) > 1}):
        yield f"{person} gave {people.count(person)} approvals; each needs a person of its own"
    if question.requester_may_approve:
        return
    if not question.requester:
        yield "It is not known who triggered this release, who may not approve it"
    elif question.requester in people:
        yield f"{question.requester} triggered this release and may not approve it"


def _criteria_against(question: GateQuestion, approvals: Sequence[GivenApproval]) -> Iterator[str]:
    if any(approval.override.strip() for approval in approvals if approval.answer is GateAnswer.GO):
        return
    for criterion in question.criteria:
        if criterion.answer is not Answer.PASS:
            yield f'The criterion "{criterion.text}" is {criterion.answer} and nobody gave an override'


def closed_to_it(*, window_open: bool, break_glass: str) -> bool:
    """Tell whether the hour speaks against a GO: no allowed window is open, nor is the glass broken."""
    return not window_open and len(break_glass.strip()) < BREAK_GLASS_AT_LEAST


def _window_against(question: GateQuestion) -> Iterator[str]:
    if not closed_to_it(window_open=question.window_open, break_glass=question.break_glass):
        return
    yield (
        "No allowed window is open now; trigger the release inside one, or give the parameter "
        f"break_glass a reason of at least {BREAK_GLASS_AT_LEAST} characters"
    )


def _changes_against(now: Release, answers: Sequence[Asked]) -> Iterator[str]:
    for asked in answers:
        shown = asked.shown
        if shown is None:
            continue  # it has its reason already: the question was never shown
        role = asked.approval.role
        if shown.digest != now.digest:
            digests = f"{shown.digest[:12]} is now {now.digest[:12]}"
            yield f"{role}: the plan changed since it was shown ({digests})"
        if shown.parameters_digest != now.parameters_digest:
            yield f"{role}: the parameters of the release changed since they were shown"
        if (dict(shown.commits), dict(shown.packages)) != (dict(now.commits), dict(now.packages)):
            yield f"{role}: the artefacts on staging changed since they were shown"


def _doubt_about(question: GateQuestion) -> Iterator[str]:
    for task_id in question.unproved:
        yield f"{task_id} {NO_PROOF}; release again, and let it run"
