"""Tell any program: a JSON body, signed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from slipway.channel import Channel, Twice
from slipway.letter import Letter
from slipway.notices.reach import UNTRIED, password
from slipway.run import Json
from slipway.vendor import Vendor, call

RECEIVER = Vendor(system="Webhook", authorization="")
HOLDS = "the secret that signs the body"
KEY, SIGNATURE = "Idempotency-Key", "X-Slipway-Signature"


@dataclass(frozen=True, kw_only=True)
class Webhook(Channel):
    """A signed JSON body to an address of your own.

    X-Slipway-Signature is "sha256=" and the HMAC-SHA256 of the body in hex, by the connection's password.

    :param connection: an `http` connection; its password is the secret that both sides know
    :param path: the path at its host
    :param deduplicates: whether the receiver drops a second request with the same Idempotency-Key; only then
        is one sent again whose answer was lost
    """

    path: str = "/"
    deduplicates: bool = False

    kind: ClassVar[str] = "webhook"
    connection_type: ClassVar[str] = "http"
    system: ClassVar[str] = "webhook"

    @property
    def twice(self) -> Twice:
        """As the receiver has it."""
        return Twice.HARMLESS if self.deduplicates else Twice.NOTICED

    @property
    def place(self) -> str:
        """Connection and path."""
        return f"{self.connection}{self.path}"

    def look(self) -> str:
        """See that the connection holds a secret; it cannot be tried without a body."""
        password(self.connection, self.address, holds=HOLDS)
        return UNTRIED

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Post it; the status is the proof."""
        secret = password(self.connection, self.address, holds=HOLDS)
        body = json.dumps(as_json(letter), sort_keys=True, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", KEY: key, SIGNATURE: signature(secret, body)}
        answer = call(
            RECEIVER, self.connection, "POST", self.path, data=body, headers=headers, safe=self.deduplicates
        )
        return {"status": answer.status_code, "key": key}


def as_json(letter: Letter) -> dict[str, Json]:
    """Return a letter as the body that programs get."""
    return {
        "notice": letter.notice,
        "occasion": letter.occasion,
        "plan": letter.plan,
        "release": letter.release_id,
        "audience": letter.audience,
        "severity": str(letter.severity),
        "subject": letter.subject,
        "text": letter.text,
        "facts": dict(letter.facts),
    }


def signature(secret: str, body: bytes) -> str:
    """Return what X-Slipway-Signature holds."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
