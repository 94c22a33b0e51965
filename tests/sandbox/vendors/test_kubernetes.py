"""The cluster's stand-in refuses what a cluster refuses."""

import json

import pytest
from tests.sandbox.vendors.kubernetes_objects import PATH, Value, cron_job, deployment

from slipway.sandbox.vendors.kubernetes import REVISION, Kubernetes, kubernetes
from slipway.sandbox.vendors.kubernetes_access import REVIEWS


def test_a_deployment_counts_the_templates_that_were_rolled_out() -> None:
    client = kubernetes(token="").app.test_client()
    place = "/apis/apps/v1/namespaces/production/deployments"

    def revision(value: Value) -> str:
        answer = client.put(f"{place}/api", json=value).get_json()
        return str(answer["metadata"]["annotations"][REVISION])

    client.post(place, json=deployment())
    other = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "a", "image": "c"}]}}
    assert revision(deployment(replicas=3)) == "1"
    assert revision(deployment(template=other)) == "2"
    assert revision(deployment()) == "3"


def test_what_is_there_cannot_be_created_and_a_stale_version_cannot_be_replaced() -> None:
    client = kubernetes(token="").app.test_client()
    first = client.post(PATH, json=cron_job()).get_json()
    assert client.post(PATH, json=cron_job()).get_json()["reason"] == "AlreadyExists"
    later = client.put(f"{PATH}/checker", json=cron_job(suspend=True)).get_json()
    assert later["metadata"]["generation"] == 2
    version = first["metadata"]["resourceVersion"]
    stale = cron_job() | {"metadata": {"name": "checker", "resourceVersion": version}}
    answer = client.put(f"{PATH}/checker", json=stale)
    assert (answer.status_code, answer.get_json()["reason"]) == (409, "Conflict")


def test_a_caller_without_the_token_is_unauthorized() -> None:
    answer = kubernetes().app.test_client().get(PATH)
    assert answer.get_json()["code"] == 401
    assert answer.get_json()["kind"] == "Status"


def test_what_is_deleted_in_the_foreground_shows_that_it_goes() -> None:
    state = Kubernetes(deletion_takes=3600)
    client = kubernetes(state, token="").app.test_client()
    client.post(PATH, json=cron_job())
    client.delete(f"{PATH}/checker", json={"propagationPolicy": "Foreground"})
    assert "deletionTimestamp" in client.get(f"{PATH}/checker").get_json()["metadata"]
    state.going = dict.fromkeys(state.going, 0.0)
    assert client.get(f"{PATH}/checker").status_code == 404


@pytest.mark.parametrize(
    ("verb", "method", "path"),
    [
        ("get", "GET", f"{PATH}/checker"),
        ("list", "GET", PATH),
        ("create", "POST", PATH),
        ("update", "PUT", f"{PATH}/checker"),
        ("patch", "PATCH", f"{PATH}/checker?fieldManager=slipway"),
        ("create", "PATCH", f"{PATH}/checker?fieldManager=slipway"),
        ("delete", "DELETE", f"{PATH}/checker"),
    ],
)
def test_what_is_forbidden_is_refused_and_a_review_says_so(verb: str, method: str, path: str) -> None:
    client = kubernetes(Kubernetes(forbidden={(verb, "cronjobs")}), token="").app.test_client()
    content_type = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
    answer = client.open(path, method=method, data=json.dumps(cron_job()), content_type=content_type)
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "Forbidden")
    assert f'cannot {verb} resource "cronjobs" in API group "batch"' in answer.get_json()["message"]
    asked = {"verb": verb, "group": "batch", "resource": "cronjobs", "namespace": "production"}
    review = client.post(REVIEWS, json={"spec": {"resourceAttributes": asked}})
    assert (review.status_code, review.get_json()["status"]) == (201, {"allowed": False})
    assert client.post(REVIEWS, json={"spec": {}}).status_code == 422
