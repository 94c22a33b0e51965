"""A real ledger, and channels that tell a test what they were asked to send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from tests.ledger.conftest import database, ledger, server

from slipway.channel import Channel, Twice
from slipway.delivery.deliver import Post
from slipway.environment import Environment
from slipway.letter import Letter, ReleaseFacts
from slipway.plan import Moment, Notice
from slipway.run import Json

__all__ = ["database", "ledger", "server"]

SHOP = Environment(system="shop", name="production", service="shop_service")
FACTS = ReleaseFacts(plan="shop", title="Shop", version="2.0", reason="errors 7 %")


@dataclass(frozen=True, kw_only=True)
class Board(Channel):
    """Keeps what it is sent.

    :param faults: raised at the next tries, one each
    :param keeps_first: whether it keeps the letter before it raises, as where only the answer is lost
    """

    sent: list[tuple[str, str]] = field(default_factory=list, compare=False)
    faults: list[BaseException] = field(default_factory=list, compare=False)
    keeps_first: bool = False
    again: Twice = Twice.NOTICED

    kind: ClassVar[str] = "board"
    connection_type: ClassVar[str] = "none"
    system: ClassVar[str] = "board"

    @property
    def twice(self) -> Twice:
        return self.again

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        fault = self.faults.pop(0) if self.faults else None
        if fault is None or self.keeps_first:
            self.sent.append((letter.subject, key))
        if fault is not None:
            raise fault
        return {"number": len(self.sent)}


def notice(*channels: Channel, **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "name": "taken_back",
        "moment": Moment.ROLLED_BACK,
        "audience": "Support",
        "channels": channels,
        "subject": "{title} {version} was rolled back",
        "text": "We took it back.\nWhy: {reason}\nReport: {report}",
    }
    return Notice(**(values | changes))


@pytest.fixture
def post() -> Post:
    return Post(release_id="manual__1", environment=SHOP)
