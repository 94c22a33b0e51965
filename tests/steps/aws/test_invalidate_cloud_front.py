from datetime import timedelta

import pytest
from tests.steps.aws.bad_answers import each_bad_answer, meets
from tests.steps.aws.conftest import DISTRIBUTION, Amazon

from slipway.run import Evidence
from slipway.steps import InvalidateCloudFront
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import NotThere, VendorBroken

STEP = InvalidateCloudFront(name="empty_caches", distribution=DISTRIBUTION)
REFERENCE = "test_plan manual__2026-01-01T00:00:00+00:00 production.step"


def test_the_invalidation_is_waited_for_without_a_second_one(amazon: Amazon, aws_run: LocalRun) -> None:
    amazon.state.invalidation_takes = 3600
    with pytest.raises(StillGoing, match=rf"CloudFront {DISTRIBUTION} empties its caches") as waiting:
        STEP.do(aws_run)
    assert waiting.value.every == timedelta(seconds=20)
    with pytest.raises(StillGoing):
        STEP.do(aws_run)
    amazon.state.under_way = dict.fromkeys(amazon.state.under_way, 0.0)
    assert STEP.do(aws_run).summary == f"{DISTRIBUTION}: /* emptied"
    assert amazon.references() == [REFERENCE]


def test_the_status_is_read_in_any_case(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    amazon.state.invalidations(DISTRIBUTION)[0].status = "COMPLETED"
    assert STEP.do(aws_run) == evidence


def test_the_undo_invalidates_once_more_and_only_once(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    STEP.undo(aws_run, evidence)
    STEP.undo(aws_run, evidence)
    assert amazon.references() == [REFERENCE, f"{REFERENCE} undo"]


def test_an_answer_that_was_lost_does_not_make_a_second_one(amazon: Amazon, aws_run: LocalRun) -> None:
    amazon.stand_in.trouble(match="POST /2020-05-31", status=500, after=True)
    with pytest.raises(VendorBroken, match=f"Amazon CloudFront: CreateInvalidation {DISTRIBUTION}: HTTP 500"):
        STEP.do(aws_run)
    STEP.do(aws_run)
    assert amazon.references() == [REFERENCE]
    assert len([call for call in amazon.stand_in.calls if call.method == "POST"]) == 1


def test_an_invalidation_that_never_began_has_nothing_to_undo(amazon: Amazon, aws_run: LocalRun) -> None:
    assert STEP.undo(aws_run, Evidence()).changed is False
    assert amazon.references() == []


def test_an_unknown_distribution_is_said(amazon: Amazon, aws_run: LocalRun) -> None:
    with pytest.raises(NotThere, match=r"NoSuchDistribution.*See that the distribution's id"):
        InvalidateCloudFront(name="empty_caches", distribution="E0NOWHERE").do(aws_run)


@each_bad_answer()
def test_a_bad_answer_is_said_and_the_caches_are_emptied_once(
    amazon: Amazon, aws_run: LocalRun, name: str
) -> None:
    call = f"Amazon CloudFront: CreateInvalidation {DISTRIBUTION}: "
    meets(amazon, name, "POST /2020-05-31", call, lambda: STEP.do(aws_run))
    STEP.do(aws_run)
    assert amazon.references() == [REFERENCE]
