import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from tests.steps.azure.world import package, posts, through

from slipway.run import Evidence
from slipway.sandbox.vendors.azure import Azure
from slipway.steps.deploy_static_web_app import DeployStaticWebApp
from slipway.steps.faults import NothingTried, NotTheTriedPackage
from slipway.steps.faults.azure import (
    ConnectionIncomplete,
    OperationFailed,
    PackageBeforeMissing,
    PackageLacks,
    SiteNotServing,
    SiteTakenOver,
)
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, CallRefused, NotThere, TooManyCalls, VendorBroken

STEP = DeployStaticWebApp(
    name="deploy_ui", resource_group="cpr-prod-rg", site="cpr-ui-prod", package="cpr-ui-{version}.zip"
)
ZIP = "/zipdeploy"


@pytest.fixture
def run(run: LocalRun) -> LocalRun:
    """The release while it is on staging; only production is held against what was tried there."""
    return run.at("staging.step")


def holds(cloud: Azure, artifacts: Path, version: str) -> bool:
    build = cloud.state.sites["cpr-ui-prod"]["default"]
    return build.package == (artifacts / f"cpr-ui-{version}.zip").read_bytes()


def test_the_site_is_deployed_once_and_put_back_once(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    evidence = through(lambda: STEP.do(run))
    assert holds(cloud, artifacts, "v1.2.0")
    assert evidence.before["package"] == "cpr-ui-v1.1.0.zip"
    assert evidence.summary == ("cpr-ui-prod/production serves cpr-ui-v1.2.0.zip (before: cpr-ui-v1.1.0.zip)")
    assert STEP.do(run).after == evidence.after
    assert posts(cloud, ZIP) == 1
    undo = run.at("rollback.undo_deploy_ui")
    assert through(lambda: STEP.undo(undo, evidence)).changed is True
    assert holds(cloud, artifacts, "v1.1.0")
    assert STEP.undo(undo, evidence).changed is False
    assert posts(cloud, ZIP) == 2
    through(lambda: STEP.do(run))
    assert holds(cloud, artifacts, "v1.2.0")


def test_an_answer_that_is_lost_deploys_only_once(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    cloud.trouble(match="POST /subscriptions", status=502, after=True)
    with pytest.raises(VendorBroken, match="HTTP 502"):
        STEP.do(run)
    through(lambda: STEP.do(run))
    assert (posts(cloud, ZIP), holds(cloud, artifacts, "v1.2.0")) == (1, True)


def test_a_site_that_somebody_deployed_since_is_left_alone(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    evidence = through(lambda: STEP.do(run))
    package(artifacts / "hotfix.zip", {"index.html": "<html>hotfix"})
    build = cloud.state.sites["cpr-ui-prod"]["default"]
    build.package = (artifacts / "hotfix.zip").read_bytes()
    with pytest.raises(
        SiteTakenOver,
        match=r"serves a index\.html that is neither cpr-ui-v1\.2\.0\.zip's nor cpr-ui-v1\.1\.0\.zip's",
    ):
        STEP.undo(run.at("rollback.undo_deploy_ui"), evidence)
    assert (posts(cloud, ZIP), build.package) == (1, (artifacts / "hotfix.zip").read_bytes())


def test_a_try_that_is_killed_half_way_can_be_undone(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    with pytest.raises(StillGoing):
        STEP.do(run)
    undo = run.at("rollback.undo")
    through(lambda: STEP.undo(undo, Evidence(before=run.memory["before"])))
    assert holds(cloud, artifacts, "v1.1.0")


def test_a_package_that_was_overwritten_after_staging_is_refused(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    run.evidences["staging.deploy_ui"] = through(lambda: STEP.do(run.at("staging.deploy_ui")))
    posted = posts(cloud, ZIP)
    package(artifacts / "cpr-ui-v1.2.0.zip", {"index.html": "<html>v1.2.0", "late.js": "untried"})
    production = run.at("production.deploy_ui")
    with pytest.raises(NotTheTriedPackage, match=r"staging\.deploy_ui tried SHA-256 .*through staging"):
        STEP.do(production)
    assert (posts(cloud, ZIP), production.memory) == (posted, {})


def test_production_takes_the_package_that_staging_tried(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    production = run.at("production.deploy_ui")
    posted = posts(cloud, ZIP)
    with pytest.raises(NothingTried, match=r"staging\.deploy_ui left no proof"):
        STEP.do(production)
    assert posts(cloud, ZIP) == posted
    run.evidences["staging.deploy_ui"] = through(lambda: STEP.do(run.at("staging.deploy_ui")))
    assert through(lambda: STEP.do(production)).proof == run.evidences["staging.deploy_ui"].proof
    assert holds(cloud, artifacts, "v1.2.0")


def test_an_environment_that_is_new_has_nothing_to_put_back(run: LocalRun, cloud: Azure) -> None:
    step = DeployStaticWebApp(
        name="d",
        resource_group="cpr-prod-rg",
        site="cpr-ui-prod",
        package="cpr-ui-{version}.zip",
        environment="staging",
    )
    evidence = through(lambda: step.do(run))
    assert evidence.before == {"served": "", "package": "", "sha256": ""}
    assert step.undo(run, evidence).summary == "cpr-ui-prod: nothing was served before"
    assert step.undo(run, Evidence()).summary == "cpr-ui-prod: the deployment was never begun"


def test_what_could_not_be_put_back_is_not_replaced(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    (artifacts / "cpr-ui-v1.1.0.zip").unlink()
    with pytest.raises(PackageBeforeMissing, match=r"in none of the packages cpr-ui-\*\.zip"):
        STEP.do(run)
    assert posts(cloud, ZIP) == 0


def test_a_package_before_that_is_gone_fails_the_undo(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    evidence = through(lambda: STEP.do(run))
    (artifacts / "cpr-ui-v1.1.0.zip").unlink()
    with pytest.raises(PackageBeforeMissing):
        STEP.undo(run, evidence)


def test_a_package_without_the_marker_is_refused(run: LocalRun, cloud: Azure, artifacts: Path) -> None:
    package(artifacts / "cpr-ui-v1.2.0.zip", {"app.js": ""})
    with pytest.raises(PackageLacks, match=r"cpr-ui-v1\.2\.0\.zip: it is no zip file with index\.html"):
        STEP.do(run)


def test_a_deployment_that_azure_gives_up_is_begun_anew(run: LocalRun, cloud: Azure) -> None:
    cloud.state.failing["static"] = "The content is too large."
    with pytest.raises(OperationFailed, match=r"Failed \(The content is too large"):
        through(lambda: STEP.do(run))
    assert through(lambda: STEP.do(run)).changed is True


def test_a_site_that_goes_on_serving_the_old_file_is_said(
    run: LocalRun, cloud: Azure, artifacts: Path
) -> None:
    from dataclasses import replace

    step = replace(STEP, confirm_within=timedelta(0))
    cloud.state.static_deployed = lambda *_: package(artifacts / "cpr-ui-v1.2.0.zip", {"index.html": "x"})
    with pytest.raises(SiteNotServing, match=r"index\.html does not serve the file of cpr-ui-v1\.2\.0"):
        through(lambda: step.do(run))


def test_a_package_that_azure_cannot_reach_is_said_before_anything_is_done(
    run: LocalRun, cloud: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_ARTIFACTS"])
    extra = {"path": known["extra"]["path"]}
    monkeypatch.setenv("AIRFLOW_CONN_ARTIFACTS", json.dumps(known | {"extra": extra}))
    with pytest.raises(ConnectionIncomplete, match='lacks "url" in its extra'):
        STEP.do(run)


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [
        ({"status": 400}, CallRefused),
        ({"status": 403}, AccessRefused),
        ({"status": 404}, NotThere),
        ({"status": 429, "retry_after": "60"}, TooManyCalls),
        ({"status": 500}, VendorBroken),
    ],
)
def test_a_bad_answer_names_the_call(
    run: LocalRun, cloud: Azure, trouble: dict[str, object], fault: type[Exception]
) -> None:
    cloud.trouble(match=r"POST /subscriptions", times=-1, **trouble)
    with pytest.raises(fault, match="staticSites/cpr-ui-prod/builds/default/zipdeploy: HTTP"):
        STEP.do(run)
