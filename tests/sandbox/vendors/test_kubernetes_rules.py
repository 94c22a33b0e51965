"""The cluster's stand-in refuses the fields that a cluster refuses, in its words."""

import json
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from tests.sandbox.vendors.kubernetes_objects import (
    CONTAINER,
    GOOD_CONTAINER,
    JOB,
    PATH,
    POD,
    POD_PATH,
    Value,
    config_map,
    container,
    cron_job,
    deployment,
    job,
    named,
    pod,
    post,
)

from slipway.sandbox import systems
from slipway.sandbox.vendors.kubernetes import kubernetes
from slipway.sandbox.vendors.kubernetes_schedule import schedule_fault

NEGATIVE = "Invalid value: %s: must be greater than or equal to 0"
NO_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
NO_NAME = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NO_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
SANDBOX = Path(systems.__path__[0]) / "communityshare/v2/k8s/maintenance-checker-cronjob.yaml"


GOOD = ["0 6 * * *", "*/15 0-6 1,15 jan mon-fri", "@daily", "@every 1h30m", "59 23 31 12 6"]
BAD = ["", "0 6 * *", "60 6 * * *", "0 24 * * *", "a b c d e", "*/0 * * * *", "@often", "5-1 * * * *"]


@pytest.mark.parametrize("text", GOOD)
def test_a_schedule_is_taken(text: str) -> None:
    assert schedule_fault(text) == ""


@pytest.mark.parametrize("text", [*BAD, "TZ=UTC 0 6 * * *"])
def test_no_schedule_is_refused(text: str) -> None:
    assert schedule_fault(text)


@pytest.mark.parametrize(
    ("value", "field", "reason", "message"),
    [
        (cron_job(schedule=None), "spec.schedule", "Required", "Required value"),
        (
            cron_job(schedule="60 * * * *"),
            "spec.schedule",
            "Invalid",
            'Invalid value: "60 * * * *": failed to parse 60',
        ),
        (
            named("c" * 53),
            "metadata.name",
            "Invalid",
            f'Invalid value: "{"c" * 53}": must be no more than 52 characters',
        ),
        (named("Checker"), "metadata.name", "Invalid", f'Invalid value: "Checker": {NO_NAME}'),
        (
            cron_job(timeZone="Mars/Base"),
            "spec.timeZone",
            "Invalid",
            'Invalid value: "Mars/Base": unknown time zone Mars/Base',
        ),
        (
            cron_job(timeZone=""),
            "spec.timeZone",
            "Invalid",
            'Invalid value: "": must be nil or non-empty string',
        ),
        (
            cron_job(timeZone="Local"),
            "spec.timeZone",
            "Invalid",
            'Invalid value: "Local": timeZone must be an explicit time zone as defined in '
            "https://www.iana.org/time-zones",
        ),
        (cron_job(startingDeadlineSeconds=-5), "spec.startingDeadlineSeconds", "Invalid", NEGATIVE % -5),
        (
            cron_job(successfulJobsHistoryLimit=-1),
            "spec.successfulJobsHistoryLimit",
            "Invalid",
            NEGATIVE % -1,
        ),
        (cron_job(failedJobsHistoryLimit=-2), "spec.failedJobsHistoryLimit", "Invalid", NEGATIVE % -2),
        (
            cron_job(concurrencyPolicy="Never"),
            "spec.concurrencyPolicy",
            "NotSupported",
            'Unsupported value: "Never": supported values: "Allow", "Forbid", "Replace"',
        ),
        (cron_job(jobTemplate=None), "spec.jobTemplate", "Required", "Required value"),
        (
            job(selector={}),
            f"{JOB}.selector",
            "Invalid",
            "Invalid value: {}: `selector` will be auto-generated",
        ),
        (job(backoffLimit=-3), f"{JOB}.backoffLimit", "Invalid", NEGATIVE % -3),
        (job(parallelism=-1), f"{JOB}.parallelism", "Invalid", NEGATIVE % -1),
        (job(completions=-1), f"{JOB}.completions", "Invalid", NEGATIVE % -1),
        (job(activeDeadlineSeconds=-1), f"{JOB}.activeDeadlineSeconds", "Invalid", NEGATIVE % -1),
        (job(ttlSecondsAfterFinished=-1), f"{JOB}.ttlSecondsAfterFinished", "Invalid", NEGATIVE % -1),
        (
            job(completionMode="Some"),
            f"{JOB}.completionMode",
            "NotSupported",
            'Unsupported value: "Some": supported values: "NonIndexed", "Indexed"',
        ),
        (
            pod(restartPolicy="Always"),
            f"{POD_PATH}.restartPolicy",
            "Required",
            'Required value: valid values: "OnFailure", "Never"',
        ),
        (
            pod(restartPolicy=None),
            f"{POD_PATH}.restartPolicy",
            "Required",
            'Required value: valid values: "OnFailure", "Never"',
        ),
        (
            pod(restartPolicy="Sometimes"),
            f"{POD_PATH}.restartPolicy",
            "NotSupported",
            'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        (
            pod(dnsPolicy="Mine"),
            f"{POD_PATH}.dnsPolicy",
            "NotSupported",
            'Unsupported value: "Mine": supported values: '
            '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
        ),
        (
            pod(terminationGracePeriodSeconds=-1),
            f"{POD_PATH}.terminationGracePeriodSeconds",
            "Invalid",
            NEGATIVE % -1,
        ),
        (pod(containers=[]), f"{POD_PATH}.containers", "Required", "Required value"),
        (
            pod(containers=[GOOD_CONTAINER, GOOD_CONTAINER]),
            f"{POD_PATH}.containers[1].name",
            "Duplicate",
            'Duplicate value: "a"',
        ),
        (
            pod(initContainers=[{"name": "b"}]),
            f"{POD_PATH}.initContainers[0].image",
            "Required",
            "Required value",
        ),
        (container(name="A B"), f"{CONTAINER}.name", "Invalid", f'Invalid value: "A B": {NO_LABEL}'),
        (container(name="a.b"), f"{CONTAINER}.name", "Invalid", f'Invalid value: "a.b": {NO_LABEL}'),
        (
            container(name="c" * 64),
            f"{CONTAINER}.name",
            "Invalid",
            f'Invalid value: "{"c" * 64}": must be no more than 63 characters',
        ),
        (container(name=None), f"{CONTAINER}.name", "Required", "Required value"),
        (container(image=None), f"{CONTAINER}.image", "Required", "Required value"),
        (
            container(imagePullPolicy="Sometimes"),
            f"{CONTAINER}.imagePullPolicy",
            "NotSupported",
            'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        (
            container(terminationMessagePolicy="Log"),
            f"{CONTAINER}.terminationMessagePolicy",
            "NotSupported",
            'Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"',
        ),
        (container(env=[{"value": "1"}]), f"{CONTAINER}.env[0].name", "Required", "Required value"),
        (
            container(resources={"limits": {"cpu": "-1"}}),
            f"{CONTAINER}.resources.limits[cpu]",
            "Invalid",
            NEGATIVE % '"-1"',
        ),
        (deployment(replicas=-1), "spec.replicas", "Invalid", NEGATIVE % -1),
        (deployment(minReadySeconds=-1), "spec.minReadySeconds", "Invalid", NEGATIVE % -1),
        (
            deployment(strategy={"type": "BlueGreen"}),
            "spec.strategy.type",
            "NotSupported",
            'Unsupported value: "BlueGreen": supported values: "Recreate", "RollingUpdate"',
        ),
        (deployment(selector=None), "spec.selector", "Required", "Required value"),
        (
            deployment(selector={"matchLabels": {"app": "other"}}),
            "spec.template.metadata.labels",
            "Invalid",
            'Invalid value: {"app": "api"}: `selector` does not match template `labels`',
        ),
        (
            deployment(template={"metadata": {"labels": {"app": "api"}}, "spec": POD}),
            "spec.template.spec.restartPolicy",
            "Required",
            'Required value: valid values: "Always"',
        ),
        (
            config_map(data={"a b": "c"}),
            "data[a b]",
            "Invalid",
            f'Invalid value: "a b": {NO_KEY}',
        ),
    ],
)
def test_a_value_that_cannot_be_is_invalid(value: Value, field: str, reason: str, message: str) -> None:
    answer = post(value)
    cause = {"field": field, "reason": f"FieldValue{reason}", "message": message}
    group = {"CronJob": "batch", "Deployment": "apps"}.get(value["kind"], "")
    kind, name = value["kind"], value["metadata"]["name"]
    details = {"name": name, "kind": kind, "causes": [cause]} | ({"group": group} if group else {})
    assert answer == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'{kind}{group and "."}{group} "{name}" is invalid: {field}: {message}',
        "reason": "Invalid",
        "details": details,
        "code": 422,
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (cron_job(shcedule="0 6 * * *"), 'unknown field "spec.shcedule"'),
        (cron_job(backoffLimit=1), 'unknown field "spec.backoffLimit"'),
        (job(schedule="0 6 * * *"), f'unknown field "{JOB}.schedule"'),
        (pod(container=[]), f'unknown field "{POD_PATH}.container"'),
        (container(imagePolicy="Always"), f'unknown field "{CONTAINER}.imagePolicy"'),
        (container(env=[{"name": "A", "vale": "1"}]), f'unknown field "{CONTAINER}.env[0].vale"'),
        (container(resources={"limit": {}}), f'unknown field "{CONTAINER}.resources.limit"'),
        (cron_job() | {"sepc": {}}, 'unknown field "sepc"'),
        (deployment(replica=1), 'unknown field "spec.replica"'),
        (config_map(dta={}), 'unknown field "dta"'),
        (cron_job(failedJobsHistoryLimit="many"), "spec.failedJobsHistoryLimit: expected numeric"),
        (cron_job(failedJobsHistoryLimit=1.5), "spec.failedJobsHistoryLimit: expected numeric"),
        (cron_job(failedJobsHistoryLimit=True), "spec.failedJobsHistoryLimit: expected numeric"),
        (cron_job(suspend="no"), "spec.suspend: expected boolean"),
        (cron_job(schedule=6), "spec.schedule: expected string"),
        (cron_job(jobTemplate=[]), "spec.jobTemplate: expected map"),
        (container(command="python3"), f"{CONTAINER}.command: expected list"),
        (container(env=[{"name": "A", "value": 1}]), f"{CONTAINER}.env[0].value: expected string"),
        (config_map(data={"a": 1}), "data.a: expected string"),
        (container(resources={"limits": {"cpu": "lots"}}), "quantities must match the regular expression"),
        (container(resources={"requests": {"cpu": ""}}), "quantities must match the regular expression"),
        (container(resources={"requests": {"cpu": "NaN"}}), "quantities must match the regular expression"),
        (container(resources={"requests": {"cpu": True}}), "quantities must match the regular expression"),
    ],
)
def test_what_its_kind_does_not_declare_cannot_be_read(value: Value, said: str) -> None:
    answer = post(value)
    assert (answer["code"], answer["reason"]) == (400, "BadRequest")
    kind = value["kind"]
    assert answer["message"].startswith(f'{kind} in version "v1" cannot be handled as a {kind}: ')
    assert said in answer["message"]


def test_a_field_that_is_not_declared_cannot_be_applied() -> None:
    client = kubernetes(token="").app.test_client()
    answer = client.patch(
        f"{PATH}/checker?fieldManager=slipway",
        data=json.dumps(cron_job(shcedule="0 6 * * *")),
        content_type="application/apply-patch+yaml",
    )
    assert answer.status_code == 500
    assert answer.get_json()["message"] == (
        "failed to create typed patch object (production/checker; batch/v1, Kind=CronJob): "
        ".spec.shcedule: field not declared in schema"
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = post(cron_job(timeZone="Mars/Base", startingDeadlineSeconds=-5))
    assert [each["field"] for each in wrong["details"]["causes"]] == [
        "spec.timeZone",
        "spec.startingDeadlineSeconds",
    ]
    assert 'CronJob.batch "checker" is invalid: [spec.timeZone: ' in wrong["message"]


@pytest.mark.parametrize(
    "value",
    [
        named("c" * 52),
        cron_job(timeZone="Asia/Seoul", startingDeadlineSeconds=0, failedJobsHistoryLimit=0, suspend=None),
        container(
            resources={"requests": {"cpu": 1, "memory": "128Mi"}, "limits": {"cpu": "0.5", "memory": "1e9"}}
        ),
        container(livenessProbe={"httpGet": {"port": "http"}}, ports=[{"name": "http", "containerPort": 80}]),
        container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]),
        pod(volumes=[{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}], serviceAccountName="checker"),
        deployment(replicas=0, strategy={"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}),
        config_map(data={"a.b-c_d": "e"}, binaryData={"f": "Zw=="}, immutable=True),
        *yaml.safe_load_all(SANDBOX.read_text()),
    ],
)
def test_what_fits_is_taken(value: Value) -> None:
    assert post(value)["kind"] == value["kind"]
