"""What the doctor finds of the places in AWS that a step will touch."""

from dataclasses import replace

import pytest
from tests.steps.aws.conftest import BACKUPS, DISTRIBUTION, SITE, Amazon

from slipway.kinds import Step
from slipway.steps import BackUpPostgresToS3, InvalidateCloudFront, SyncToS3, UploadToS3
from slipway.steps.faults.aws import VersioningOff
from slipway.testing import LocalRun
from slipway.vendor_faults import NotThere

SYNC = SyncToS3(name="sync", folder="frontend", bucket=SITE, distribution=DISTRIBUTION, state_bucket=BACKUPS)
BACKUP = BackUpPostgresToS3(name="back_up", bucket=BACKUPS, prefix="feature/")


def test_buckets_and_distributions_are_looked_at_and_nothing_is_written(
    amazon: Amazon, aws_run: LocalRun
) -> None:
    held = len(amazon.site())
    assert SYNC.look(aws_run) == (
        f"s3://{SITE}/ keeps versions, {held} objects; distribution {DISTRIBUTION} is Deployed"
    )
    upload = UploadToS3(name="upload", source="guide", bucket=SITE)
    assert upload.look(aws_run) == f"s3://{SITE}/ keeps versions, {held} objects"
    assert BACKUP.look(aws_run) == f"s3://{BACKUPS}/feature/ is there"
    assert {call.method for call in amazon.stand_in.calls} <= {"GET", "HEAD"}
    assert aws_run.memory == {}


@pytest.mark.parametrize(
    ("step", "fault", "said"),
    [
        (replace(SYNC, bucket="plain"), VersioningOff, "plain"),
        (replace(SYNC, bucket="nowhere"), NotThere, "s3://nowhere"),
        (replace(SYNC, state_bucket="nowhere"), NotThere, "HeadBucket s3://nowhere"),
        (replace(SYNC, distribution="E0"), NotThere, "GetDistribution E0"),
        (replace(BACKUP, bucket="nowhere"), NotThere, "HeadBucket s3://nowhere"),
        (InvalidateCloudFront(name="empty", distribution="E0"), NotThere, "GetDistribution E0"),
    ],
)
def test_what_is_not_there_is_said(
    amazon: Amazon, aws_run: LocalRun, step: Step, fault: type[Exception], said: str
) -> None:
    with pytest.raises(fault, match=said):
        step.look(aws_run)
