"""At most once each, whatever happens, and never a fault for the release."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from flask import request
from tests.delivery.conftest import FACTS, SHOP, Board, notice

from slipway.channel import Twice
from slipway.delivery.deliver import Post, deliver, letter_of
from slipway.delivery.states import Delivery, State
from slipway.errors import StepImpossible
from slipway.ledger import Ledger
from slipway.ledger.notices import Address, Notices
from slipway.sandbox.vendors.inbox import inbox, taking_mail
from slipway.sandbox.vendors.pagerduty import PagerDutyState, pagerduty
from slipway.sandbox.vendors.slack import SlackState, slack
from slipway.sandbox.vendors.stand_in import serving
from slipway.vendor_faults import TooManyCalls, VendorBroken, VendorUnreachable
from slipway.words import Severity

LOST = VendorUnreachable("Board", "POST", "board", "the answer broke off half-way", sent=True)
REFUSED = VendorUnreachable("Board", "POST", "board", "connection refused", sent=False)
pytestmark = pytest.mark.usefixtures("ledger")


def states(deliveries: tuple[Delivery, ...]) -> list[State]:
    return [each.state for each in deliveries]


def test_a_notice_goes_out_on_each_channel_with_the_release_s_facts(post: Post) -> None:
    ops, users = Board(connection="ops"), Board(connection="users")
    first, second = deliver(notice(ops, users), FACTS, post)
    assert (first.state, first.channel, first.proof) == (State.SENT, "board ops", {"number": 1})
    assert (second.state, second.channel, second.audience) == (State.SENT, "board users", "Support")
    assert first.subject == "Shop 2.0 was rolled back"
    assert first.text == "We took it back.\nWhy: errors 7 %"  # no line for a report that is not there
    assert len(ops.sent) == len(users.sent) == 1
    assert ops.sent[0][1] != users.sent[0][1]


def test_for_how_long_a_channel_wants_to_be_left_alone_goes_along(post: Post) -> None:
    busy = Board(connection="ops", faults=[TooManyCalls("Board", "POST /letters", 90.0)])
    [told] = deliver(notice(busy), FACTS, post)
    assert (told.state, Delivery.from_json(told.to_json()).wait) == (State.FAILED, 90)
    [told] = deliver(notice(busy), FACTS, post)
    assert (told.state, told.wait) == (State.SENT, 0)


def test_a_second_delivery_sends_nothing_and_says_when_it_was_sent(post: Post) -> None:
    ops = Board(connection="ops")
    [first] = deliver(notice(ops), FACTS, post)
    [second] = deliver(notice(ops), FACTS, post)
    assert len(ops.sent) == 1
    assert (second.state, second.proof) == (State.SENT, first.proof)
    assert second.at is not None
    assert first.at is not None
    assert second.at <= first.at


def test_another_release_another_occasion_and_another_notice_are_sent(post: Post) -> None:
    ops = Board(connection="ops")
    deliver(notice(ops), FACTS, post)
    deliver(notice(ops), FACTS, replace(post, release_id="manual__2"))
    deliver(notice(ops), FACTS, post, occasion="errors", severity=Severity.CRITICAL)
    deliver(notice(ops, name="again"), FACTS, post)
    assert len({key for _, key in ops.sent}) == 4


def test_a_mail_to_very_many_is_sent_once_and_another_list_is_another_mail(post: Post) -> None:
    many = Board(connection="ä" * 5000)
    more = replace(many, connection="ä" * 5001)
    for _ in range(2):
        assert states(deliver(notice(many, more), FACTS, post)) == [State.SENT, State.SENT]
    assert len(many.sent) == 2
    assert many.sent is more.sent


def test_a_channel_that_fails_keeps_no_other_from_it(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    bad = Board(connection="bad", faults=[StepImpossible("Board: no. Give it a token.")])
    good = Board(connection="good")
    with caplog.at_level(logging.INFO, "slipway"):
        failed, sent = deliver(notice(bad, good), FACTS, post)
    assert (failed.state, failed.why) == (State.FAILED, "Board: no. Give it a token.")
    assert sent.state is State.SENT
    assert 'Notice "taken_back" on board bad: failed. Board: no. Give it a token.' in caplog.text


@pytest.mark.parametrize("fault", [REFUSED, StepImpossible("no")])
def test_what_certainly_failed_may_be_tried_again(post: Post, fault: Exception) -> None:
    ops = Board(connection="ops", faults=[fault])
    assert states(deliver(notice(ops), FACTS, post)) == [State.FAILED]
    assert states(deliver(notice(ops), FACTS, post)) == [State.SENT]
    assert states(deliver(notice(ops), FACTS, post)) == [State.SENT]
    assert len(ops.sent) == 1


@pytest.mark.parametrize("fault", [LOST, VendorBroken("Board", "POST", 500, ""), RuntimeError("what?")])
def test_what_may_have_been_sent_is_not_sent_again(post: Post, fault: Exception) -> None:
    ops = Board(connection="ops", faults=[fault], keeps_first=True)
    [first] = deliver(notice(ops), FACTS, post)
    [second] = deliver(notice(ops), FACTS, post)
    assert (first.state, second.state) == (State.UNKNOWN, State.UNKNOWN)
    assert first.why.endswith("It may have been sent, so it is not sent again.")
    assert second.why == first.why
    assert len(ops.sent) == 1


@pytest.mark.parametrize("again", [Twice.HARMLESS, Twice.LOOKED_FOR])
def test_what_may_have_been_sent_is_sent_again_under_the_same_key_where_that_is_harmless(
    post: Post, again: Twice
) -> None:
    ops = Board(connection="ops", faults=[LOST], keeps_first=True, again=again)
    assert states(deliver(notice(ops), FACTS, post)) == [State.FAILED]
    assert states(deliver(notice(ops), FACTS, post)) == [State.SENT]
    assert len(ops.sent) == 2
    assert len(set(ops.sent)) == 1


def test_a_crash_between_claim_and_sending_leaves_it_unknown(post: Post) -> None:
    ops = Board(connection="ops", faults=[KeyboardInterrupt()], keeps_first=True)
    with pytest.raises(KeyboardInterrupt):
        deliver(notice(ops), FACTS, post)
    [second] = deliver(notice(ops), FACTS, post)
    assert second.state is State.UNKNOWN
    assert "was cut off. It may have been sent, so it is not sent again." in second.why
    assert len(ops.sent) == 1


def test_a_crash_is_made_good_where_a_second_try_is_harmless(post: Post) -> None:
    pages = Board(connection="pages", faults=[KeyboardInterrupt()], again=Twice.HARMLESS)
    with pytest.raises(KeyboardInterrupt):
        deliver(notice(pages), FACTS, post)
    assert states(deliver(notice(pages), FACTS, post)) == [State.SENT]


def test_of_many_that_deliver_at_once_one_sends(post: Post) -> None:
    ops = Board(connection="ops")
    begin = threading.Barrier(8)

    def one(_: int) -> State:
        begin.wait()
        [found] = deliver(notice(ops), FACTS, post)
        return found.state

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {State.SENT}
    assert len(ops.sent) == 1


SENDER = """
import sys
from tests.delivery.conftest import FACTS, SHOP, notice
from slipway.delivery.deliver import Post, deliver
from slipway.notices import PagerDuty, Slack
deliver(notice(Slack(connection="ops"), PagerDuty(connection="pages")), FACTS,
        Post(release_id="manual__1", environment=SHOP))
"""


def test_a_process_that_is_killed_while_it_sends_is_followed_by_one_that_sends_nothing_twice(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway.notices import PagerDuty, Slack

    chat, pages = SlackState(), PagerDutyState()
    workspace = slack(state=chat)
    with serving(workspace) as at_slack, serving(pagerduty(state=pages)) as at_pagerduty:
        address = f"{at_slack}/services"
        connect(monkeypatch, "ops", conn_type="slackwebhook", host=address, password="T0/B0/sandbox")
        host, port = at_pagerduty.removeprefix("http://").split(":")
        connect(monkeypatch, "pages", conn_type="http", host=host, port=int(port), password="sandbox" * 4)
        workspace.trouble(match="POST", delay=30)
        taken = threading.Event()

        def take() -> None:
            request.get_data()  # a sender that is killed between head and body has sent nothing
            taken.set()

        workspace.app.before_request_funcs.setdefault(None, []).insert(0, take)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(["include", "."])}
        sender = subprocess.Popen([sys.executable, "-c", SENDER], env=environment)
        assert taken.wait(60)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        workspace.troubles.clear()
        doubtful, page = deliver(notice(Slack(connection="ops"), PagerDuty(connection="pages")), FACTS, post)
    assert (doubtful.state, page.state) == (State.UNKNOWN, State.SENT)
    assert [call.method for call in workspace.calls] == ["POST"]
    assert [alert.pages for alert in pages.alerts.values()] == [1]


def test_a_mail_whose_server_hangs_when_it_has_it_is_sent_once_and_said(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway.notices import Email

    extra = {"from_email": "release@shop.test", "disable_ssl": True, "disable_tls": True, "timeout": 1}
    users = Email(connection="mail", recipients=["ann@shop.test"])
    server = inbox()
    with taking_mail(server) as port:
        connect(monkeypatch, "mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
        server.stand_in.trouble(match="DATA", delay=1.5)
        [first] = deliver(notice(users), FACTS, post)
        [second] = deliver(notice(users), FACTS, post)
        time.sleep(0.8)
    assert (first.state, second.state) == (State.UNKNOWN, State.UNKNOWN)
    [mail] = server.state.mails  # taken late, and once
    assert first.why == second.why
    assert (
        f"the mail itself: no answer within 1 s. It may have been taken: look for {mail.message_id}"
        in first.why
    )
    assert first.why.endswith("It may have been sent, so it is not sent again.")


def test_a_mail_that_some_did_not_get_is_said_and_sent_to_nobody_again(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from slipway.notices import Email

    extra = {"from_email": "release@shop.test", "disable_ssl": True, "disable_tls": True}
    users = Email(connection="mail", recipients=["ann@shop.test", "bo@shop.test"])
    server = inbox()
    server.state.unknown = {"bo@shop.test"}
    with taking_mail(server) as port, caplog.at_level(logging.ERROR, "slipway"):
        connect(monkeypatch, "mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
        [first] = deliver(notice(users), FACTS, post)
        [second] = deliver(notice(users), FACTS, post)
    assert (first.state, second.state) == (State.SENT, State.SENT)
    assert first.why.startswith('Not to bo@shop.test ("550 5.1.1 bo@shop.test: no such user here"): the mail')
    assert first.why.endswith("Tell these by hand, and mend what the server says of them.")
    assert second.why == first.why
    assert f"sent. {first.why}" in caplog.text
    [mail] = server.state.mails
    assert mail.recipients == ("ann@shop.test",)


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: object) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


def test_a_rehearsal_shows_everything_and_sends_nothing(
    post: Post, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    ops = Board(connection="ops")
    with caplog.at_level(logging.INFO, "slipway"):
        [shown] = deliver(notice(ops), FACTS, replace(post, rehearsal=True))
    assert (shown.state, shown.text) == (State.SHOWN, "We took it back.\nWhy: errors 7 %")
    assert "in a rehearsal, so not sent:\nShop 2.0 was rolled back\n\nWe took it back." in caplog.text
    assert ops.sent == []
    assert states(deliver(notice(ops), FACTS, post)) == [State.SENT]


def test_without_a_ledger_only_what_is_harmless_twice_is_sent(post: Post) -> None:
    lost = replace(post, ledger=Notices("no_such_ledger"))
    mail, pages = Board(connection="mail"), Board(connection="pages", again=Twice.HARMLESS)
    page = Board(connection="page", again=Twice.LOOKED_FOR)
    first, second, third = deliver(notice(mail, pages, page), FACTS, lost)
    assert (first.state, second.state, third.state) == (State.FAILED, State.SENT, State.FAILED)
    assert first.why.startswith(
        "Not sent: the ledger cannot be asked whether it was sent before (There is no"
    )
    assert (len(mail.sent), len(pages.sent), len(page.sent)) == (0, 1, 0)


def test_a_ledger_that_breaks_while_it_is_sent_is_told_and_nothing_is_sent_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise psycopg.OperationalError("the server closed the connection")

    ops = Board(connection="ops")
    with monkeypatch.context() as patch:
        patch.setattr(Notices, "end", broken)
        [first] = deliver(notice(ops), FACTS, post)
    assert first.state is State.SENT
    assert first.why == "The ledger could not note it (the server closed the connection)."
    assert states(deliver(notice(ops), FACTS, post)) == [State.UNKNOWN]
    assert len(ops.sent) == 1


def test_no_secret_of_a_fact_or_a_fault_goes_out(post: Post) -> None:
    facts = replace(FACTS, reason="postgresql://u:hunter2@db/x refused")
    assert "hunter2" not in letter_of(notice(Board(connection="ops")), facts, "manual__1").text
    ops = Board(connection="ops", faults=[StepImpossible("login failed: password=hunter2")])
    [failed] = deliver(notice(ops), FACTS, post)
    assert "hunter2" not in failed.why


def test_the_database_refuses_to_change_what_was_sent(post: Post, database: str) -> None:
    deliver(notice(Board(connection="ops")), FACTS, post)
    for statement in (
        "UPDATE slipway.notice_tries SET number = 2",
        "DELETE FROM slipway.notice_ends",
        "TRUNCATE slipway.notice_tries CASCADE",
    ):
        with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(statement)


def test_a_try_is_begun_by_one_and_ends_once(ledger: Ledger) -> None:
    address = Address("shop", "manual__1", "taken_back", "", "board ops")
    notices = Notices()
    assert notices.begin(address, 1)
    assert not notices.begin(address, 1)
    notices.end(address, 1, "failed", {}, "no")
    with pytest.raises(psycopg.errors.UniqueViolation):
        notices.end(address, 1, "sent", {}, "")
    assert [each.state for each in notices.tries(address)] == ["failed"]


def test_a_delivery_comes_back_from_json(post: Post) -> None:
    [found] = deliver(notice(Board(connection="ops")), FACTS, post)
    assert Delivery.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert SHOP.service == "shop_service"
