"""A mail server that is slow, fails, or does not answer: what is sent again, and what never is."""

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.delivery.policy import certainly_not_sent
from slipway.notices import Email
from slipway.notices.faults import MailLoginRefused, MailPutOff, MailRefused, MailUnanswered
from slipway.sandbox.vendors.inbox import Inbox, inbox, taking_mail
from slipway.sandbox.vendors.stand_in import serving
from slipway.vendor_faults import VendorUnreachable

ANN = Email(connection="mail", recipients=["ann@shop.test"])
EXTRA = {"from_email": "release@shop.test", "disable_ssl": True, "disable_tls": True, "timeout": 1}


@pytest.fixture
def server(connect: Connect) -> Iterator[Inbox]:
    made = inbox(login="release", password="s3cr3t")
    with taking_mail(made) as port:
        address = f"http://127.0.0.1:{port}"
        connect("mail", address, conn_type="smtp", login="release", password="s3cr3t", extra=EXTRA)
        yield made


def calls(server: Inbox, method: str) -> int:
    return sum(call.method == method for call in server.stand_in.calls)


def test_a_slow_server_is_waited_for(server: Inbox) -> None:
    for match in ("CONNECT", "AUTH", "MAIL", "RCPT", "DATA"):
        server.stand_in.trouble(match=match, delay=0.3)
    ANN.send(a_letter(), KEY)
    assert len(server.state.mails) == 1
    assert calls(server, "DATA") == 1


@pytest.mark.parametrize("delay", [1.5, 0.0])
def test_a_mail_whose_answer_does_not_come_is_not_sent_again_and_says_where_to_look(
    server: Inbox, delay: float
) -> None:
    server.stand_in.trouble(match="DATA", delay=delay, half=not delay)
    with pytest.raises(MailUnanswered) as caught:
        ANN.send(a_letter(), KEY)
    why = "no answer within 1 s" if delay else "the answer broke off half-way"
    assert str(caught.value) == (
        f"Mail server: the mail itself: {why}. It may have been taken: look for <{KEY}@shop.test> in the log "
        'of the mail server (connection "mail"), and tell people by hand if it is not there.'
    )
    assert not certainly_not_sent(caught.value)
    deadline = time.monotonic() + 5
    while not server.state.mails:  # the server took it, late
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert calls(server, "DATA") == len(server.state.mails) == 1


@pytest.mark.parametrize("match", ["CONNECT", "AUTH", "MAIL", "RCPT"])
def test_what_stops_before_the_mail_itself_is_tried_again_and_sent_once(server: Inbox, match: str) -> None:
    server.stand_in.trouble(match=match, delay=1.5)
    server.stand_in.trouble(match=match, half=True)
    ANN.send(a_letter(), KEY)
    assert calls(server, match) == 3
    assert len(server.state.mails) == 1


def test_a_server_that_never_greets_is_given_up_soon(server: Inbox) -> None:
    server.stand_in.trouble(match="CONNECT", delay=9, times=-1)
    began = time.monotonic()
    with pytest.raises(VendorUnreachable, match=r'connect: no answer within 1 s\. .*"mail"') as caught:
        ANN.send(a_letter(), KEY)
    assert certainly_not_sent(caught.value)
    assert calls(server, "CONNECT") == 3
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    ("match", "status", "fault", "what"),
    [
        ("CONNECT", 421, MailPutOff, "greeting"),
        ("CONNECT", 554, MailRefused, "greeting"),
        ("AUTH", 454, MailPutOff, "login"),
        ("AUTH", 535, MailLoginRefused, "login"),
        ("MAIL", 452, MailPutOff, "sender release@shop.test"),
        ("RCPT", 450, MailPutOff, "recipients ann@shop.test"),
        ("DATA", 452, MailPutOff, "the mail itself"),
        ("DATA", 554, MailRefused, "the mail itself"),
    ],
)
def test_a_no_of_the_server_is_certain_and_named(
    server: Inbox, match: str, status: int, fault: type[Exception], what: str
) -> None:
    server.stand_in.trouble(match=match, status=status, times=2 if match == "AUTH" else 1)  # PLAIN and LOGIN
    with pytest.raises(fault, match=f"Mail server: {what}: {status}") as caught:
        ANN.send(a_letter(), KEY)
    assert certainly_not_sent(caught.value)
    assert server.state.mails == []
    ANN.send(a_letter(), KEY)  # by another try of the task, or by hand
    assert len(server.state.mails) == 1


def test_its_window_tells_it_over_http_as_any_stand_in(server: Inbox) -> None:
    with serving(server.stand_in) as address:
        told = json.dumps({"match": "MAIL", "status": 451}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{address}/_stand_in/trouble", told, headers)).close()
        with pytest.raises(MailPutOff):
            ANN.send(a_letter(), KEY)
        with urllib.request.urlopen(f"{address}/_stand_in/calls") as answer:
            assert [call["method"] for call in json.load(answer)] == ["CONNECT", "AUTH", "MAIL"]
