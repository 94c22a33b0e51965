"""What the stand-in of Azure refuses, and what it tells."""

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from slipway.sandbox.vendors.azure import azure
from slipway.sandbox.vendors.azure_state import App, AzureState

GROUP = "/subscriptions/sandbox-subscription/resourceGroups/rg/providers/Microsoft.Web/sites/api"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@pytest.fixture
def state() -> AzureState:
    made = AzureState(takes=0.05, apps={"api": App()})
    made.hold("api", "production", b"old")
    made.hold("api", "green", b"new")
    return made


@pytest.fixture
def client(state: AzureState) -> FlaskClient:
    made = azure(state).app.test_client()
    form = {
        "grant_type": "client_credentials",
        "client_id": state.client,
        "client_secret": state.secret,
        "scope": "https://management.azure.com/.default",
    }
    token = made.post("/sandbox-tenant/oauth2/v2.0/token", data=form).get_json()["access_token"]
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def code(client: FlaskClient, method: str, path: str, **body: object) -> str:
    return str(client.open(path, method=method, **body).get_json()["error"]["code"])  # type: ignore[arg-type]


def test_what_azure_refuses_is_refused_in_its_words(client: FlaskClient) -> None:
    version = "?api-version=2024-04-01"
    assert code(client, "GET", GROUP) == "MissingApiVersionParameter"
    assert code(client, "GET", GROUP.replace("/rg/", "/x/") + version) == "ResourceGroupNotFound"
    assert code(client, "GET", GROUP.replace("sandbox", "other") + version) == "SubscriptionNotFound"
    assert code(client, "GET", f"{GROUP}/slots/blue{version}") == "ResourceNotFound"
    assert code(client, "PUT", f"{GROUP}/slots/no_name{version}", json={"location": "x"}) == "BadRequest"
    assert code(client, "PUT", f"{GROUP}/slots/blue{version}", json={}) == "LocationRequired"


def test_a_token_that_was_not_given_out_or_has_ended_is_refused(
    client: FlaskClient, state: AzureState
) -> None:
    state.tokens = dict.fromkeys(state.tokens, 0.0)
    assert code(client, "GET", f"{GROUP}?api-version=1") == "ExpiredAuthenticationToken"
    state.tokens.clear()
    assert code(client, "GET", f"{GROUP}?api-version=1") == "InvalidAuthenticationToken"


def test_a_second_swap_waits_for_the_first_and_the_sandbox_is_told(
    client: FlaskClient, state: AzureState
) -> None:
    told: list[tuple[str, str, str]] = []
    state.swapped = lambda *names: told.append(names)
    path, body = f"{GROUP}/slots/green/slotsswap?api-version=1", {"targetSlot": "production"}
    first = client.post(path, json=body)
    assert first.status_code == 202
    assert code(client, "POST", path, json=body) == "Conflict"
    assert client.get(first.headers["Location"]).status_code in {200, 202}
    wait_for(lambda: not state.apps["api"].busy)
    assert told == [("api", "green", "production")]
    wait_for(lambda: client.get(first.headers["Location"]).status_code == 200)


def test_a_second_deployment_waits_for_the_first_and_a_bad_zip_is_refused(
    client: FlaskClient, state: AzureState
) -> None:
    told: list[tuple[str, str, bytes]] = []
    state.deployed = lambda *given: told.append(given)
    path = "/scm/api/green/api/zipdeploy?isAsync=true"
    assert client.post(path, data=b"no zip").status_code == 400
    assert client.post(path, data=EMPTY_ZIP).status_code == 202
    assert client.post(path, data=EMPTY_ZIP).status_code == 409
    wait_for(lambda: bool(told))
    assert told == [("api", "green", EMPTY_ZIP)]


def test_a_hook_that_breaks_fails_the_operation(client: FlaskClient, state: AzureState) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the process does not start")

    state.deployed = broken
    client.post("/scm/api/green/api/zipdeploy", data=EMPTY_ZIP)
    newest = state.apps["api"].slots["green"].deployments[-1]
    wait_for(lambda: newest.status == 3)
    assert newest.text == "the process does not start"


def test_an_unsigned_request_to_the_store_is_refused(client: FlaskClient) -> None:
    answer = client.get("/kv/a")
    assert (answer.status_code, answer.get_json()["detail"]) == (401, "Invalid Content Hash")
