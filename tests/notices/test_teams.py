from collections.abc import Iterator

import pytest
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.delivery.policy import certainly_not_sent
from slipway.notices import Teams
from slipway.notices.faults import PasswordNotGiven
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.sandbox.vendors.teams import TeamsState, address, teams
from slipway.vendor_faults import AccessRefused, NotThere, VendorBroken, VendorUnreachable

ROOM = Teams(connection="room", channel="Deployments")


@pytest.fixture
def state() -> TeamsState:
    return TeamsState()


@pytest.fixture
def server(connect: Connect, state: TeamsState) -> Iterator[StandIn]:
    stand_in = teams(signature="s1gn4ture", state=state)
    with serving(stand_in) as host:
        connect("room", host, password=address("s1gn4ture"))
        yield stand_in


def test_a_card_is_posted_with_subject_text_audience_and_the_run(server: StandIn, state: TeamsState) -> None:
    assert ROOM.send(a_letter(), KEY) == {"status": 202, "run": "run-1"}
    [card] = state.cards
    assert card["version"] == "1.4"
    assert [line["text"] for line in card["body"]] == [
        "Shop 2.0 was rolled back",
        "We took it back.",
        "Why: errors 7 %",
        "For Support team",
    ]
    assert card["body"][0]["color"] == "Warning"
    assert card["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "The release in Airflow",
            "url": "http://airflow.test/runs/1",
        }
    ]


def test_the_signature_goes_along_as_it_is_and_no_authorization(server: StandIn) -> None:
    ROOM.send(a_letter(), KEY)
    [call] = server.calls
    assert call.path.endswith("sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s1gn4ture")
    assert "Authorization" not in call.headers


def test_an_old_signature_is_refused_and_not_shown(server: StandIn, connect: Connect) -> None:
    server.trouble(status=401)
    with pytest.raises(AccessRefused, match="copy its address anew") as caught:
        ROOM.send(a_letter(), KEY)
    assert "s1gn4ture" not in str(caught.value)


def test_a_workflow_that_is_gone_says_so(server: StandIn) -> None:
    server.trouble(status=404)
    with pytest.raises(NotThere, match="The workflow is off, deleted"):
        ROOM.send(a_letter(), KEY)


@pytest.mark.parametrize("trouble", [{"status": 500, "after": True}, {"status": 503}])
def test_a_card_that_may_stand_there_is_not_posted_again(server: StandIn, trouble: dict[str, object]) -> None:
    server.trouble(**trouble)
    with pytest.raises(VendorBroken) as caught:
        ROOM.send(a_letter(), KEY)
    assert len(server.calls) == 1
    assert not certainly_not_sent(caught.value)


def test_a_host_that_is_not_there_does_not_show_the_signature(connect: Connect) -> None:
    connect("room", "http://127.0.0.1:9", host="nowhere.invalid", port=80, password=address("s1gn4ture"))
    with pytest.raises(VendorUnreachable) as caught:
        ROOM.send(a_letter(), KEY)
    assert "s1gn4ture" not in str(caught.value)


def test_a_connection_without_the_address_is_named(connect: Connect) -> None:
    connect("room", "http://127.0.0.1:9")
    with pytest.raises(PasswordNotGiven, match="the workflow's address after its host"):
        ROOM.send(a_letter(), KEY)
