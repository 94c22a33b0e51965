from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.notices import StatusPage
from slipway.notices.status_page import IncidentStatus
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.sandbox.vendors.statuspage import StatuspageState, statuspage
from slipway.vendor_faults import AccessRefused, NotThere, VendorBroken

PAGE = StatusPage(connection="public_page", page="shop")
SOLVED = replace(PAGE, status=IncidentStatus.RESOLVED)


@pytest.fixture
def state() -> StatuspageState:
    return StatuspageState()


@pytest.fixture
def server(connect: Connect, state: StatuspageState) -> Iterator[StandIn]:
    stand_in = statuspage(pages=("shop",), key="s3cr3t", state=state)
    with serving(stand_in) as address:
        connect("public_page", address, password="s3cr3t")
        yield stand_in


def test_an_incident_is_opened_with_name_status_and_text(server: StandIn, state: StatuspageState) -> None:
    assert PAGE.send(a_letter(), KEY) == {"incident": "i1", "status": "investigating", "did": "opened"}
    [incident] = state.incidents["shop"]
    assert incident["name"] == "Shop 2.0 was rolled back"
    assert incident["incident_updates"] == [
        {"status": "investigating", "body": "We took it back.\nWhy: errors 7 %"}
    ]


def test_another_notice_of_the_release_updates_and_resolves_it(
    server: StandIn, state: StatuspageState
) -> None:
    PAGE.send(a_letter(), KEY)
    proof = SOLVED.send(a_letter(notice="all_well", text="All is well."), KEY)
    assert proof == {"incident": "i1", "status": "resolved", "did": "updated"}
    [incident] = state.incidents["shop"]
    assert incident["incident_updates"][0]["body"] == "All is well."


def test_another_release_opens_an_incident_of_its_own(server: StandIn, state: StatuspageState) -> None:
    PAGE.send(a_letter(), KEY)
    PAGE.send(a_letter(release_id="another"), KEY)
    assert len(state.incidents["shop"]) == 2


def test_an_incident_whose_answer_was_lost_is_found_and_not_opened_again(
    server: StandIn, state: StatuspageState
) -> None:
    server.trouble(match="POST", status=500, after=True)
    with pytest.raises(VendorBroken):
        PAGE.send(a_letter(), KEY)
    assert PAGE.send(a_letter(), KEY)["did"] == "already there"
    [incident] = state.incidents["shop"]
    assert len(incident["incident_updates"]) == 1


def test_an_update_whose_answer_was_lost_is_not_written_again(
    server: StandIn, state: StatuspageState
) -> None:
    PAGE.send(a_letter(), KEY)
    server.trouble(match="PATCH", status=500, after=True)
    with pytest.raises(VendorBroken):
        SOLVED.send(a_letter(), KEY)
    assert SOLVED.send(a_letter(), KEY)["did"] == "already there"
    assert len(state.incidents["shop"][0]["incident_updates"]) == 2


def test_too_many_calls_are_waited_out(server: StandIn, state: StatuspageState) -> None:
    server.trouble(match="POST", status=429)
    assert server.app.test_client().post("/v1/pages/shop/incidents").status_code == 420
    server.trouble(match="POST", status=429)
    assert PAGE.send(a_letter(), KEY)["did"] == "opened"
    assert len(state.incidents["shop"]) == 1


def test_a_wrong_key_and_an_unknown_page_are_named(server: StandIn, connect: Connect) -> None:
    with pytest.raises(NotThere, match=r"Statuspage: GET /v1/pages/shoo/incidents: HTTP 404"):
        replace(PAGE, page="shoo").send(a_letter(), KEY)
    server.token = "OAuth another"
    with pytest.raises(AccessRefused, match='set new ones in the connection "public_page"') as caught:
        PAGE.send(a_letter(), KEY)
    assert "s3cr3t" not in str(caught.value)


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_is_said_and_one_incident_is_opened(
    server: StandIn, state: StatuspageState, bad: Bad
) -> None:
    meets(
        server, bad, "POST", "Statuspage: POST /v1/pages/shop/incidents: ", lambda: PAGE.send(a_letter(), KEY)
    )
    PAGE.send(a_letter(), KEY)
    [incident] = state.incidents["shop"]
    assert len(incident["incident_updates"]) == 1
