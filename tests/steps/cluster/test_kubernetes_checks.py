from tests.steps.cluster.conftest import NAME, PATH, World

from slipway.checks import CronJobSchedule, KubernetesObject, run_check
from slipway.checks.kubernetes_object import compared
from slipway.kinds import Check
from slipway.steps import ApplyManifest
from slipway.steps.kubernetes_api import Reference
from slipway.testing import LocalRun
from slipway.words import Answer

APPLY = ApplyManifest(name="apply_cron_job", manifest=PATH, namespace="production")
SCHEDULE = CronJobSchedule(name="runs_at_six", cron_job=NAME, namespace="production", schedule="0 6 * * *")
GONE = KubernetesObject(
    name="no_background_jobs",
    api_version="batch/v1",
    object_kind="CronJob",
    object_name=NAME,
    namespace="production",
    absent=True,
)
PLACE = f"CronJob {NAME} in namespace production"


def answer(check: Check, run: LocalRun) -> tuple[Answer, str]:
    found = run_check(check, run)
    return found.answer, found.summary


def test_a_schedule_as_expected_passes(world: World, run: LocalRun) -> None:
    APPLY.do(run)
    said = f"{PLACE}: spec.schedule is '0 6 * * *', spec.suspend is False"
    assert answer(SCHEDULE, run) == (Answer.PASS, said)


def test_another_schedule_or_a_suspended_job_fails(world: World, run: LocalRun) -> None:
    APPLY.do(run)
    world.cron_job()["spec"] |= {"schedule": "0 7 * * *", "suspend": True}
    said = f"{PLACE}: spec.schedule is '0 7 * * *', not '0 6 * * *'; spec.suspend is True, not False"
    assert answer(SCHEDULE, run) == (Answer.FAIL, said)


def test_a_time_zone_is_compared_when_it_is_given(world: World, run: LocalRun) -> None:
    APPLY.do(run)
    seoul = CronJobSchedule(
        name="s", cron_job=NAME, namespace="production", schedule="0 6 * * *", time_zone="Asia/Seoul"
    )
    assert answer(seoul, run) == (Answer.FAIL, f"{PLACE}: spec.timeZone is None, not 'Asia/Seoul'")


def test_a_cron_job_that_is_not_there_fails(world: World, run: LocalRun) -> None:
    assert answer(SCHEDULE, run) == (Answer.FAIL, f"{PLACE} is not there")


def test_what_a_secret_keeps_is_not_shown() -> None:
    reference = Reference(api_version="v1", kind="Secret", name="db", namespace="production")
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"dsn": "aHVudGVyMg=="}}'}
    found = {
        "type": "Opaque",
        "metadata": {"labels": {"app": "api"}, "annotations": applied},
        "data": {"dsn": "aHVudGVyMg=="},
    }
    expect = {
        "data.dsn": "aHVudGVyMw==",
        "data.user": None,
        "metadata.annotations": {},
        "metadata.labels.app": "api",
        "metadata.labels": {"app": "web"},
        "type": "Opaque",
    }
    finding = compared(reference, found, expect)
    assert (finding.answer, finding.summary) == (
        Answer.FAIL,
        "Secret db in namespace production: data.dsn is '***', not '***'; metadata.annotations is '***', not "
        "'***'; metadata.labels is {'app': 'api'}, not {'app': 'web'}",
    )
    assert "aHVudGVy" not in str(finding)
    assert finding.evidence["values"]["data.user"] is None
    same = compared(reference, found, {"data.dsn": "aHVudGVyMg=="})
    assert (same.answer, same.summary) == (
        Answer.PASS,
        "Secret db in namespace production: data.dsn is '***'",
    )


def test_gone_means_that_no_job_of_it_is_left(world: World, run: LocalRun) -> None:
    assert answer(GONE, run) == (Answer.PASS, f"{PLACE} is not there")
    APPLY.do(run)
    assert answer(GONE, run) == (Answer.FAIL, f"{PLACE} is still there")
    job = world.state.start_job("production", NAME, "maintenance-checker-1")
    owners = job["metadata"]["ownerReferences"]
    world.state.orphan(("batch/v1", "cronjobs", "production", NAME))
    job["metadata"]["ownerReferences"] = owners
    said = f"{PLACE} is gone, and its jobs are not: maintenance-checker-1"
    assert answer(GONE, run) == (Answer.FAIL, said)


def test_a_cluster_that_refuses_is_an_error(world: World, run: LocalRun) -> None:
    world.stand_in.trouble(status=403, times=-1)
    found, said = answer(SCHEDULE, run)
    assert found is Answer.ERROR
    assert "HTTP 403" in said
