"""What the doctor asks a channel: it tells nobody anything."""

import pytest
from tests.notices.conftest import Connect

from slipway.channel import Channel
from slipway.environment import Environment
from slipway.notices import Email, InApp, PagerDuty, Slack, StatusPage, Teams, Webhook
from slipway.notices.faults import PasswordNotGiven
from slipway.sandbox.vendors.inbox import inbox, taking_mail
from slipway.sandbox.vendors.stand_in import serving
from slipway.sandbox.vendors.statuspage import statuspage
from slipway.vendor_faults import AccessRefused

HERE = Environment(system="shop", name="production", service="there")


@pytest.mark.parametrize(
    "channel",
    [
        Slack(connection="there"),
        Teams(connection="there"),
        PagerDuty(connection="there"),
        Webhook(connection="there"),
        InApp().at(HERE),
    ],
)
def test_what_cannot_be_tried_in_silence_is_only_looked_up(channel: Channel, connect: Connect) -> None:
    connect("there", "http://127.0.0.1:9", password="s3cr3t")
    assert channel.look() == "is there; it cannot be tried without telling people"


def test_a_connection_without_what_it_must_hold_is_named(connect: Connect) -> None:
    connect("there", "http://127.0.0.1:9")
    for channel in (Slack(connection="there"), Teams(connection="there"), PagerDuty(connection="there")):
        with pytest.raises(PasswordNotGiven, match='connection "there": it has no password'):
            channel.look()


def test_a_status_page_is_read(connect: Connect) -> None:
    with serving(statuspage(pages=("shop",), key="right")) as address:
        connect("page", address, password="right")
        assert StatusPage(connection="page", page="shop").look() == "page shop, 0 incidents readable"
        connect("page", address, password="wrong")
        with pytest.raises(AccessRefused, match="Could not authenticate"):
            StatusPage(connection="page", page="shop").look()


def test_a_mail_server_is_logged_in_to_and_gets_no_mail(connect: Connect) -> None:
    server = inbox(login="release", password="s3cr3t")
    with taking_mail(server) as port:
        extra = {"from_email": "release@shop.test", "disable_ssl": True, "disable_tls": True}
        address = f"http://127.0.0.1:{port}"
        connect("mail", address, conn_type="smtp", login="release", password="s3cr3t", extra=extra)
        mail = Email(connection="mail", recipients=["ann@shop.test"])
        assert mail.look() == "the mail server takes the login"
    assert server.state.mails == []
