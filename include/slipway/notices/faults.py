"""What can go wrong when a notice is sent, besides slipway.vendor_faults; the text says place, fault, mend.

StepFailed (another try may help)
`- MailPutOff, MailUnanswered
StepImpossible (no second try)
`- PasswordNotGiven, SenderNotGiven, MailLoginRefused, MailRefused
"""

from collections.abc import Mapping

from slipway.errors import StepFailed, StepImpossible
from slipway.vendor_faults import VendorUnreachable


class PasswordNotGiven(StepImpossible):
    """The connection lacks what it keeps in its password."""

    def __init__(self, conn_id: str, holds: str) -> None:
        self.conn_id, self.holds = conn_id, holds
        super().__init__(f'connection "{conn_id}": it has no password. Set it to {holds}.')


class SenderNotGiven(StepImpossible):
    """Nobody said whom a mail is from."""

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id
        super().__init__(
            f'connection "{conn_id}": it names no sender. Give its extra "from_email", an address that the '
            "mail server lets this login send from."
        )


class MailLoginRefused(StepImpossible):
    """The mail server does not take the login."""

    def __init__(self, conn_id: str, code: int, said: str) -> None:
        self.conn_id, self.code, self.said = conn_id, code, said
        super().__init__(
            f'Mail server: login: {code} ("{said}"). Set login and password of the connection "{conn_id}".'
        )


class MailRefused(StepImpossible):
    """The mail server refuses sender, recipients or mail for good (5xx)."""

    def __init__(self, what: str, code: int, said: str) -> None:
        self.what, self.code, self.said = what, code, said
        super().__init__(f'Mail server: {what}: {code} ("{said}"). Correct the address or the mail server.')


class MailPutOff(StepFailed):
    """The mail server refuses for now (4xx)."""

    def __init__(self, what: str, code: int, said: str) -> None:
        self.what, self.code, self.said = what, code, said
        super().__init__(f'Mail server: {what}: {code} ("{said}"). Try again later.')


class MailUnanswered(VendorUnreachable):
    """The mail went over, and no whole answer came: nobody knows whether it was taken."""

    def __init__(self, conn_id: str, why: str, message_id: str) -> None:
        self.system, self.call, self.conn_id, self.why, self.sent = "Mail server", "DATA", conn_id, why, True
        self.message_id = message_id
        StepFailed.__init__(
            self,
            f"Mail server: the mail itself: {why}. It may have been taken: look for {message_id} in the log "
            f'of the mail server (connection "{conn_id}"), and tell people by hand if it is not there.',
        )


def refusal(what: str, code: int, said: str) -> StepFailed:
    """Return the fault of an SMTP reply code (RFC 5321, 4.2.1)."""
    return MailPutOff(what, code, said) if 400 <= code < 500 else MailRefused(what, code, said)


def of_recipients(refused: Mapping[str, tuple[int, bytes]]) -> StepFailed:
    """Return the fault of a mail that no recipient may get."""
    code, said = next(iter(refused.values()))
    return refusal(f"recipients {', '.join(refused)}", code, decoded(said))


def decoded(said: bytes | str) -> str:
    """Return a server's words as one line of text."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
