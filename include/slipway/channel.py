"""What the channels of notices have in common; each kind is one file in notices/."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from slipway.environment import Environment
from slipway.letter import Letter
from slipway.run import Json


class Twice(StrEnum):
    """What happens when a letter is sent a second time, because nobody knows whether the first one left."""

    NOTICED = "people get it twice"
    LOOKED_FOR = "the first one is found and nothing is sent"
    HARMLESS = "the far side knows the key and drops the second one"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to tell people something. A kind gives `send` and says where it goes.

    :param connection: the id of an Airflow connection
    """

    connection: str = ""

    kind: ClassVar[str]
    connection_type: ClassVar[str]  # the type of its Airflow connection
    system: ClassVar[str]  # its name for people, e.g. "Slack"

    @property
    def twice(self) -> Twice:
        """What a second try does."""
        return Twice.NOTICED

    @property
    def place(self) -> str:
        """Where it goes within the system, e.g. "#deployments"."""
        return self.connection

    @property
    def address(self) -> str:
        """System and place for people and for the ledger's key, e.g. "Slack #deployments"."""
        return f"{self.system} {self.place}".strip()

    def lacks(self) -> str:
        """Return the field without which nothing can be sent, "" if it is complete."""
        return "" if self.connection else "connection"

    def at(self, environment: Environment) -> Self:
        """Return this channel as it is in an environment."""
        return self

    def look(self) -> str:
        """Try the connection without telling anybody anything; say what it is. Raises what `send` raises."""
        raise NotImplementedError

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Send a letter and return what proves it, small and without a secret.

        :param key: the same for each try of the same letter
        Raises a StepFailed; see slipway.delivery.policy for which of them leave it open whether it left.
        """
        raise NotImplementedError
