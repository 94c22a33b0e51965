"""Objects for the cluster's stand-in, each good but for what a test changes of it."""

from typing import Any

from slipway.sandbox.vendors.kubernetes import kubernetes

Value = dict[str, Any]
PATH = "/apis/batch/v1/namespaces/production/cronjobs"
GOOD_CONTAINER = {"name": "a", "image": "b"}
POD = {"restartPolicy": "Never", "containers": [GOOD_CONTAINER]}
JOB = "spec.jobTemplate.spec"
POD_PATH = f"{JOB}.template.spec"
CONTAINER = f"{POD_PATH}.containers[0]"


def cron_job(**spec: object) -> Value:
    whole = {"schedule": "0 6 * * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}} | spec
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "checker"},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def named(name: str) -> Value:
    return cron_job() | {"metadata": {"name": name}}


def job(**spec: object) -> Value:
    return cron_job(jobTemplate={"spec": {"template": {"spec": POD}, **spec}})


def pod(**spec: object) -> Value:
    return job(template={"spec": {**POD, **spec}})


def container(**fields: object) -> Value:
    return pod(containers=[{**GOOD_CONTAINER, **fields}])


def deployment(**spec: object) -> Value:
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [GOOD_CONTAINER]}}
    whole = {"selector": {"matchLabels": {"app": "api"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": whole}


def config_map(**fields: object) -> Value:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api"}, **fields}


def post(value: Value) -> Any:
    plural = f"{value['kind'].lower()}s"
    root = "/api/v1" if value["apiVersion"] == "v1" else f"/apis/{value['apiVersion']}"
    client = kubernetes(token="").app.test_client()
    return client.post(f"{root}/namespaces/production/{plural}", json=value).get_json()
