"""Page who is on call."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.channel import Channel, Twice
from slipway.letter import Letter
from slipway.notices.reach import UNTRIED, header_line, password
from slipway.run import Json
from slipway.vendor import Vendor, call, read_json
from slipway.words import Severity

PAGERDUTY = Vendor(
    system="PagerDuty",
    authorization="",  # the routing key stands in the body
    mends={400: "See that the connection's password is the routing key of an Events API v2 integration."},
)
HOLDS = "the routing key of the PagerDuty service"
ENQUEUE = "/v2/enqueue"
LONGEST_SUMMARY, LONGEST_KEY = 1024, 255  # characters, of the Events API v2
SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}


@dataclass(frozen=True, kw_only=True)
class PagerDuty(Channel):
    """An event of the PagerDuty Events API v2; a repeat of it never pages twice.

    :param connection: an `http` connection to events.pagerduty.com; its password is the routing key
    :param incident: notices of one release with the same name here speak of one incident; by default each
        notice (and each breach) is its own
    :param resolves: ends the incident instead of opening it
    """

    incident: str = ""
    resolves: bool = False

    kind: ClassVar[str] = "pager_duty"
    connection_type: ClassVar[str] = "http"
    system: ClassVar[str] = "PagerDuty"

    @property
    def twice(self) -> Twice:
        """PagerDuty knows its dedup_key."""
        return Twice.HARMLESS

    @property
    def place(self) -> str:
        """The connection, and the incident if it has a name."""
        return f"{self.connection} ({self.incident})" if self.incident else self.connection

    def lacks(self) -> str:
        """Return "incident" where it is not said which one is resolved."""
        return super().lacks() or ("incident" if self.resolves and not self.incident else "")

    def look(self) -> str:
        """See that the connection holds a routing key; it cannot be tried without an event."""
        password(self.connection, self.address, holds=HOLDS)
        return UNTRIED

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Trigger or resolve; the answer's dedup_key is the proof."""
        routing = password(self.connection, self.address, holds=HOLDS)
        event = self._event(letter) | {"routing_key": routing}
        answer = read_json(
            PAGERDUTY, call(PAGERDUTY, self.connection, "POST", ENQUEUE, json=event, safe=True)
        )
        return {"event": event["event_action"], "dedup_key": answer.get("dedup_key", event["dedup_key"])}

    def _event(self, letter: Letter) -> dict[str, Any]:
        shared = {"dedup_key": _within(letter.thread(self.incident))}
        if self.resolves:
            return {"event_action": "resolve", **shared}
        return {"event_action": "trigger", **shared, "payload": _payload(letter), **_links(letter)}


def _within(thread: str) -> str:
    if len(thread) <= LONGEST_KEY:
        return thread
    return f"slipway/{hashlib.sha256(thread.encode()).hexdigest()}"


def _payload(letter: Letter) -> dict[str, Json]:
    facts = {name: value for name, value in letter.facts.items() if value}
    return {
        "summary": header_line(letter.subject, LONGEST_SUMMARY),
        "source": f"slipway/{letter.plan}",
        "severity": SEVERITIES[letter.severity],
        "component": letter.plan,
        "class": letter.notice,
        "custom_details": {**facts, "text": letter.text},
    }


def _links(letter: Letter) -> dict[str, Json]:
    url = letter.facts.get("run_url", "")
    link = {"href": url, "text": "The release in Airflow"}
    return {"client": "Slipway", "client_url": url, "links": [link]} if url else {"client": "Slipway"}
