"""What the doctor finds of the objects that a step will apply or delete."""

import pytest
from tests.steps.cluster.conftest import PATH, World

from slipway.kinds import Step
from slipway.steps import ApplyManifest, DeleteManifest
from slipway.steps.faults.kubernetes import RightsMissing
from slipway.testing import LocalRun

APPLY = ApplyManifest(name="apply", manifest=PATH, namespace="production")
DELETE = DeleteManifest(name="delete", manifest=PATH, namespace="production")
CHECKER = "CronJob maintenance-checker in namespace production"


@pytest.mark.parametrize("step", [APPLY, DELETE])
def test_the_cluster_says_what_the_login_may_do_and_nothing_is_written(
    world: World, run: LocalRun, step: Step
) -> None:
    assert step.look(run) == f"the login may change {CHECKER} (not there yet)"
    assert {call.path for call in world.stand_in.calls if call.method != "GET"} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }
    APPLY.do(run)
    assert step.look(run) == f"the login may change {CHECKER}"


def test_a_right_that_is_missing_is_said_with_its_verb(world: World, run: LocalRun) -> None:
    world.state.forbidden = {("patch", "cronjobs"), ("delete", "cronjobs")}
    with pytest.raises(RightsMissing, match=rf"may not patch {CHECKER}; delete {CHECKER}\. Give it a Role"):
        APPLY.look(run)


def test_a_manifest_that_comes_with_the_version_is_no_fault(world: World, run: LocalRun) -> None:
    step = ApplyManifest(name="apply", manifest="releases/{version}/cron.yaml", namespace="production")
    assert step.look(run) == "its manifest comes with the version"
