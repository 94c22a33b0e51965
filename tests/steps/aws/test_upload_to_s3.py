import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.steps.aws.conftest import BACKUPS, DISTRIBUTION, SITE, V1, V2, Amazon, build
from tests.steps.world import killed_after

from slipway.kinds import Undo
from slipway.run import Evidence
from slipway.steps import UploadToS3, aws_api, s3_bucket, to_bucket
from slipway.steps.aws_api import client
from slipway.steps.faults import NothingTried, NotTheTriedPackage
from slipway.steps.faults.artifacts import ArtifactMissing, ArtifactOutside
from slipway.steps.faults.aws import NothingToSync, SlowedDown, SyncNotTaken, VersioningOff, WrittenSince
from slipway.steps.s3_bucket import Bucket
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, NotThere, VendorBroken, VendorUnreachable

pytestmark = pytest.mark.slow

FOLDER = UploadToS3(name="upload_site", bucket=SITE, source="frontend-{version}")
FILE = UploadToS3(name="upload_guide", bucket=SITE, source="guide-{version}.pdf", prefix="downloads/")
GUIDE = "downloads/guide-v2.pdf"


@pytest.fixture
def run(amazon: Amazon, aws_run: LocalRun) -> LocalRun:
    """The release on staging, with a guide beside the site."""
    build(amazon.artifacts, {"guide-v2.pdf": "how to, v2"})
    return aws_run.at("staging.upload")


def undone(step: UploadToS3, run: LocalRun, evidence: Evidence) -> Evidence:
    return step.undo(run.at("rollback.undo_upload"), evidence)


def test_a_folder_is_uploaded_beside_what_is_there_and_the_versions_before_come_back(
    amazon: Amazon, run: LocalRun
) -> None:
    evidence = FOLDER.do(run)
    assert amazon.site() == V1 | V2
    assert amazon.writes() == ["PUT app.js", "PUT assets/logo.svg", "PUT index.html"]
    assert evidence.summary == f"s3://{SITE}/: 4 files, 3 of them uploaded"
    assert undone(FOLDER, run, evidence).summary == f"s3://{SITE}/: 2 objects brought back, 1 removed"
    assert amazon.site() == V1


def test_a_file_is_uploaded_under_its_name_and_removed_again(amazon: Amazon, run: LocalRun) -> None:
    evidence = FILE.do(run)
    assert amazon.site() == V1 | {GUIDE: "how to, v2"}
    with client(run, "s3") as s3:
        assert s3.head_object(Bucket=SITE, Key=GUIDE)["ContentType"] == "application/pdf"
    assert len(json.dumps(evidence.to_json())) < 1000
    assert undone(FILE, run, evidence).proof == {"restored": 0, "removed": 1}
    assert amazon.site() == V1


def test_a_file_that_replaces_another_is_replaced_by_it_again(amazon: Amazon, run: LocalRun) -> None:
    amazon.state.put(SITE, GUIDE, b"how to, v1", "text/plain")
    evidence = FILE.do(run)
    assert amazon.site()[GUIDE] == "how to, v2"
    assert undone(FILE, run, evidence).proof == {"restored": 1, "removed": 0}
    assert amazon.site()[GUIDE] == "how to, v1"
    with client(run, "s3") as s3:
        assert s3.head_object(Bucket=SITE, Key=GUIDE)["ContentType"] == "text/plain"


def test_doing_and_undoing_a_second_time_writes_nothing(amazon: Amazon, run: LocalRun) -> None:
    evidence = FOLDER.do(run)
    amazon.stand_in.calls.clear()
    assert FOLDER.do(run).before == evidence.before
    assert amazon.writes() == []
    undone(FOLDER, run, evidence)
    amazon.stand_in.calls.clear()
    assert undone(FOLDER, run, evidence).changed is False
    assert amazon.writes() == []


def test_what_is_there_already_is_not_uploaded(amazon: Amazon, run: LocalRun) -> None:
    evidence = replace(FOLDER, source="frontend-v1", distribution=DISTRIBUTION).do(run)
    assert (evidence.changed, amazon.writes(), amazon.references()) == (False, [], [])


@pytest.mark.parametrize("then", ["goes on", "is undone"])
def test_an_upload_that_is_killed_between_two_files_goes_on_or_is_undone(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    with killed_after(monkeypatch, Bucket, "put_file"):
        FOLDER.do(run)
    assert amazon.site() == V1 | {"app.js": "two()"}
    if then == "goes on":
        assert FOLDER.do(run).before == run.memory["before"]
        assert amazon.writes() == ["PUT app.js", "PUT assets/logo.svg", "PUT index.html"]
    undone(FOLDER, run, Evidence(before=run.memory["before"]))
    assert amazon.site() == V1


def test_an_upload_whose_record_was_lost_sends_nothing_again(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, to_bucket, "Evidence"):
        FILE.do(run)
    assert FILE.do(run).changed is True
    assert amazon.writes() == [f"PUT {GUIDE}"]


def test_an_undo_that_is_killed_half_way_is_completed_and_brings_nothing_back_twice(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = FOLDER.do(run)
    amazon.stand_in.calls.clear()
    undoing = run.at("rollback.undo_upload")
    with killed_after(monkeypatch, Bucket, "put_back"):
        FOLDER.undo(undoing, evidence)
    assert FOLDER.undo(undoing, evidence).proof == {"restored": 2, "removed": 1}
    assert amazon.site() == V1
    assert amazon.writes() == ["PUT app.js", "PUT index.html", "DELETE assets/logo.svg"]


def test_a_later_rollback_brings_back_the_versions_before(amazon: Amazon, run: LocalRun) -> None:
    evidence = FOLDER.do(run)
    assert FOLDER.undo(run.later(), evidence).changed is True
    assert amazon.site() == V1
    assert FOLDER.undo(run.later(), evidence).changed is False


def test_what_others_write_beside_it_stays_and_over_it_is_left_alone(amazon: Amazon, run: LocalRun) -> None:
    evidence = FOLDER.do(run)
    amazon.state.put(SITE, "uploads/cat.png", b"cat", "image/png")
    amazon.state.put(SITE, "app.js", b"three()", "text/plain")
    found = amazon.site()
    with pytest.raises(WrittenSince, match=r"since this release: app\.js\. Nothing was brought back"):
        undone(FOLDER, run, evidence)
    assert amazon.site() == found
    amazon.state.put(SITE, "app.js", b"two()", "text/plain")
    undone(FOLDER, run, evidence)
    assert amazon.site() == V1 | {"uploads/cat.png": "cat"}


def test_production_gets_the_very_bytes_that_staging_tried(amazon: Amazon, run: LocalRun) -> None:
    production = run.at("production.upload_guide")
    with pytest.raises(NothingTried, match=r"staging\.upload_guide left no proof"):
        FILE.do(production)
    tried = FILE.do(run)
    assert tried.proof["package"] == "guide-v2.pdf"
    assert tried.proof["package_sha256"] == hashlib.sha256(b"how to, v2").hexdigest()
    production.evidences["staging.upload_guide"] = tried
    assert FILE.do(production).proof["package_sha256"] == tried.proof["package_sha256"]
    build(amazon.artifacts, {"guide-v2.pdf": "how to, v2, once more"})
    with pytest.raises(NotTheTriedPackage, match=r"guide-v2\.pdf: staging\.upload_guide tried SHA-256"):
        FILE.do(production)
    assert amazon.site()[GUIDE] == "how to, v2"


def test_a_file_of_a_folder_that_changed_came_or_went_since_staging_is_refused(
    amazon: Amazon, run: LocalRun
) -> None:
    folder = amazon.artifacts / "frontend-v2"
    listed = [f"{hashlib.sha256(V2[name].encode()).hexdigest()}  {name}\n" for name in sorted(V2)]
    production = run.at("production.upload_site")
    production.evidences["staging.upload_site"] = tried = FOLDER.do(run)
    assert tried.proof["package_sha256"] == hashlib.sha256("".join(listed).encode()).hexdigest()
    for change in (
        lambda: build(folder, {"app.js": "two(2)"}),
        lambda: build(folder, {"new.js": ""}),
        lambda: (folder / "app.js").unlink(),
        lambda: (folder / "app.js").rename(folder / "main.js"),
    ):
        build(folder, V2)
        change()
        with pytest.raises(NotTheTriedPackage, match="frontend-v2: "):
            FOLDER.do(production)
        (folder / "new.js").unlink(missing_ok=True)
        (folder / "main.js").unlink(missing_ok=True)
    build(folder, V2)
    assert FOLDER.do(production).changed is False


def test_a_large_file_goes_in_parts_and_is_compared_whole(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_bucket, "PART", 5 * 2**20)
    (amazon.artifacts / "guide-v2.pdf").write_bytes(b"slipway" * 10**6)
    amazon.state.put(SITE, GUIDE, b"how to, v1", "text/plain")
    amazon.stand_in.trouble(match=f"PUT /{SITE}/{GUIDE}", status=500)
    with pytest.raises(VendorBroken, match=f"PutObject s3://{SITE}/{GUIDE}"):
        FILE.do(run)
    assert amazon.site()[GUIDE] == "how to, v1"
    amazon.stand_in.calls.clear()
    evidence = FILE.do(run)
    assert len([call for call in amazon.stand_in.calls if "partNumber" in call.path]) == 2
    with client(run, "s3") as s3:
        assert s3.head_object(Bucket=SITE, Key=GUIDE)["ContentType"] == "application/pdf"
    amazon.stand_in.calls.clear()
    assert FILE.do(run).before == evidence.before
    assert amazon.writes() == []
    undone(FILE, run, evidence)
    assert amazon.site()[GUIDE] == "how to, v1"


def test_what_is_too_large_for_one_copy_comes_back_in_parts_as_it_was(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"slipway" * 10**6
    monkeypatch.setattr(s3_bucket, "PART", 5 * 2**20)
    monkeypatch.setattr(s3_bucket, "COPIED_WHOLE", len(large) - 1)
    with client(run, "s3") as s3:
        s3.put_object(
            Bucket=SITE,
            Key=GUIDE,
            Body=large,
            ContentType="application/pdf",
            CacheControl="no-store",
            Metadata={"by": "hand"},
            Tagging="team=docs",
        )
    evidence = FILE.do(run)
    assert amazon.site()[GUIDE] == "how to, v2"
    amazon.stand_in.calls.clear()
    undone(FILE, run, evidence)
    assert amazon.site()[GUIDE] == large.decode()
    assert len([call for call in amazon.stand_in.calls if "partNumber" in call.path]) == 2
    with client(run, "s3") as s3:
        head = s3.head_object(Bucket=SITE, Key=GUIDE)
        tags = s3.get_object_tagging(Bucket=SITE, Key=GUIDE)["TagSet"]
    assert (head["ContentType"], head["CacheControl"]) == ("application/pdf", "no-store")
    assert (head["Metadata"], tags) == ({"by": "hand"}, [{"Key": "team", "Value": "docs"}])


def test_an_object_that_reads_otherwise_than_it_was_sent_is_said(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Bucket.put_file

    def spoiled(bucket: Bucket, key: str, path: Path, sha256: str, content_type: str) -> None:
        put(bucket, key, path, sha256, content_type)
        amazon.state.put(SITE, key, b"how to, v?", content_type)

    monkeypatch.setattr(Bucket, "put_file", spoiled)
    with pytest.raises(SyncNotTaken, match=rf"s3://{SITE}/downloads/: not as wanted afterwards: {GUIDE}"):
        FILE.do(run)


def test_the_caches_are_emptied_after_the_upload_and_after_its_undo(amazon: Amazon, run: LocalRun) -> None:
    step = replace(FILE, distribution=DISTRIBUTION, paths=["/downloads/*"], state_bucket=BACKUPS)
    evidence = step.do(run)
    assert evidence.before["manifest"]["bucket"] == BACKUPS
    assert evidence.proof["cache"]["paths"] == ["/downloads/*"]
    undoing = run.at("rollback.undo_upload")
    step.undo(undoing, evidence)
    step.undo(undoing, evidence)
    assert [reference.endswith(" undo") for reference in amazon.references()] == [False, True]
    assert amazon.site() == V1
    assert (step.undoing().undo, step.undoing().how) == (
        Undo.REVERSIBLE,
        f"brings back the versions that s3://{SITE}/downloads/ held before, removes what was added "
        f"and empties the caches of {DISTRIBUTION}",
    )


def test_what_is_not_there_is_said_before_anything_is_touched(amazon: Amazon, run: LocalRun) -> None:
    (amazon.artifacts / "empty").mkdir()
    for step, fault, said in (
        (
            replace(FILE, source="gide-{version}"),
            ArtifactMissing,
            r'no "gide-v2"\. It holds: .*guide',
        ),
        (replace(FILE, source="../guide"), ArtifactOutside, "leads out of it"),
        (replace(FILE, source="empty"), NothingToSync, "holds no file"),
        (replace(FILE, bucket="plain"), VersioningOff, "nothing was touched"),
        (replace(FILE, bucket="nowhere"), NotThere, "NoSuchBucket.*bucket's name in the plan"),
    ):
        with pytest.raises(fault, match=said):
            step.do(run)
    assert (amazon.site(), run.memory) == (V1, {})
    assert undone(FILE, run, Evidence()).summary == "the upload was never begun"


@pytest.mark.parametrize(
    ("trouble", "fault", "said"),
    [
        ({"status": 403}, AccessRefused, "docs/connections.md"),
        ({"status": 404}, NotThere, "NoSuchBucket"),
        ({"status": 503}, SlowedDown, "Try again later"),
        ({"status": 500, "after": True}, VendorBroken, "status page"),
        ({"delay": 4.0}, VendorUnreachable, "no answer in time"),
        ({"status": 500}, VendorBroken, "status page"),
    ],
)
def test_a_bad_answer_to_the_upload_names_the_call_and_a_second_try_ends_it(
    amazon: Amazon,
    run: LocalRun,
    monkeypatch: pytest.MonkeyPatch,
    trouble: dict[str, object],
    fault: type[Exception],
    said: str,
) -> None:
    if "delay" in trouble:  # otherwise a busy machine may take its time
        monkeypatch.setattr(aws_api, "READ_TIMEOUT", 2.0)
    amazon.stand_in.trouble(match=f"PUT /{SITE}/{GUIDE}", **trouble)
    with pytest.raises(fault, match=f"Amazon S3: PutObject s3://{SITE}/{GUIDE}: .*{said}"):
        FILE.do(run)
    evidence = FILE.do(run)
    assert amazon.site() == V1 | {GUIDE: "how to, v2"}
    undone(FILE, run, evidence)
    assert amazon.site() == V1


def test_a_list_that_breaks_off_half_way_is_said_and_nothing_is_written(
    amazon: Amazon, run: LocalRun
) -> None:
    amazon.stand_in.trouble(match="GET", times=1)  # whether versioning is on
    amazon.stand_in.trouble(match="GET", half=True)
    # botocore takes a list that is no XML for an error of the server's.
    with pytest.raises(VendorBroken, match=rf"ListObjectVersions s3://{SITE}/{GUIDE}: HTTP 500"):
        FILE.do(run)
    assert (amazon.writes(), run.memory) == ([], {})


def test_a_login_that_aws_does_not_know_is_said_without_its_secret(
    amazon: Amazon, run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_AWS"])
    monkeypatch.setenv("AIRFLOW_CONN_AWS", json.dumps(known | {"login": "AKIAOLD"}))
    with pytest.raises(AccessRefused, match='set new ones in the connection "aws"') as caught:
        FILE.do(run)
    assert "sandbox-secret" not in str(caught.value)
