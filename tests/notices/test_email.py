from collections.abc import Iterator
from typing import Any

import pytest
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.delivery.policy import certainly_not_sent
from slipway.notices import Email
from slipway.notices.faults import MailLoginRefused, MailPutOff, MailRefused, MailUnanswered, SenderNotGiven
from slipway.sandbox.vendors.inbox import Inbox, InboxState, inbox, taking_mail
from slipway.vendor_faults import VendorUnreachable

PEOPLE = Email(connection="mail", recipients=["ann@shop.test", "bo@shop.test"])
EXTRA = {"from_email": "release@shop.test", "disable_ssl": True, "disable_tls": True}


def pointed(connect: Connect, port: int, **fields: Any) -> None:
    values = {"login": "release", "password": "s3cr3t", "extra": EXTRA} | fields
    connect("mail", f"http://127.0.0.1:{port}", conn_type="smtp", **values)


@pytest.fixture
def server(connect: Connect) -> Iterator[Inbox]:
    made = inbox(login="release", password="s3cr3t")
    with taking_mail(made) as port:
        pointed(connect, port)
        yield made


@pytest.fixture
def state(server: Inbox) -> InboxState:
    return server.state


def test_a_mail_reaches_everybody_with_subject_and_text(state: InboxState) -> None:
    proof = PEOPLE.send(a_letter(text="Zurück auf v1.\nGründe: ↓"), KEY)
    assert proof == {"message_id": f"<{KEY}@shop.test>", "refused": []}
    [mail] = state.mails
    assert mail.sender == "release@shop.test"
    assert mail.recipients == ("ann@shop.test", "bo@shop.test")
    assert mail.subject == "Shop 2.0 was rolled back"
    assert mail.text.splitlines() == ["Zurück auf v1.", "Gründe: ↓"]
    assert mail.message_id == f"<{KEY}@shop.test>"


def test_a_subject_cannot_add_a_header(state: InboxState) -> None:
    PEOPLE.send(a_letter(subject="Back\r\nBcc: eve@evil.test"), KEY)
    assert state.mails[0].subject == "Back Bcc: eve@evil.test"
    assert state.mails[0].recipients == ("ann@shop.test", "bo@shop.test")


def test_one_unknown_recipient_is_noted_and_the_others_get_it(state: InboxState) -> None:
    state.unknown = {"bo@shop.test"}
    assert PEOPLE.send(a_letter(), KEY)["refused"] == [
        'bo@shop.test ("550 5.1.1 bo@shop.test: no such user here")'
    ]
    assert state.mails[0].recipients == ("ann@shop.test",)


def test_only_unknown_recipients_are_a_fault(state: InboxState) -> None:
    state.unknown = set(PEOPLE.recipients)
    with pytest.raises(MailRefused, match=r"recipients ann@shop\.test, bo@shop\.test: 550") as caught:
        PEOPLE.send(a_letter(), KEY)
    assert certainly_not_sent(caught.value)


def test_a_server_that_puts_it_off_says_when_to_try_again(server: Inbox) -> None:
    server.stand_in.trouble(match="DATA", status=451)
    with pytest.raises(MailPutOff, match=r'the mail itself: 451 \("Trouble that.*"\)\. Try again'):
        PEOPLE.send(a_letter(), KEY)
    assert server.state.mails == []


def test_a_mail_whose_answer_was_lost_is_handed_over_once(server: Inbox) -> None:
    server.stand_in.trouble(match="DATA", half=True)
    with pytest.raises(
        MailUnanswered, match=r"the answer broke off half-way\. It may have been taken"
    ) as caught:
        PEOPLE.send(a_letter(), KEY)
    assert len(server.state.mails) == 1
    assert not certainly_not_sent(caught.value)


def test_a_wrong_password_is_named_and_not_shown(state: InboxState, connect: Connect) -> None:
    with taking_mail(inbox(login="release", password="new")) as port:
        pointed(connect, port)
        with pytest.raises(
            MailLoginRefused, match='Set login and password of the connection "mail"'
        ) as caught:
            PEOPLE.send(a_letter(), KEY)
    assert "s3cr3t" not in str(caught.value)


def test_nobody_there_is_certainly_not_sent(connect: Connect) -> None:
    pointed(connect, 9)
    with pytest.raises(
        VendorUnreachable, match=r'Mail server: connect: connection refused.*"mail"'
    ) as caught:
        PEOPLE.send(a_letter(), KEY)
    assert certainly_not_sent(caught.value)


def test_a_connection_without_a_sender_is_named(connect: Connect) -> None:
    pointed(connect, 9, extra={})
    with pytest.raises(SenderNotGiven, match='Give its extra "from_email"'):
        PEOPLE.send(a_letter(), KEY)
