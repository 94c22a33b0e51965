import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.steps.azure.world import package, posts, through
from tests.waiting import until

from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.sandbox.vendors.azure_state import Slot
from slipway.steps.azure_api import look
from slipway.steps.deploy_to_slot import DeployToSlot
from slipway.steps.faults import NothingTried, NotTheTriedPackage
from slipway.steps.faults.azure import (
    ConnectionIncomplete,
    DeploymentFailed,
    DeploymentUnrecognised,
    PackageMissing,
    SlotTakenOver,
)
from slipway.still_going import NotYet, StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import (
    AccessRefused,
    AnswerUnreadable,
    InTheWay,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

pytestmark = pytest.mark.slow

STEP = DeployToSlot(
    name="deploy_to_green",
    resource_group="cpr-prod-rg",
    app="cpr-api-prod",
    package="cpr-api-{version}.zip",
)
ZIP = "/api/zipdeploy"


@pytest.fixture
def run(run: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return run.at("staging.step")


def green(cloud: Azure) -> Slot:
    return cloud.state.apps["cpr-api-prod"].slots["green"]


def holds(cloud: Azure, artifacts: Path, version: str) -> bool:
    held = green(cloud).active
    return held is not None and held.package == (artifacts / f"cpr-api-{version}.zip").read_bytes()


def old_green(run: LocalRun) -> None:
    """Let an earlier release put v1.1.0 into the slot."""
    earlier = run.at("staging.earlier")
    earlier.version, earlier.release_id = "v1.1.0", "manual__2025-01-01T00:00:00+00:00"
    through(lambda: STEP.do(earlier))


def test_a_missing_slot_is_made_filled_and_stopped_again(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    evidence = through(lambda: STEP.do(run))
    assert evidence.before == {
        "there": False,
        "state": "",
        "deployment": "",
        "newest": "",
        "package": "",
        "sha256": "",
        "release": run.release_id,
    }
    assert holds(cloud, artifacts, "v1.2.0")
    assert evidence.summary == "cpr-api-prod/green holds cpr-api-v1.2.0.zip (before: nothing)"
    assert through(lambda: STEP.do(run)).after == evidence.after
    assert posts(cloud, ZIP) == 1
    undo = run.at("rollback.undo_deploy_to_green")
    undone = through(lambda: STEP.undo(undo, evidence))
    assert undone.summary == "cpr-api-prod/green held nothing before: it is stopped"
    assert green(cloud).state == "Stopped"
    assert through(lambda: STEP.undo(undo, evidence)).changed is False
    assert posts(cloud, ZIP) == 1


def test_the_undo_deploys_the_package_before_and_nothing_twice(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    old_green(run)
    evidence = through(lambda: STEP.do(run))
    assert evidence.before["package"] == "cpr-api-v1.1.0.zip"
    undo = run.at("rollback.undo_deploy_to_green")
    undone = through(lambda: STEP.undo(undo, evidence))
    assert undone.summary == "cpr-api-prod/green holds cpr-api-v1.1.0.zip again"
    assert holds(cloud, artifacts, "v1.1.0")
    assert through(lambda: STEP.undo(undo, evidence)).changed is False
    assert posts(cloud, ZIP) == 3
    through(lambda: STEP.do(run))
    assert holds(cloud, artifacts, "v1.2.0")
    assert posts(cloud, ZIP) == 4


def test_a_package_before_that_is_gone_stops_the_slot(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    old_green(run)
    evidence = through(lambda: STEP.do(run))
    (artifacts / "cpr-api-v1.1.0.zip").write_bytes(b"another build")
    undone = through(lambda: STEP.undo(run, evidence))
    assert undone.summary == ("cpr-api-prod/green cannot be filled with what it held before: it is stopped")
    assert green(cloud).state == "Stopped"


def test_an_answer_that_is_lost_deploys_only_once(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    cloud.trouble(match="POST /scm", status=502, after=True)
    with pytest.raises(VendorBroken, match="Kudu: POST /api/zipdeploy: HTTP 502"):
        STEP.do(run)
    evidence = through(lambda: STEP.do(run))
    assert (posts(cloud, ZIP), len(green(cloud).deployments)) == (1, 1)
    assert evidence.before["deployment"] == ""


def test_a_package_that_kudu_does_not_list_yet_is_not_sent_twice(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(NotYet):
        STEP.do(run)
    [ours] = green(cloud).deployments
    green(cloud).deployments.clear()
    with pytest.raises(NotYet):
        STEP.do(run)
    assert posts(cloud, ZIP) == 1
    until(lambda: ours.status == 4)
    ours.active = True  # it may have ended while it was not listed
    green(cloud).deployments.append(ours)
    assert through(lambda: STEP.do(run)).after["deployment"] == ours.id
    assert posts(cloud, ZIP) == 1


def test_a_package_that_never_appears_is_sent_again(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(NotYet):
        STEP.do(run)
    green(cloud).deployments.clear()
    [sent] = [key for key in run.memory if "_after_" in key]
    run.memory[sent] -= 301
    through(lambda: STEP.do(run))
    assert (posts(cloud, ZIP), [key.endswith(".1") for key in run.memory if "_after_" in key]) == (
        2,
        [False, True],
    )


def test_a_step_that_is_killed_half_way_can_be_undone(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    old_green(run)
    with pytest.raises(NotYet, match=r"Kudu deploys cpr-api-v1\.2\.0\.zip to cpr-api-prod/green"):
        STEP.do(run)
    undo = run.at("rollback.undo")
    through(lambda: STEP.undo(undo, Evidence(before=run.memory["before"])))
    assert holds(cloud, artifacts, "v1.1.0")


def test_an_undo_of_what_was_never_begun_changes_nothing(run: LocalRun, cloud: Azure) -> None:
    assert STEP.undo(run, Evidence()).summary == "the deployment was never begun"
    before = {"there": False, "state": "", "deployment": "", "newest": "", "release": run.release_id}
    assert STEP.undo(run, Evidence(before=before)).summary == "there is no slot cpr-api-prod/green"
    assert posts(cloud, ZIP) == 0


def test_a_slot_that_somebody_else_filled_since_is_left_alone(run: LocalRun, cloud: Azure) -> None:
    evidence = through(lambda: STEP.do(run))
    cloud.state.hold("cpr-api-prod", "green", b"hotfix")
    with pytest.raises(SlotTakenOver, match="somebody deployed an unknown package"):
        STEP.undo(run, evidence)


def test_production_takes_only_the_package_that_staging_tried(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    step = replace(STEP, tried_by="deploy_api")
    tried = through(lambda: STEP.do(run.at("staging.deploy_api")))
    old, posted = str(tried.proof["package_sha256"]), posts(cloud, ZIP)
    run.evidences["staging.deploy_api"] = tried
    package(artifacts / "cpr-api-v1.2.0.zip", {"cpr.dll": "v1.2.0, built anew"})
    new = sha256((artifacts / "cpr-api-v1.2.0.zip").read_bytes()).hexdigest()
    production = run.at("production.deploy_to_green")
    with pytest.raises(
        NotTheTriedPackage,
        match=rf"staging\.deploy_api tried SHA-256 {old}, and the file has SHA-256 {new} now.*"
        "Put the file that staging tried back",
    ):
        step.do(production)
    assert (posts(cloud, ZIP), production.memory) == (posted, {})
    assert step.undo(run, Evidence()).summary == "the deployment was never begun"
    package(artifacts / "cpr-api-v1.2.0.zip", {"cpr.dll": "v1.2.0"})
    run.evidences["staging.deploy_api"] = through(lambda: STEP.do(run.at("staging.deploy_api")))
    assert through(lambda: step.do(production)).proof["package_sha256"] != new


def test_without_a_proof_of_staging_nothing_is_sent_to_production(run: LocalRun, cloud: Azure) -> None:
    with pytest.raises(NothingTried, match=r"staging\.deploy_to_green left no proof"):
        STEP.do(run.at("production.deploy_to_green"))
    assert posts(cloud, ZIP) == 0


def test_a_deployment_that_fails_says_why_and_is_sent_anew(run: LocalRun, cloud: Azure) -> None:
    cloud.state.failing["deploy"] = "npm install exited with 1"
    with pytest.raises(DeploymentFailed, match=r"cpr-api-prod/green: deployment .* failed: npm install"):
        through(lambda: STEP.do(run))
    proof = through(lambda: STEP.do(run)).proof
    assert (proof["status"], proof["active"], proof["package"]) == (4, True, "cpr-api-v1.2.0.zip")
    assert posts(cloud, ZIP) == 2


def test_a_deployment_that_failed_is_put_back_by_the_undo(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    old_green(run)
    cloud.state.failing["deploy"] = "npm install exited with 1"
    with pytest.raises(DeploymentFailed):
        through(lambda: STEP.do(run))
    undo = run.at("rollback.undo_deploy_to_green")
    through(lambda: STEP.undo(undo, Evidence(before=run.memory["before"])))
    assert holds(cloud, artifacts, "v1.1.0")
    assert posts(cloud, ZIP) == 3


def test_a_good_deployment_that_does_not_say_what_it_is_ends_the_step_and_is_not_sent_for_ever(
    run: LocalRun, cloud: Azure
) -> None:
    def look_until_done() -> None:
        with pytest.raises(StillGoing):
            STEP.do(run)
        green(cloud).deployments[-1].message = "N/A"
        through(lambda: STEP.do(run))

    old_green(run)
    sent = posts(cloud, ZIP)
    with pytest.raises(DeploymentUnrecognised, match=r"cpr-api-v1\.2\.0\.zip was sent, and the newest"):
        look_until_done()
    assert posts(cloud, ZIP) == sent + 1
    with pytest.raises(DeploymentUnrecognised):  # cleared by a person
        look_until_done()
    assert posts(cloud, ZIP) == sent + 2


def test_a_package_that_is_not_built_is_named(run: LocalRun, cloud: Azure) -> None:
    run.version = "v9"
    with pytest.raises(PackageMissing, match=r"cpr-api-v9\.zip: no such package"):
        STEP.do(run)


def test_an_expired_token_is_renewed_once(run: LocalRun, cloud: Azure) -> None:
    old_green(run)
    cloud.state.tokens.clear()
    through(lambda: STEP.do(run))
    assert posts(cloud, "/oauth2/v2.0/token") == 2


def test_a_wrong_secret_is_said_and_stays_secret(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_ARM"])
    monkeypatch.setenv("AIRFLOW_CONN_ARM", json.dumps(known | {"login": "other", "password": "wrong-one"}))
    with pytest.raises(AccessRefused, match=r"Azure sign-in: POST .*token: HTTP 401.*secret expires") as told:
        STEP.do(run)
    assert "wrong-one" not in str(told.value)


def test_a_connection_without_a_tenant_is_said(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_ARM"])
    monkeypatch.setenv("AIRFLOW_CONN_ARM", json.dumps(known | {"extra": {"subscription": "s"}}))
    with pytest.raises(ConnectionIncomplete, match='"arm" lacks "tenant" in its extra'):
        STEP.do(run)


def test_an_unknown_app_is_named(run: LocalRun, cloud: Azure) -> None:
    step = DeployToSlot(name="d", resource_group="cpr-prod-rg", app="nope", package="cpr-api-{version}.zip")
    with pytest.raises(NotThere, match=r"The Resource 'Microsoft.Web/sites/nope' was not found"):
        step.do(run)


@pytest.mark.parametrize(
    ("trouble", "fault", "text"),
    [
        ({"status": 403}, AccessRefused, "app registration"),
        ({"status": 409}, InTheWay, "Another deployment of this slot is running"),
        ({"status": 429, "retry_after": "3600"}, TooManyCalls, "Try again in 3600 s"),
        ({"status": 503}, VendorBroken, "HTTP 503"),
        ({"half": True}, VendorUnreachable, "broke off half-way"),
    ],
)
def test_a_bad_answer_names_call_and_mend(
    run: LocalRun, cloud: Azure, trouble: dict[str, object], fault: type[Exception], text: str
) -> None:
    cloud.trouble(match=r"GET /scm" if "half" in trouble else "POST /scm", times=-1, **trouble)
    with pytest.raises(fault, match=text) as told:
        through(lambda: STEP.do(run))
    assert str(told.value).startswith("Kudu: ")


def test_an_app_without_a_kudu_host_is_said(run: LocalRun, cloud: Azure) -> None:
    from slipway.steps.azure_slots import Slot as Place

    place = Place(run, "cpr-prod-rg", "cpr-api-prod", "production")
    object.__setattr__(place, "site", lambda: {"hostNameSslStates": []})
    with pytest.raises(AnswerUnreadable, match="it names no scm host"):
        _ = place.scm


def test_a_look_tells_whose_groups_can_be_read(run: LocalRun, cloud: Azure) -> None:
    assert look(run) == "1 resource groups readable as sandbox-client: cpr-prod-rg"
    assert {call.method for call in cloud.calls} == {"GET", "POST"}
    assert [call.path for call in cloud.calls if call.method == "POST"] == [
        "/sandbox-tenant/oauth2/v2.0/token"
    ]
