"""Tell people in a Slack channel."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from slipway.channel import Channel
from slipway.errors import StepFailed
from slipway.letter import Letter
from slipway.notices.reach import UNTRIED, header_line, password, patiently
from slipway.run import Json
from slipway.vendor_faults import AccessRefused, CallRefused, NotThere, TooManyCalls, VendorBroken
from slipway.vendor_faults import VendorUnreachable as Unreachable

if TYPE_CHECKING:
    from slack_sdk.webhook import WebhookResponse

SYSTEM, CALL = "Slack", "POST to the webhook"
HOLDS = "the token or the address of the incoming webhook"
TIMEOUT = 30  # seconds
LONGEST_HEADER, LONGEST_SECTION = 150, 3000  # characters, of Slack's blocks
MOST_SECTIONS = 48  # a message holds 50 blocks, two of which are header and footer
CUT_OFF = "… _Cut off here._"
NEW_WEBHOOK = (
    'The webhook is gone or not yet approved: make a new one in Slack and set it in the connection "{}".'
)


@dataclass(frozen=True, kw_only=True)
class Slack(Channel):
    """A message through an incoming webhook of Slack.

    The webhook decides the channel, not the message; `channel` says to people which one it is.

    :param connection: a `slackwebhook` connection; its password is the webhook's token or its whole address
    :param channel: the channel's name, e.g. "#deployments"
    """

    channel: str = ""

    kind: ClassVar[str] = "slack"
    connection_type: ClassVar[str] = "slackwebhook"
    system: ClassVar[str] = SYSTEM

    @property
    def place(self) -> str:
        """The channel's name, or the connection's."""
        return self.channel or self.connection

    def look(self) -> str:
        """See that the connection holds a webhook; it cannot be tried without a message."""
        password(self.connection, self.address, holds=HOLDS)
        return UNTRIED

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Post it; a webhook gives no id, so that Slack's "ok" is all the proof there is."""
        password(self.connection, self.address, holds=HOLDS)
        answer = patiently(lambda: _posted(self.connection, _body(letter)))
        return {"status": answer.status_code, "answer": answer.body[:80]}


def _posted(conn_id: str, body: Mapping[str, Json]) -> WebhookResponse:
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    # slack_sdk's own handlers send a message again whose answer was lost: people would get it twice.
    hook = SlackWebhookHook(slack_webhook_conn_id=conn_id, timeout=TIMEOUT, retry_handlers=[])
    try:
        answer: WebhookResponse = hook.client.send_dict(dict(body))
    except Exception as error:
        raise _no_answer(conn_id, error) from error
    if answer.status_code >= 400 or answer.body.strip() != "ok":
        raise _fault(conn_id, answer)
    return answer


def _no_answer(conn_id: str, error: Exception) -> StepFailed:
    """Tell whether a connection was made at all: urllib wraps only what comes before the answer."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, ConnectionRefusedError):
        return Unreachable(SYSTEM, CALL, conn_id, "connection refused", sent=False)
    if isinstance(cause, socket.gaierror):
        return Unreachable(SYSTEM, CALL, conn_id, "no such host", sent=False)
    slow = isinstance(cause, TimeoutError)
    why = f"no answer within {TIMEOUT} s" if slow else f"the answer broke off ({type(cause).__name__})"
    return Unreachable(SYSTEM, CALL, conn_id, why, sent=True)


def _fault(conn_id: str, answer: WebhookResponse) -> StepFailed:
    status, said = answer.status_code, " ".join(answer.body.split())[:200]
    mend = NEW_WEBHOOK.format(conn_id)
    if status in {401, 403}:
        return AccessRefused(SYSTEM, CALL, conn_id, status, said, mend)
    if status in {404, 410}:
        return NotThere(SYSTEM, CALL, said, mend)
    if status == 429:
        wait = str(answer.headers.get("Retry-After", ""))
        return TooManyCalls(SYSTEM, CALL, float(wait) if wait.replace(".", "", 1).isdigit() else None)
    if status >= 500 or status < 400:
        return VendorBroken(SYSTEM, CALL, status, said)
    return CallRefused(SYSTEM, CALL, status, said, "Shorten or correct the notice's text.")


def _body(letter: Letter) -> dict[str, Json]:
    """Return plain text for notifications and blocks for reading (Slack's Block Kit)."""
    subject = header_line(letter.subject, LONGEST_HEADER)
    sections = [_section("mrkdwn", part) for part in _parts(_escaped(letter.text))]
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": _footer(letter)}]}
    header = {"type": "header", "text": {"type": "plain_text", "text": subject}}
    return {"text": _escaped(subject), "blocks": [header, *sections, context]}


def _section(form: str, text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": form, "text": text}}


def _parts(text: str) -> list[str]:
    """Cut an escaped text into what sections hold: at a line's end or, where one is too long, a word's."""
    parts = []
    while text := text.strip("\n"):
        end = _end_of_part(text)
        parts += [part] if (part := text[:end]).strip() else []
        text = text[end:].removeprefix(" ")
    return parts if len(parts) <= MOST_SECTIONS else [*parts[: MOST_SECTIONS - 1], CUT_OFF]


def _end_of_part(text: str) -> int:
    if len(text) <= LONGEST_SECTION:
        return len(text)
    for mark in ("\n", " "):
        if (end := text.rfind(mark, 1, LONGEST_SECTION + 1)) > 0:
            return end
    entity = text.rfind("&", LONGEST_SECTION - 4, LONGEST_SECTION)  # "&amp;" is not cut in two
    return LONGEST_SECTION if entity < 0 or ";" in text[entity:LONGEST_SECTION] else entity


def _escaped(text: str) -> str:
    """Take from a text what Slack would read as a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _footer(letter: Letter) -> str:
    url = letter.facts.get("run_url", "")
    run = f" · <{url}|the release in Airflow>" if url.startswith(("http://", "https://")) else ""
    return f"For {_escaped(letter.audience)} · {_escaped(letter.plan)}{run}"
