"""The gate's policy, one rule a test."""

from datetime import timedelta

import pytest
from tests.gate.facts import ENDED, LEAD, OWNER, QUESTION, RELEASE, asked, form, mark, question

from slipway.gate.policy import judge
from slipway.gate.records import CriterionState, Decision, Release, Way
from slipway.words import Answer, GateAnswer


def refused_because(*answers: object, **changes: object) -> tuple[str, ...]:
    decision = judge(question(**changes), answers)  # type: ignore[arg-type]
    assert decision.answer is GateAnswer.NO_GO
    return tuple(decision.reasons)


def test_a_permitted_mark_is_go() -> None:
    decision = judge(QUESTION, [asked(marks=[mark(note="tests are green")])])

    assert decision.answer is GateAnswer.GO
    assert decision.reasons == ()
    given = decision.approvals[0]
    assert (given.person, given.way, given.rationale) == ("ann", Way.MARK, "tests are green")
    assert given.at == ENDED - timedelta(seconds=0.2)


def test_a_permitted_form_is_go() -> None:
    decision = judge(QUESTION, [asked(form=form())])

    assert decision.answer is GateAnswer.GO
    given = decision.approvals[0]
    assert (given.person, given.way, given.rationale) == ("ann", Way.FORM, "looks good")


@pytest.mark.parametrize(
    "note",
    ["", " \n", "override:", "Asked again: ann gave no rationale", "(marked in the UI without a note)"],
)
def test_a_mark_without_a_rationale_is_no_go(note: str) -> None:
    decision = judge(QUESTION, [asked(marks=[mark(note=note)])])

    assert decision.answer is GateAnswer.NO_GO
    assert decision.reasons == (
        "Product owner: ann marked it success without a note, which is no rationale; "
        "in the next release write the rationale as the note of the mark",
    )
    assert decision.approvals[0].rationale == "(marked in the UI without a note)"


def test_a_rationale_below_the_note_of_an_asked_again_question_counts() -> None:
    note = "Asked again: ann gave no rationale\ntests are green"

    decision = judge(QUESTION, [asked(marks=[mark(note=note)])])

    assert decision.answer is GateAnswer.GO
    assert decision.approvals[0].rationale == "tests are green"


def test_a_mark_by_somebody_else_without_a_note_has_both_reasons() -> None:
    assert refused_because(asked(marks=[mark("eve", note="")])) == (
        "Product owner: eve may not give this approval (may: ann, bob)",
        "Product owner: eve marked it success without a note, which is no rationale; "
        "in the next release write the rationale as the note of the mark",
    )


def test_no_go_by_mark_needs_no_note() -> None:
    answer = asked(state="failed", marks=[mark(state="failed", note="")])

    assert refused_because(answer) == ("Product owner: NO-GO by ann: (marked in the UI without a note)",)


def test_a_mark_by_somebody_else_is_no_go() -> None:
    assert refused_because(asked(marks=[mark("eve")])) == (
        "Product owner: eve may not give this approval (may: ann, bob)",
    )


def test_a_form_by_somebody_else_is_no_go() -> None:
    assert refused_because(asked(form=form("eve"))) == (
        "Product owner: eve may not give this approval (may: ann, bob)",
    )


def test_a_form_without_rationale_is_no_go() -> None:
    assert refused_because(asked(form=form(rationale=" "))) == ("Product owner: ann gave no rationale",)


def test_no_go_by_form_carries_person_and_reason() -> None:
    answer = asked(state="failed", form=form(option="NO-GO", rationale="too many errors"))

    assert refused_because(answer) == ("Product owner: NO-GO by ann: too many errors",)


def test_no_go_by_mark_carries_person_and_reason() -> None:
    answer = asked(state="failed", marks=[mark(state="failed", note="not today")])

    assert refused_because(answer) == ("Product owner: NO-GO by ann: not today",)


def test_a_gate_failed_by_a_stranger_is_no_go_and_names_them() -> None:
    answer = asked(state="failed", marks=[mark("eve", state="failed", note="closed")])

    assert refused_because(answer) == ("Product owner: was marked failed by eve: closed",)


def test_no_answer_in_time_is_no_go() -> None:
    decision = judge(QUESTION, [asked(state="failed", marks=[])])

    assert decision.reasons == ("Product owner: was not answered in time",)
    assert decision.approvals[0].way is Way.TIMEOUT


@pytest.mark.parametrize("state", ["", "skipped", "upstream_failed", "awaiting_input", "deferred", "removed"])
def test_any_state_but_success_is_no_go(state: str) -> None:
    assert refused_because(asked(state=state)) == (
        f"Product owner: was not answered (the task is {state or 'not started'})",
    )


def test_a_success_without_a_record_is_no_go() -> None:
    assert refused_because(asked(marks=[])) == (
        "Product owner: was marked success in a way that leaves no record of who did it; "
        "mark it on the task's own page",
    )


def test_a_success_without_an_end_is_no_go() -> None:
    assert len(refused_because(asked(ended_at=None))) == 1


def test_a_mark_before_the_question_was_shown_is_no_go() -> None:
    assert refused_because(asked(shown=None)) == ("Product owner: was passed before the question was shown",)


def test_a_refused_attempt_long_before_does_not_count() -> None:
    decision = judge(QUESTION, [asked(marks=[mark("viewer", before=60), mark("ann")])])

    assert decision.answer is GateAnswer.GO
    assert decision.approvals[0].person == "ann"


def test_a_refused_attempt_afterwards_does_not_count() -> None:
    decision = judge(QUESTION, [asked(marks=[mark("ann"), mark("viewer", before=-1)])])

    assert decision.answer is GateAnswer.GO


def test_an_old_attempt_of_an_approver_does_not_cover_a_mark_without_record() -> None:
    assert "no record" in refused_because(asked(marks=[mark("ann", before=11)]))[0]


def test_an_approvers_attempt_after_the_end_does_not_cover_a_mark_without_record() -> None:
    assert "no record" in refused_because(asked(marks=[mark("ann", before=-0.1)]))[0]


@pytest.mark.parametrize("viewer_before", [0.1, 0.3])
def test_two_attempts_at_the_same_moment_cannot_be_told_apart(viewer_before: float) -> None:
    answer = asked(marks=[mark("ann"), mark("viewer", before=viewer_before)])

    assert refused_because(answer) == (
        "Product owner: it cannot be told who passed it, because viewer tried to at the same moment",
    )


def test_an_attempt_at_another_state_does_not_disturb() -> None:
    decision = judge(QUESTION, [asked(marks=[mark("viewer", state="failed"), mark("ann")])])

    assert decision.answer is GateAnswer.GO


def test_two_permitted_marks_count_as_the_last_one() -> None:
    decision = judge(QUESTION, [asked(marks=[mark("bob", before=0.1), mark("ann", before=3)])])

    assert decision.answer is GateAnswer.GO
    assert decision.approvals[0].person == "bob"


def test_a_mark_of_the_whole_group_proves_nothing() -> None:
    assert "no record" in refused_because(asked(marks=[mark("ann", direct=False)]))[0]


def test_a_mark_of_the_group_beside_a_direct_one_cannot_be_told() -> None:
    answer = asked(marks=[mark("ann"), mark("eve", direct=False, before=0.1)])

    assert refused_because(answer) == (
        "Product owner: it cannot be told who passed it, "
        "because eve (not on this task alone) tried to at the same moment",
    )


def test_an_approvers_no_go_stands_when_the_gate_is_marked_success_later() -> None:
    earlier = mark("bob", state="failed", before=600, note="stop")

    assert refused_because(asked(marks=[earlier, mark("ann")])) == ("Product owner: NO-GO by bob: stop",)


def test_a_no_go_by_form_stands_when_the_gate_is_marked_success_later() -> None:
    answer = asked(form=form("bob", "NO-GO", ""), marks=[mark("ann")])

    assert refused_because(answer) == ("Product owner: NO-GO by bob: no rationale",)


def test_a_strangers_refused_no_go_does_not_stop_the_release() -> None:
    decision = judge(QUESTION, [asked(marks=[mark("viewer", state="failed", before=600), mark("ann")])])

    assert decision.answer is GateAnswer.GO


def test_a_deferred_form_marked_success_counts_as_the_mark() -> None:
    decision = judge(QUESTION, [asked(form=form("bob", "DEFER"), marks=[mark("ann")])])

    assert decision.answer is GateAnswer.GO
    assert decision.approvals[0].way is Way.MARK


def test_a_deferred_form_alone_is_no_go() -> None:
    assert "no record" in refused_because(asked(form=form("ann", "DEFER")))[0]


def test_a_go_by_form_that_was_marked_failed_afterwards_is_no_go() -> None:
    answer = asked(state="failed", form=form(), marks=[mark("eve", state="failed")])

    assert refused_because(answer)[0].startswith("Product owner: was marked failed by eve")


def test_a_go_by_form_whose_task_failed_is_no_go_and_says_so() -> None:
    answer = asked(state="failed", form=form(), marks=[])

    assert refused_because(answer) == ("Product owner: failed after ann had answered GO",)


def test_every_approval_is_needed() -> None:
    lead = asked(task_id="gate.lead", approval=LEAD, state="failed", marks=[])

    assert refused_because(asked(), lead) == ("Tech lead: was not answered in time",)


def test_two_approvals_need_two_people() -> None:
    lead = asked(task_id="gate.lead", approval=LEAD, marks=[mark("ann")])

    assert refused_because(asked(), lead) == ("ann gave 2 approvals; each needs a person of its own",)


def test_two_approvals_by_two_people_by_different_ways_are_go() -> None:
    lead = asked(task_id="gate.lead", approval=LEAD, form=form("lea"))

    assert judge(QUESTION, [asked(), lead]).answer is GateAnswer.GO


def test_a_gate_that_asks_nobody_is_no_go() -> None:
    assert refused_because() == ("The gate asks nobody: there is no approval to give GO",)


def test_the_requester_may_approve_where_the_plan_says_so() -> None:
    assert judge(question(requester="ann"), [asked()]).answer is GateAnswer.GO


@pytest.mark.parametrize("answer", [asked(), asked(form=form())])
def test_the_requester_may_not_approve_where_the_plan_forbids_it(answer: object) -> None:
    reasons = refused_because(answer, requester="ann", requester_may_approve=False)

    assert reasons == ("ann triggered this release and may not approve it",)


def test_an_unknown_requester_cannot_be_excluded_and_is_no_go() -> None:
    reasons = refused_because(asked(), requester="", requester_may_approve=False)

    assert reasons == ("It is not known who triggered this release, who may not approve it",)


@pytest.mark.parametrize("answer", [Answer.FAIL, Answer.INCONCLUSIVE, Answer.ERROR])
def test_a_criterion_that_does_not_pass_is_no_go(answer: Answer) -> None:
    reasons = refused_because(asked(), criteria=[CriterionState(text="health is good", answer=answer)])

    assert reasons == (f'The criterion "health is good" is {answer} and nobody gave an override',)


@pytest.mark.parametrize(
    "answer",
    [
        asked(form=form(override="known flake")),
        asked(marks=[mark(note="all else is fine\noverride: known flake")]),
        asked(marks=[mark(note="OverRide:known flake\nall else is fine")]),
        asked(marks=[mark(note="override: known\nall else is fine\n  Override: flake")]),
        asked(marks=[mark(note="override: known flake")]),
    ],
)
def test_an_override_passes_a_criterion(answer: object) -> None:
    failing = question(criteria=[CriterionState(text="health is good", answer=Answer.FAIL)])

    decision = judge(failing, [answer])  # type: ignore[list-item]

    assert decision.answer is GateAnswer.GO
    assert decision.approvals[0].override == "known flake"


@pytest.mark.parametrize(
    "note", ["all is fine, no override: needed", "I would not override this", "override:\nall is fine"]
)
def test_the_word_override_in_a_rationale_passes_nothing(note: str) -> None:
    failing = question(criteria=[CriterionState(text="health is good", answer=Answer.FAIL)])

    decision = judge(failing, [asked(marks=[mark(note=note)])])

    assert decision.reasons == ('The criterion "health is good" is FAIL and nobody gave an override',)
    assert decision.approvals[0].override == ""


def test_a_note_of_rationale_and_override_is_read_line_by_line() -> None:
    decision = judge(QUESTION, [asked(marks=[mark(note="tests are green\noverride: known flake\nAnn")])])

    given = decision.approvals[0]
    assert (given.rationale, given.override) == ("tests are green\nAnn", "known flake")


def test_a_note_that_is_only_an_override_is_its_own_rationale() -> None:
    decision = judge(QUESTION, [asked(marks=[mark(note="override: known flake")])])

    given = decision.approvals[0]
    assert (given.rationale, given.override) == ("known flake", "known flake")


def test_an_override_does_not_replace_the_right_to_approve() -> None:
    answer = asked(form=form("eve", override="I know better"))

    assert len(refused_because(answer)) == 1


def test_an_override_in_a_no_go_passes_nothing() -> None:
    answer = asked(state="failed", form=form(option="NO-GO", override="known flake"))
    reasons = refused_because(answer, criteria=[CriterionState(text="health is good", answer=Answer.FAIL)])

    assert len(reasons) == 2


@pytest.mark.parametrize("reason", ["", "short", "          "])
def test_a_closed_window_is_no_go(reason: str) -> None:
    assert len(refused_because(asked(), window_open=False, break_glass=reason)) == 1


def test_a_go_after_the_time_that_production_was_planned_for_is_no_go() -> None:
    late = "Fri 06 Mar 14:00 UTC was 8 h ago, and this plan goes on 1 h late at the most."
    assert refused_because(asked(), must_not_begin=late) == (late,)


def test_breaking_the_glass_opens_a_closed_window() -> None:
    decision = judge(question(window_open=False, break_glass="data loss now"), [asked()])

    assert decision.answer is GateAnswer.GO


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (
            Release(digest="d0", parameters_digest="p1", commits=RELEASE.commits),
            "Product owner: the plan changed since it was shown (d0 is now d1)",
        ),
        (
            Release(digest="d1", parameters_digest="p0", commits=RELEASE.commits),
            "Product owner: the parameters of the release changed since they were shown",
        ),
        (
            Release(digest="d1", parameters_digest="p1", commits={"deploy": "fff"}),
            "Product owner: the artefacts on staging changed since they were shown",
        ),
        (
            Release(digest="d1", parameters_digest="p1", commits=RELEASE.commits, packages={"ui": "00"}),
            "Product owner: the artefacts on staging changed since they were shown",
        ),
    ],
)
def test_what_was_shown_must_be_what_is_deployed(shown: Release, reason: str) -> None:
    assert refused_because(asked(shown=shown)) == (reason,)


def test_a_staging_step_without_proof_is_no_go() -> None:
    assert refused_because(asked(), unproved=["staging.deploy_ui"]) == (
        "staging.deploy_ui left no proof of what it tried: it was marked by hand, or skipped; release again, "
        "and let it run",
    )


def test_all_reasons_are_given_at_once() -> None:
    reasons = refused_because(
        asked(marks=[mark("eve")]), asked(approval=OWNER, state="failed", marks=[]), window_open=False
    )

    assert len(reasons) == 3


def test_a_decision_survives_json() -> None:
    lead = asked(task_id="gate.lead", approval=LEAD, state="failed", marks=[], ended_at=None)
    decision = judge(QUESTION, [asked(form=form(override="known")), lead])

    assert Decision.from_json(decision.to_json()) == decision


def test_a_decision_is_plain_json() -> None:
    assert judge(QUESTION, [asked(form=form())]).to_json() == {
        "answer": "GO",
        "approvals": [
            {
                "task_id": "gate.go_no_go",
                "role": "Product owner",
                "answer": "GO",
                "person": "ann",
                "way": "form",
                "at": "2026-03-07T06:29:58+00:00",
                "rationale": "looks good",
                "override": "",
            }
        ],
        "reasons": [],
        "digest": "d1",
        "parameters_digest": "p1",
        "commits": {"deploy": "abc123"},
        "packages": {},
    }
