import pytest
from tests.steps.cluster.conftest import NAME, PATH, World

from slipway.run import Evidence
from slipway.steps import ApplyManifest, DeleteManifest
from slipway.steps.faults.kubernetes import ChangedSince, RightsMissing, SecretInEnvironment
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import VendorBroken

APPLY = ApplyManifest(name="apply_cron_job", manifest=PATH, namespace="production")
STEP = DeleteManifest(name="delete_cron_job", manifest=PATH, namespace="production")


@pytest.fixture
def applied(world: World, run: LocalRun) -> World:
    """The CronJob is there, with one job of it running."""
    APPLY.do(run.at("production.earlier"))
    world.state.start_job("production", NAME, "maintenance-checker-1")
    world.stand_in.calls.clear()
    return world


def test_a_cron_job_goes_with_its_jobs_and_comes_back_as_it_was(applied: World, run: LocalRun) -> None:
    was = applied.cron_job()["spec"]
    evidence = STEP.do(run)
    assert applied.cron_job() is None
    assert applied.state.find("Job", "production", "maintenance-checker-1") is None
    assert STEP.do(run) == evidence
    STEP.undo(run, evidence)
    assert applied.cron_job()["spec"] == was
    assert STEP.undo(run, evidence).changed is False
    assert applied.writes() == ["DELETE", "POST"]


def test_one_that_is_not_there_is_left_alone(world: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    assert evidence.changed is False
    assert STEP.undo(run, evidence).summary == "nothing was there before"
    assert world.writes() == []


def test_one_that_somebody_else_made_since_is_left_alone(applied: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    APPLY.do(run.at("production.other"))
    applied.cron_job()["spec"]["schedule"] = "0 4 * * *"
    with pytest.raises(ChangedSince, match="since this release: it is there again"):
        STEP.undo(run.at("rollback.undo"), evidence)
    assert applied.cron_job()["spec"]["schedule"] == "0 4 * * *"


def test_one_with_a_secret_in_its_env_is_not_kept_and_not_deleted(applied: World, run: LocalRun) -> None:
    pod = applied.cron_job()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": "hunter2"}]
    with pytest.raises(
        SecretInEnvironment, match="as the cluster has it: a container has DB_PASSWORD written out"
    ):
        STEP.do(run)
    assert applied.writes() == []
    assert run.memory == {}


def test_a_deletion_is_waited_for(applied: World, run: LocalRun) -> None:
    applied.state.deletion_takes = 3600
    with pytest.raises(StillGoing):
        STEP.do(run)
    before = Evidence(before=run.memory["before"])
    with pytest.raises(StillGoing, match="created again when it has gone"):
        STEP.undo(run.at("rollback.undo"), before)
    applied.state.going = dict.fromkeys(applied.state.going, 0.0)
    assert STEP.do(run).changed is True
    STEP.undo(run.at("rollback.undo"), before)
    assert applied.cron_job()["spec"]["schedule"] == "0 6 * * *"


def test_an_answer_that_was_lost_deletes_nothing_twice(applied: World, run: LocalRun) -> None:
    applied.stand_in.trouble(match="DELETE", status=500, after=True)
    assert STEP.do(run).changed is True
    applied.stand_in.trouble(match="POST", status=500, after=True)
    evidence = Evidence(before=run.memory["before"])
    with pytest.raises(VendorBroken, match="create CronJob"):
        STEP.undo(run, evidence)
    STEP.undo(run, evidence)
    assert applied.writes().count("POST") == 1


def test_a_look_tells_what_the_login_may_do_or_which_right_is_missing(world: World, run: LocalRun) -> None:
    jobs = "list, delete jobs in namespace production"
    assert (
        STEP.look(run) == f"may get, create, update, delete cronjobs {NAME} in namespace production; {jobs}"
    )
    world.state.forbidden.add(("delete", "cronjobs"))
    with pytest.raises(RightsMissing, match=f"may not delete cronjobs {NAME} in namespace production"):
        STEP.look(run)
