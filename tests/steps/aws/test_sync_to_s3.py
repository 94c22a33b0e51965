import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.steps.aws.conftest import BACKUPS, DISTRIBUTION, SITE, V1, V2, Amazon
from tests.steps.world import killed_after

from slipway.kinds import Undo
from slipway.run import Evidence
from slipway.steps import SyncToS3, to_bucket
from slipway.steps.aws_api import client
from slipway.steps.faults.artifacts import ArtifactMissing, ArtifactOutside
from slipway.steps.faults.aws import ManifestDamaged, NothingToSync, SyncNotTaken, VersioningOff, WrittenSince
from slipway.steps.s3_bucket import Bucket
from slipway.testing import LocalRun
from slipway.vendor_faults import VendorBroken

STEP = SyncToS3(name="deploy_frontend", bucket=SITE)


def test_the_bucket_holds_exactly_the_folder_and_after_the_undo_what_it_held(
    amazon: Amazon, aws_run: LocalRun
) -> None:
    evidence = STEP.do(aws_run)
    assert amazon.site() == V2
    assert evidence.summary == f"s3://{SITE}/: 4 files, 3 of them uploaded, 1 objects removed"
    assert len(json.dumps(evidence.to_json())) < 1000
    undone = STEP.undo(aws_run, evidence)
    assert amazon.site() == V1
    assert undone.summary == f"s3://{SITE}/: 3 objects brought back, 1 removed"


def test_pages_are_written_last_and_what_is_there_already_is_left_alone(
    amazon: Amazon, aws_run: LocalRun
) -> None:
    STEP.do(aws_run)
    assert amazon.writes() == [
        "PUT app.js",
        "PUT assets/logo.svg",
        "PUT index.html",
        "DELETE old/page.html",
    ]


def test_doing_and_undoing_a_second_time_writes_nothing(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    amazon.stand_in.calls.clear()
    assert STEP.do(aws_run).before == evidence.before
    assert amazon.writes() == []
    STEP.undo(aws_run, evidence)
    amazon.stand_in.calls.clear()
    assert STEP.undo(aws_run.at("rollback.again"), evidence).changed is False
    assert amazon.writes() == []


def test_what_came_back_has_its_content_type(amazon: Amazon, aws_run: LocalRun) -> None:
    STEP.undo(aws_run, STEP.do(aws_run))
    with client(aws_run, "s3") as s3:
        assert s3.head_object(Bucket=SITE, Key="old/page.html")["ContentType"] == "text/html"
        assert s3.head_object(Bucket=SITE, Key="app.js")["ContentType"] == "text/plain"


def test_a_browser_is_told_what_a_new_file_is(amazon: Amazon, aws_run: LocalRun) -> None:
    STEP.do(aws_run)
    with client(aws_run, "s3") as s3:
        assert s3.head_object(Bucket=SITE, Key="assets/logo.svg")["ContentType"] == "image/svg+xml"


def test_a_bucket_that_is_already_so_is_not_touched(amazon: Amazon, aws_run: LocalRun) -> None:
    step = SyncToS3(name="deploy_frontend", bucket=SITE, folder="frontend-v1", distribution=DISTRIBUTION)
    evidence = step.do(aws_run)
    assert evidence.changed is False
    assert step.undo(aws_run, evidence).changed is False
    assert amazon.writes() == []
    assert amazon.references() == []


def test_a_sync_killed_half_way_is_completed_by_the_next_try(amazon: Amazon, aws_run: LocalRun) -> None:
    amazon.stand_in.trouble(match=f"PUT /{SITE}/index.html", status=500, after=True)
    with pytest.raises(VendorBroken, match=r"Amazon S3: PutObject s3://communityshare-frontend/index\.html"):
        STEP.do(aws_run)
    before = aws_run.memory["before"]
    evidence = STEP.do(aws_run)
    assert evidence.before == before
    assert amazon.writes().count("PUT index.html") == 1
    assert amazon.site() == V2
    STEP.undo(aws_run, evidence)
    assert amazon.site() == V1


def test_half_a_sync_is_undone_whole(amazon: Amazon, aws_run: LocalRun) -> None:
    amazon.stand_in.trouble(match=f"PUT /{SITE}/index.html", status=500)
    with pytest.raises(VendorBroken):
        STEP.do(aws_run)
    assert amazon.site() == V1 | {"app.js": "two()", "assets/logo.svg": "<svg/>"}
    undone = STEP.undo(aws_run.at("rollback.undo"), Evidence(before=aws_run.memory["before"]))
    assert undone.proof == {"restored": 1, "removed": 1}
    assert amazon.site() == V1


def test_half_an_undo_is_completed_by_the_next_try(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    amazon.stand_in.trouble(match=f"PUT /{SITE}/index.html", status=500)
    with pytest.raises(VendorBroken, match="CopyObject"):
        STEP.undo(aws_run, evidence)
    STEP.undo(aws_run, evidence)
    assert amazon.site() == V1


def test_a_sync_that_never_began_has_nothing_to_undo(amazon: Amazon, aws_run: LocalRun) -> None:
    assert STEP.undo(aws_run, Evidence()).summary == "the sync was never begun"


def test_what_somebody_else_deployed_since_is_left_alone(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    with client(aws_run, "s3") as s3:
        s3.put_object(Bucket=SITE, Key="index.html", Body=b"<h1>v3</h1>")
        s3.put_object(Bucket=SITE, Key="app-v3.js", Body=b"three()")
        s3.delete_object(Bucket=SITE, Key="style.css")
    found = amazon.site()
    with pytest.raises(
        WrittenSince, match=r"since this release: app-v3\.js, index\.html, style\.css\. Nothing"
    ):
        STEP.undo(aws_run, evidence)
    assert amazon.site() == found


def test_without_delete_only_the_folders_own_objects_are_touched(amazon: Amazon, aws_run: LocalRun) -> None:
    step = SyncToS3(name="deploy_frontend", bucket=SITE, delete=False)
    evidence = step.do(aws_run)
    assert amazon.site() == V1 | V2
    with client(aws_run, "s3") as s3:
        s3.put_object(Bucket=SITE, Key="uploads/cat.png", Body=b"cat")
    step.undo(aws_run, evidence)
    assert amazon.site() == V1 | {"uploads/cat.png": "cat"}


def test_under_a_prefix_the_rest_of_the_bucket_is_left_alone(amazon: Amazon, aws_run: LocalRun) -> None:
    step = SyncToS3(name="deploy_frontend", bucket=SITE, prefix="old/", state_bucket=BACKUPS)
    evidence = step.do(aws_run)
    assert set(amazon.site()) == {*V1, *(f"old/{name}" for name in V2)} - {"old/page.html"}
    assert evidence.before["manifest"]["bucket"] == BACKUPS
    step.undo(aws_run, evidence)
    assert amazon.site() == V1


def test_an_encrypted_objects_checksum_is_looked_into(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    STEP.do(aws_run)
    listed = Bucket.listed

    def encrypted(bucket: Bucket, prefix: str, *, without: str) -> object:
        found = listed(bucket, prefix, without=without)
        return {key: replace(one, etag="no-md5") for key, one in found.items()}

    monkeypatch.setattr(Bucket, "listed", encrypted)
    amazon.stand_in.calls.clear()
    STEP.do(aws_run)
    assert amazon.writes() == []


def test_a_bucket_without_versioning_is_refused_untouched(amazon: Amazon, aws_run: LocalRun) -> None:
    step = SyncToS3(name="deploy_frontend", bucket="plain")
    with pytest.raises(VersioningOff, match=r"put-bucket-versioning --bucket plain .*Status=Enabled"):
        step.do(aws_run)
    assert amazon.writes("/plain") == []
    assert aws_run.memory == {}


def test_an_empty_folder_does_not_empty_the_site(amazon: Amazon, aws_run: LocalRun) -> None:
    (amazon.artifacts / "empty").mkdir()
    with pytest.raises(NothingToSync, match="holds no file"):
        SyncToS3(name="deploy_frontend", bucket=SITE, folder="empty").do(aws_run)
    assert amazon.site() == V1


def test_a_build_that_is_not_there_is_named_with_those_that_are(amazon: Amazon, aws_run: LocalRun) -> None:
    with pytest.raises(ArtifactMissing, match=r'no "site-v2"\. It holds: frontend-v1, frontend-v2'):
        SyncToS3(name="deploy_frontend", bucket=SITE, folder="site-{version}").do(aws_run)
    with pytest.raises(ArtifactOutside, match="leads out of it"):
        SyncToS3(name="deploy_frontend", bucket=SITE, folder="../{version}").do(aws_run)


def test_a_list_that_was_changed_is_not_restored_from(amazon: Amazon, aws_run: LocalRun) -> None:
    evidence = STEP.do(aws_run)
    with client(aws_run, "s3") as s3:
        s3.put_object(Bucket=SITE, Key=evidence.before["manifest"]["key"], Body=b"{}")
    with pytest.raises(ManifestDamaged, match="nothing is restored from it"):
        STEP.undo(aws_run, evidence)
    assert amazon.site() == V2


def test_what_someone_else_writes_meanwhile_is_said(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bucket, "remove", lambda bucket, key: None)
    with pytest.raises(SyncNotTaken, match=r"not as wanted afterwards: old/page\.html"):
        STEP.do(aws_run)


def test_the_caches_are_emptied_after_the_sync_and_after_its_undo_which_tells_what_all_its_tries_did(
    amazon: Amazon, aws_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = SyncToS3(name="deploy_frontend", bucket=SITE, distribution=DISTRIBUTION)
    evidence = step.do(aws_run)
    assert evidence.proof["cache"]["paths"] == ["/*"]
    assert len(amazon.references()) == 1
    undo = aws_run.at("rollback.undo_deploy_frontend")
    with killed_after(monkeypatch, to_bucket, "invalidated"):
        step.undo(undo, evidence)
    undone = step.undo(undo, evidence)
    assert (undone.changed, undone.summary) == (True, f"s3://{SITE}/: 3 objects brought back, 1 removed")
    assert [reference.endswith(" undo") for reference in amazon.references()] == [False, True]
    assert amazon.site() == V1
    assert f"empties the caches of {DISTRIBUTION}" in step.undoing().how
    assert step.undoing().undo is Undo.REVERSIBLE


def test_a_file_of_the_build_that_is_removed_stays_out(amazon: Amazon, aws_run: LocalRun) -> None:
    own = amazon.artifacts / "frontend-v2" / ".slipway" / "state.json"
    own.parent.mkdir()
    Path(own).write_text("{}")
    assert STEP.do(aws_run).after["objects"] == 4
