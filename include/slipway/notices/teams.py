"""Tell people in a Teams channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.channel import Channel
from slipway.letter import Letter
from slipway.notices.reach import UNTRIED, password
from slipway.run import Json
from slipway.vendor import Vendor, call
from slipway.words import Severity

GONE = "The workflow is off, deleted, or its signature is old: copy its address anew into the connection."
TEAMS = Vendor(system="Teams", authorization="", mends=dict.fromkeys((401, 403, 404), GONE))
HOLDS = "the workflow's address after its host"
CARD = "application/vnd.microsoft.card.adaptive"
COLORS = {Severity.CRITICAL: "Attention", Severity.HIGH: "Warning"}


@dataclass(frozen=True, kw_only=True)
class Teams(Channel):
    """An Adaptive Card through a workflow of Teams ("When a Teams webhook request is received").

    :param connection: an `http` connection to the workflow's host; its password is the rest of the address,
        from the first slash on, because that holds the signature which lets anyone post
    :param channel: the channel's name for people
    """

    channel: str = ""

    kind: ClassVar[str] = "teams"
    connection_type: ClassVar[str] = "http"
    system: ClassVar[str] = "Teams"

    @property
    def place(self) -> str:
        """The channel's name, or the connection's."""
        return self.channel or self.connection

    def look(self) -> str:
        """See that the connection holds an address; it cannot be tried without a card."""
        password(self.connection, self.address, holds=HOLDS)
        return UNTRIED

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Post the card; a workflow answers 202 and no id."""
        path = password(self.connection, self.address, holds=HOLDS)
        answer = call(TEAMS, self.connection, "POST", f"/{path.lstrip('/')}", json=_message(letter))
        return {"status": answer.status_code, "run": answer.headers.get("x-ms-workflow-run-id", "")}


def _message(letter: Letter) -> dict[str, Json]:
    return {"type": "message", "attachments": [{"contentType": CARD, "content": _card(letter)}]}


def _card(letter: Letter) -> dict[str, Any]:
    title = {"size": "Large", "weight": "Bolder", "color": COLORS.get(letter.severity, "Default")}
    lines = [_line(line) for line in letter.text.splitlines() if line.strip()]
    url = letter.facts.get("run_url", "")
    action = {"type": "Action.OpenUrl", "title": "The release in Airflow", "url": url}
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_line(letter.subject) | title, *lines, _line(f"For {letter.audience}") | {"isSubtle": True}],
        "actions": [action] if url.startswith(("http://", "https://")) else [],
    }


def _line(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True}
