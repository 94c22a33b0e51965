"""What can become of a notice on one channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from slipway.run import Json


class State(StrEnum):
    """What became of it."""

    SENT = "sent"
    SHOWN = "shown, not sent"  # a rehearsal
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have been sent, so it is not sent again
    DUE = "due"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one notice on one channel; goes along as JSON.

    :param moment: in words
    :param channel: its address, e.g. "Slack #deployments"
    :param occasion: tells several letters of one notice apart, "" if there is one
    :param at: when it was sent, shown or given up (UTC)
    :param why: why it was not sent, or not to everybody, and what to do
    :param wait: for how many seconds its channel wants to be left alone, 0 if it did not say so
    """

    notice: str
    moment: str
    audience: str
    channel: str
    state: State
    subject: str
    text: str
    occasion: str = ""
    at: datetime | None = None
    proof: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""
    wait: float = 0

    def to_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        at = self.at.isoformat() if self.at else None
        return vars(self) | {"state": str(self.state), "at": at, "proof": dict(self.proof)}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Delivery":
        """Read back what `to_json` wrote."""
        at = datetime.fromisoformat(value["at"]) if value["at"] else None
        return cls(**{**value, "state": State(value["state"]), "at": at})
