import json
from dataclasses import replace

import pytest
from tests.steps.cluster.conftest import CRON_JOB, NAME, PATH, World

from slipway.environment import Environment
from slipway.run import Evidence
from slipway.sandbox.vendors.kubernetes_access import REVIEWS
from slipway.steps import ApplyManifest
from slipway.steps.faults.artifacts import ArtifactMissing
from slipway.steps.faults.kubernetes import (
    ChangedSince,
    KindUnknown,
    ManifestUnreadable,
    NotAsApplied,
    NotAsBefore,
    ObjectTooLarge,
    RightsMissing,
    SecretInEnvironment,
    SecretInManifest,
)
from slipway.still_going import StillGoing
from slipway.testing import LocalRun
from slipway.vendor_faults import AccessRefused, CallRefused, InTheWay, VendorBroken

pytestmark = pytest.mark.slow

STEP = ApplyManifest(name="apply_cron_job", manifest=PATH, namespace="production")


def test_a_cron_job_that_was_not_there_is_applied_and_deleted_again(world: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    spec = world.cron_job()["spec"]
    assert spec["schedule"] == "0 6 * * *"
    containers = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "registry.communityshare.io/api:v2.5.0"
    assert evidence.summary == "CronJob maintenance-checker in namespace production applied"
    assert evidence.changed is True
    STEP.undo(run, evidence)
    assert world.cron_job() is None
    STEP.undo(run, evidence)
    assert world.writes() == ["PATCH", "DELETE"]


def test_applying_a_second_time_changes_nothing(world: World, run: LocalRun) -> None:
    first = STEP.do(run)
    version = world.cron_job()["metadata"]["resourceVersion"]
    assert STEP.do(run) == first
    assert world.cron_job()["metadata"]["resourceVersion"] == version


def test_a_cron_job_that_was_there_is_put_back_exactly(world: World, run: LocalRun) -> None:
    STEP.do(run.at("production.earlier"))
    was = {**world.cron_job()["spec"]}
    world.write(PATH, CRON_JOB.replace("0 6", "30 7").replace("Forbid", "Replace") + "  suspend: true\n")
    evidence = STEP.do(run)
    assert world.cron_job()["spec"]["schedule"] == "30 7 * * *"
    assert evidence.before["objects"][0]["object"]["spec"] == was
    STEP.undo(run, evidence)
    assert world.cron_job()["spec"] == was
    assert STEP.undo(run, evidence).changed is False


def test_one_that_vanished_since_is_created_again_by_the_undo(world: World, run: LocalRun) -> None:
    STEP.do(run.at("production.earlier"))
    evidence = STEP.do(run)
    world.state.forget(("batch/v1", "cronjobs", "production", NAME))
    assert STEP.undo(run, evidence).changed is True
    assert world.cron_job()["spec"]["schedule"] == "0 6 * * *"


def test_what_somebody_else_applied_since_is_left_alone(world: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    world.cron_job()["spec"]["schedule"] = "0 4 * * *"
    with pytest.raises(ChangedSince, match=r'since this release: spec\.schedule is "0 4 \* \* \*", not "0 6'):
        STEP.undo(run.at("rollback.undo"), evidence)
    assert world.cron_job()["spec"]["schedule"] == "0 4 * * *"
    assert world.writes() == ["PATCH"]


def test_what_the_manifest_does_not_name_may_change_and_does_not_stop_the_undo(
    world: World, run: LocalRun
) -> None:
    evidence = STEP.do(run)
    world.cron_job()["spec"]["suspend"] = True
    STEP.undo(run.at("rollback.undo"), evidence)
    assert world.cron_job() is None


def test_an_undo_that_wrote_and_was_killed_is_not_taken_for_somebody_else(
    world: World, run: LocalRun
) -> None:
    STEP.do(run.at("production.earlier"))
    world.write(PATH, CRON_JOB.replace("0 6", "30 7"))
    evidence, undo = STEP.do(run), run.at("rollback.undo")
    store = world.state.store

    def webhook(key: object, value: object, earlier: object) -> object:
        value["spec"]["schedule"] = "0 0 * * *"  # type: ignore[index]
        return store(key, value, earlier)  # type: ignore[arg-type]

    world.state.store = webhook  # type: ignore[method-assign, assignment]
    with pytest.raises(NotAsBefore):
        STEP.undo(undo, evidence)
    world.state.store = store  # type: ignore[method-assign]
    STEP.undo(undo, evidence)
    assert world.cron_job()["spec"]["schedule"] == "0 6 * * *"


def test_the_undo_waits_until_the_jobs_are_gone_too(world: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    world.state.start_job("production", NAME, "maintenance-checker-1")
    world.state.deletion_takes = 3600
    with pytest.raises(StillGoing, match="maintenance-checker in namespace production and its jobs"):
        STEP.undo(run, evidence)
    with pytest.raises(StillGoing):
        STEP.undo(run, evidence)
    assert world.writes().count("DELETE") == 1
    world.state.going = dict.fromkeys(world.state.going, 0.0)
    assert STEP.undo(run, evidence).changed is True
    assert world.state.find("Job", "production", "maintenance-checker-1") is None


def test_a_job_that_outlived_its_cron_job_is_deleted(world: World, run: LocalRun) -> None:
    evidence = STEP.do(run)
    job = world.state.start_job("production", NAME, "maintenance-checker-1")
    owners = job["metadata"]["ownerReferences"]
    world.state.orphan(("batch/v1", "cronjobs", "production", NAME))
    job["metadata"]["ownerReferences"] = owners
    assert STEP.undo(run, evidence).changed is True
    assert world.state.find("Job", "production", "maintenance-checker-1") is None


def test_a_crash_after_the_call_leaves_the_state_before_as_it_was(world: World, run: LocalRun) -> None:
    world.stand_in.trouble(match="PATCH", status=500, after=True, times=3)
    with pytest.raises(VendorBroken, match="Kubernetes: apply CronJob maintenance-checker"):
        STEP.do(run)
    assert world.cron_job()["metadata"]["generation"] == 1
    evidence = STEP.do(run)
    assert evidence.before["objects"][0]["object"] is None
    assert world.cron_job()["metadata"]["generation"] == 1


def test_an_apply_killed_half_way_is_undone(world: World, run: LocalRun) -> None:
    world.stand_in.trouble(match="PATCH", status=500, after=True, times=3)
    with pytest.raises(VendorBroken):
        STEP.do(run)
    STEP.undo(run.at("rollback.undo"), Evidence(before=run.memory["before"]))
    assert world.cron_job() is None
    assert STEP.undo(run, Evidence()).summary == "nothing was ever applied"


def test_an_inline_object_needs_no_artifacts(world: World) -> None:
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api"}, "data": {"v": "{version}"}}
    step = ApplyManifest(name="apply_settings", manifest=value, namespace="production")
    alone = LocalRun(environment=Environment(system="m", name="production", cluster="cluster"), version="v3")
    assert step.needs == ("cluster",)
    evidence = step.do(alone)
    found = world.state.find("ConfigMap", "production", "api")
    assert found is not None
    assert found["data"] == {"v": "v3"}
    step.undo(alone, evidence)
    assert world.state.find("ConfigMap", "production", "api") is None


def test_a_field_that_is_not_applied_any_more_goes(world: World, run: LocalRun) -> None:
    STEP.do(run)
    world.write(PATH, CRON_JOB.replace("  concurrencyPolicy: Forbid\n", ""))
    STEP.do(run.at("production.later"))
    assert world.cron_job()["spec"]["concurrencyPolicy"] == "Allow"


def test_fields_of_another_manager_are_taken_over_only_if_the_plan_says_so(
    world: World, run: LocalRun
) -> None:
    STEP.do(run)
    key = ("batch/v1", "cronjobs", "production", NAME)
    world.state.applied[key] = {"helm": {"spec": {"schedule": "0 5 * * *"}}}
    world.state.objects[key]["spec"]["schedule"] = "0 5 * * *"
    polite = ApplyManifest(name="apply", manifest=PATH, namespace="production", take_over=False)
    with pytest.raises(InTheWay, match=r'HTTP 409 \("Apply failed with 1 conflict: conflict with "helm"'):
        polite.do(run)
    assert STEP.do(run).summary.endswith("applied")


def test_a_schedule_that_is_none_is_refused_by_the_server(world: World, run: LocalRun) -> None:
    world.write(PATH, CRON_JOB.replace("0 6 * * *", "0 25 * * *"))
    with pytest.raises(CallRefused, match=r"HTTP 422 .*spec\.schedule: Invalid value.*Correct the manifest"):
        STEP.do(run)
    assert world.cron_job() is None


def test_what_reads_back_otherwise_is_said(world: World, run: LocalRun) -> None:
    store = world.state.store

    def webhook(key: object, value: object, earlier: object) -> object:
        value["spec"]["schedule"] = "0 0 * * *"  # type: ignore[index]
        return store(key, value, earlier)  # type: ignore[arg-type]

    world.state.store = webhook  # type: ignore[method-assign, assignment]
    with pytest.raises(NotAsApplied, match=r'spec\.schedule is "0 0 \* \* \*", not "0 6 \* \* \*"'):
        STEP.do(run)


def test_a_field_that_the_cluster_does_not_know_is_the_manifests_fault(world: World, run: LocalRun) -> None:
    world.write(PATH, CRON_JOB.replace("schedule:", "shcedule:"))
    with pytest.raises(CallRefused, match=r"HTTP 500 .*\.spec\.shcedule: field not.*Correct the manifest"):
        STEP.do(run)
    assert world.writes() == ["PATCH"]
    assert world.cron_job() is None


@pytest.mark.parametrize(
    ("text", "fault", "said"),
    [
        ("kind: [", ManifestUnreadable, "Correct the manifest"),
        ("kind: CronJob", ManifestUnreadable, "needs apiVersion, kind and metadata"),
        ("", ManifestUnreadable, "describes no object"),
        ("{apiVersion: batch/v1, kind: CronTab, metadata: {name: a}}", KindUnknown, "It has: CronJob, Job"),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}}", SecretInManifest, "kept as evidence"),
        (CRON_JOB.replace("name: m", "namespace: staging\n  name: m"), ManifestUnreadable, '"staging", and'),
    ],
)
def test_a_bad_manifest_is_said_before_anything_is_touched(
    world: World, run: LocalRun, text: str, fault: type[Exception], said: str
) -> None:
    world.write(PATH, text)
    with pytest.raises(fault, match=said):
        STEP.do(run)
    assert world.writes() == []


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      initContainers:
        - {name: migrate, image: "api:{version}", env: [{name: MODE, value: first}]}
      containers:
        - {name: api, image: "api:{version}", env: [{name: LOG_LEVEL, value: info}]}
"""


def test_a_deployment_is_put_back_whatever_its_controller_counts(world: World, run: LocalRun) -> None:
    world.write(PATH, DEPLOYMENT)
    STEP.do(replace(run, version="v2.4.0").at("production.earlier"))
    evidence = STEP.do(run)
    assert _deployment(world) == ("api:v2.5.0", "2")
    assert evidence.before["objects"][0]["object"]["metadata"] == {"name": "api", "namespace": "production"}
    assert STEP.undo(run.at("rollback.undo"), evidence).changed is True
    assert _deployment(world) == ("api:v2.4.0", "3")
    assert STEP.undo(run.at("rollback.undo"), evidence).changed is False
    assert world.writes() == ["PATCH", "PATCH", "PUT"]


def test_what_is_noted_on_a_deployment_is_put_back(world: World, run: LocalRun) -> None:
    noted = DEPLOYMENT.replace("name: api\n", "name: api\n  annotations: {owner: one}\n", 1)
    world.write(PATH, noted)
    STEP.do(run.at("production.earlier"))
    world.write(PATH, noted.replace("owner: one", "owner: two"))
    evidence = STEP.do(run)
    STEP.undo(run.at("rollback.undo"), evidence)
    found = world.state.find("Deployment", "production", "api")
    assert found is not None
    assert found["metadata"]["annotations"]["owner"] == "one"


def _deployment(world: World) -> tuple[str, str]:
    found = world.state.find("Deployment", "production", "api")
    assert found is not None
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    return image, found["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CRON_JOB + "              env: [{name: DB_PASSWORD, value: hunter2}]\n", "DB_PASSWORD"),
        (DEPLOYMENT.replace("name: LOG_LEVEL, value: info", "name: apiToken, value: hunter2"), "apiToken"),
        (
            DEPLOYMENT.replace("name: MODE, value: first", "name: CLIENT_SECRET, value: hunter2"),
            "CLIENT_SECRET",
        ),
        (
            DEPLOYMENT.replace(
                "name: LOG_LEVEL, value: info", "name: DATABASE_URL, value: pg://u:hunter2@db/x"
            ),
            "DATABASE_URL",
        ),
        (CRON_JOB + "              args: [--password=hunter2]\n", "--password"),
    ],
)
def test_a_secret_written_out_in_an_env_is_refused(world: World, run: LocalRun, text: str, name: str) -> None:
    world.write(PATH, text)
    for call in (STEP.do, STEP.look):
        with pytest.raises(
            SecretInEnvironment, match=rf"a container has {name} written out.*secretKeyRef"
        ) as caught:
            call(run)
        assert "hunter2" not in str(caught.value)
    assert world.stand_in.calls == []
    assert run.memory == {}


@pytest.mark.parametrize(
    "variable",
    [
        "{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: api, key: password}}}",
        '{name: DB_PASSWORD, value: ""}',
        "{name: COOKIE_DOMAIN, value: shop.example}",
        "{name: TOKEN_URL, value: 'https://login.example/token'}",
        "{name: GOOGLE_APPLICATION_CREDENTIALS, value: /var/run/key.json}",
        '{name: PASSWORD_MIN_LENGTH, value: "12"}',
        "{name: DB_PASSWORD}",
        "{name: DB_PASSWORD, value: $(OTHER)}",
        "{name: KEYBOARD, value: hunter2}",
    ],
)
def test_a_secret_that_is_taken_from_elsewhere_is_applied(world: World, run: LocalRun, variable: str) -> None:
    world.write(PATH, DEPLOYMENT.replace("{name: LOG_LEVEL, value: info}", variable))
    assert STEP.do(run).changed is True


def test_an_object_of_the_cluster_with_a_secret_in_its_env_is_not_kept_and_not_touched(
    world: World, run: LocalRun
) -> None:
    STEP.do(run.at("production.earlier"))
    world.stand_in.calls.clear()
    pod = world.cron_job()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": "hunter2"}]
    with pytest.raises(SecretInEnvironment) as caught:
        STEP.do(run)
    assert str(caught.value) == (
        "CronJob maintenance-checker in namespace production as the cluster has it: a container has "
        "DB_PASSWORD written out, which would be kept as evidence. Nothing was touched. Take it from a "
        "Secret by valueFrom.secretKeyRef; what is no secret, from a ConfigMap by valueFrom.configMapKeyRef."
    )
    assert world.writes() == []
    assert run.memory == {}


def test_a_secret_that_kubectl_noted_as_last_applied_is_found_too(world: World, run: LocalRun) -> None:
    STEP.do(run.at("production.earlier"))
    noted = {"spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]}}
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    world.cron_job()["metadata"]["annotations"] = {annotation: json.dumps(noted)}
    with pytest.raises(SecretInEnvironment, match="as the cluster has it: a container has DB_PASSWORD"):
        STEP.do(run)


def test_a_manifest_that_is_not_there_is_said(world: World, run: LocalRun) -> None:
    with pytest.raises(ArtifactMissing, match=r'no "k8s/other\.yaml"\. It holds: k8s'):
        ApplyManifest(name="apply", manifest="k8s/other.yaml").do(run)


def test_an_object_that_is_too_large_to_be_kept_is_not_touched(world: World, run: LocalRun) -> None:
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": {"a": "b"}}
    step = ApplyManifest(name="apply", manifest=value, namespace="production")
    step.do(run.at("production.earlier"))
    world.state.objects["v1", "configmaps", "production", "big"]["data"] = {"a": "x" * 100_000}
    with pytest.raises(ObjectTooLarge, match="Nothing was touched"):
        step.do(run)


def test_a_look_tells_what_the_login_may_do_and_creates_nothing(world: World, run: LocalRun) -> None:
    assert STEP.look(run) == (
        f"may get, create, patch, update, delete cronjobs {NAME} in namespace production; "
        "list, delete jobs in namespace production"
    )
    assert world.state.objects == {}
    assert {call.path for call in world.stand_in.calls if call.method != "GET"} == {REVIEWS}


def test_a_look_names_every_right_that_is_missing(world: World, run: LocalRun) -> None:
    world.state.forbidden |= {("patch", "cronjobs"), ("update", "cronjobs"), ("list", "jobs")}
    with pytest.raises(RightsMissing) as caught:
        STEP.look(run)
    assert str(caught.value) == (
        f'Kubernetes: the login of the connection "cluster" may not patch, update cronjobs {NAME} in '
        "namespace production; list jobs in namespace production. Bind a Role with these verbs to it there "
        "(a ClusterRole for what is in no namespace)."
    )
    with pytest.raises(AccessRefused, match='cannot patch resource "cronjobs" in API group "batch"'):
        STEP.do(run)


@pytest.mark.parametrize("path", ["k8s/{version}.yaml", "k8s/of-the-version.yaml"])
def test_a_manifest_that_comes_with_the_version_is_no_fault(world: World, run: LocalRun, path: str) -> None:
    assert replace(STEP, manifest=path).look(run) == f"its manifest comes with the version ({path})"
    assert world.stand_in.calls == []


def test_a_role_for_one_name_is_asked_for_by_that_name(world: World, run: LocalRun) -> None:
    STEP.look(run)
    asked = [call.body["spec"]["resourceAttributes"] for call in world.stand_in.calls if call.body]
    assert asked[0] == {
        "verb": "get",
        "group": "batch",
        "version": "v1",
        "resource": "cronjobs",
        "namespace": "production",
        "name": NAME,
    }
    assert (asked[1]["verb"], asked[1]["name"]) == ("create", "")


def test_what_is_in_no_namespace_is_asked_for_without_one(world: World, run: LocalRun) -> None:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "checks"}}
    step = ApplyManifest(name="make_namespace", manifest=manifest)
    assert step.look(run) == "may get, create, patch, update, delete namespaces checks"
