from collections.abc import Iterator

import pytest
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.delivery.policy import certainly_not_sent
from slipway.errors import MissingConnection
from slipway.notices import Slack
from slipway.notices.faults import PasswordNotGiven
from slipway.sandbox.vendors.slack import SlackState, slack
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.vendor_faults import (
    AccessRefused,
    CallRefused,
    NotThere,
    TooManyCalls,
    VendorBroken,
    VendorUnreachable,
)

OPS = Slack(connection="ops_slack", channel="#ops")


@pytest.fixture
def state() -> SlackState:
    return SlackState()


@pytest.fixture
def server(connect: Connect, state: SlackState) -> Iterator[StandIn]:
    stand_in = slack(webhook="T0/B0/s3cr3t", state=state)
    with serving(stand_in) as address:
        host = f"{address}/services"
        connect("ops_slack", address, conn_type="slackwebhook", host=host, port=None, password="T0/B0/s3cr3t")
        yield stand_in


def test_a_message_is_posted_with_subject_text_audience_and_the_run(
    server: StandIn, state: SlackState
) -> None:
    assert OPS.send(a_letter(), KEY) == {"status": 200, "answer": "ok"}
    [message] = state.messages
    assert message["text"] == "Shop 2.0 was rolled back"
    header, text, context = message["blocks"]
    assert header["text"]["text"] == "Shop 2.0 was rolled back"
    assert text["text"]["text"] == "We took it back.\nWhy: errors 7 %"
    assert context["elements"][0]["text"] == (
        "For Support team · shop · <http://airflow.test/runs/1|the release in Airflow>"
    )


def test_what_a_text_holds_mentions_nobody(server: StandIn, state: SlackState) -> None:
    OPS.send(a_letter(text="<!channel> 5 > 3 & more"), KEY)
    assert state.messages[0]["blocks"][1]["text"]["text"] == "&lt;!channel&gt; 5 &gt; 3 &amp; more"


def test_a_long_text_goes_out_whole(server: StandIn, state: SlackState) -> None:
    OPS.send(a_letter(subject="s" * 400, text="<" * 5000), KEY)
    header, *sections, _ = state.messages[0]["blocks"]
    assert len(header["text"]["text"]) == 150
    assert "".join(each["text"]["text"] for each in sections) == "&lt;" * 5000


def sections(state: SlackState) -> list[str]:
    return [each["text"]["text"] for each in state.messages[0]["blocks"][1:-1]]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("\n".join(["a" * 999] * 4), ["\n".join(["a" * 999] * 3), "a" * 999]),
        ("word " * 700, [("word " * 600).strip(), "word " * 100]),
        ("first\n" + "a" * 3000, ["first", "a" * 3000]),
        ("a" * 2998 + "<b", ["a" * 2998, "&lt;b"]),
        ("a" * 2996 + "<b", ["a" * 2996 + "&lt;", "b"]),
    ],
)
def test_a_long_text_is_cut_at_lines_then_at_words_and_never_in_a_character(
    server: StandIn, state: SlackState, text: str, parts: list[str]
) -> None:
    OPS.send(a_letter(text=text), KEY)
    assert sections(state) == parts


def test_what_no_message_can_hold_is_cut_off_and_said(server: StandIn, state: SlackState) -> None:
    OPS.send(a_letter(text="a" * 3000 * 49), KEY)
    assert len(state.messages[0]["blocks"]) == 50
    assert sections(state)[-2:] == [
        "a" * 3000,
        "… _Cut off here._",
    ]


def section(length: int) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "a" * length}}


@pytest.mark.parametrize(
    ("blocks", "answer"),
    [
        ([section(3000)] * 50, "ok"),
        ([section(3000)] * 51, "invalid_blocks"),
        ([section(3001)], "invalid_blocks"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}], "invalid_blocks"),
        ([{"type": "context", "elements": [section(3001)["text"]]}], "invalid_blocks"),
    ],
)
def test_the_stand_in_holds_slack_s_limits(blocks: list[dict[str, object]], answer: str) -> None:
    client = slack(webhook="T0").app.test_client()
    assert client.post("/services/T0", json={"text": "a", "blocks": blocks}).text == answer


@pytest.mark.parametrize(
    ("status", "fault", "mend"),
    [
        (403, AccessRefused, 'set it in the connection "ops_slack"'),
        (404, NotThere, "make a new one in Slack"),
        (400, CallRefused, "Shorten or correct"),
        (429, TooManyCalls, "Try again in 3600 s"),
        (503, VendorBroken, "status page"),
    ],
)
def test_a_refusal_names_slack_and_the_mend(
    server: StandIn, status: int, fault: type[Exception], mend: str
) -> None:
    server.trouble(status=status, retry_after="3600")
    with pytest.raises(fault, match=r"^Slack: POST to the webhook: HTTP") as caught:
        OPS.send(a_letter(), KEY)
    assert mend in str(caught.value)
    assert len(server.calls) == 1
    assert certainly_not_sent(caught.value) is (status != 503)


def test_a_wrong_token_is_refused_and_not_shown(server: StandIn, connect: Connect) -> None:
    host = f"http://127.0.0.1:{server_port()}/services"
    connect(
        "ops_slack", "http://127.0.0.1:1", conn_type="slackwebhook", host=host, port=None, password="T0/0LD"
    )
    with pytest.raises(AccessRefused, match="invalid_token") as caught:
        OPS.send(a_letter(), KEY)
    assert "0LD" not in str(caught.value)


def server_port() -> int:
    import json
    import os

    return int(json.loads(os.environ["AIRFLOW_CONN_OPS_SLACK"])["host"].split(":")[2].split("/")[0])


def test_too_many_calls_are_waited_out(server: StandIn, state: SlackState) -> None:
    server.trouble(status=429, retry_after="0.01")
    OPS.send(a_letter(), KEY)
    assert (len(server.calls), len(state.messages)) == (2, 1)


@pytest.mark.parametrize("trouble", [{"half": True}, {"status": 500, "after": True}])
def test_a_message_whose_answer_was_lost_is_not_posted_again(
    server: StandIn, state: SlackState, trouble: dict[str, object]
) -> None:
    server.trouble(**trouble)
    with pytest.raises((VendorUnreachable, VendorBroken)) as caught:
        OPS.send(a_letter(), KEY)
    assert len(state.messages) == 1
    assert not certainly_not_sent(caught.value)


def test_a_slow_answer_leaves_it_open(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.notices.slack.TIMEOUT", 0.1)
    server.trouble(delay=0.4)
    with pytest.raises(VendorUnreachable, match=r"no answer within 0\.1 s\. It may have been carried out"):
        OPS.send(a_letter(), KEY)


def test_nobody_there_is_certainly_not_sent(connect: Connect) -> None:
    connect(
        "ops_slack", "http://127.0.0.1:9", conn_type="slackwebhook", host="http://127.0.0.1:9", password="t"
    )
    with pytest.raises(VendorUnreachable, match=r'connection refused.*"ops_slack"') as caught:
        OPS.send(a_letter(), KEY)
    assert certainly_not_sent(caught.value)


def test_a_missing_connection_and_a_missing_token_are_named(connect: Connect) -> None:
    with pytest.raises(MissingConnection, match=r'"nowhere" \(Slack #ops needs it'):
        Slack(connection="nowhere", channel="#ops").send(a_letter(), KEY)
    connect("ops_slack", "http://127.0.0.1:9", conn_type="slackwebhook")
    with pytest.raises(PasswordNotGiven, match="the token or the address of the incoming webhook"):
        OPS.send(a_letter(), KEY)
