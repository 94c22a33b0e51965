"""Tell users inside the application itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from slipway.channel import Channel, Twice
from slipway.environment import Environment
from slipway.letter import Letter
from slipway.notices.reach import UNTRIED, connection
from slipway.notices.webhook import KEY
from slipway.run import Json
from slipway.vendor import Vendor, call

SERVICE = Vendor(
    system="The service", mends={404: "Deploy the version that has notices, or correct the path."}
)


@dataclass(frozen=True, kw_only=True)
class InApp(Channel):
    """A message that the service shows to its users: {"title", "text", "audience"} to its own endpoint.

    It goes to the environment's `service` connection, whose password goes along as a bearer token.

    :param path: the service's endpoint for notices
    :param deduplicates: whether the service drops a second request with the same Idempotency-Key; only then
        is one sent again whose answer was lost
    """

    path: str = "/api/notices"
    deduplicates: bool = True

    kind: ClassVar[str] = "in_app"
    connection_type: ClassVar[str] = "http"
    system: ClassVar[str] = "in the application"

    @property
    def twice(self) -> Twice:
        """As the service has it."""
        return Twice.HARMLESS if self.deduplicates else Twice.NOTICED

    @property
    def place(self) -> str:
        """The endpoint."""
        return self.path

    def lacks(self) -> str:
        """Return "service" where the environment has none."""
        return "" if self.connection else "service"

    def at(self, environment: Environment) -> Self:
        """Return it with the environment's service as its connection."""
        return replace(self, connection=environment.service)

    def look(self) -> str:
        """See that the service's connection is there; the doctor tries the service itself."""
        connection(self.connection, self.address)
        return UNTRIED

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Post it; the status is the proof."""
        body = {"title": letter.subject, "text": letter.text, "audience": letter.audience}
        answer = call(
            SERVICE,
            self.connection,
            "POST",
            self.path,
            json=body,
            headers={KEY: key},
            safe=self.deduplicates,
        )
        return {"status": answer.status_code, "key": key}
