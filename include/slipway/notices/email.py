"""Tell people by mail."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from json import dumps
from typing import Any, ClassVar

from slipway.channel import Channel
from slipway.letter import Letter
from slipway.notices.faults import (
    MailLoginRefused,
    MailUnanswered,
    SenderNotGiven,
    decoded,
    of_recipients,
    refusal,
)
from slipway.notices.reach import connection, header_line, patiently
from slipway.run import Json
from slipway.vendor_faults import VendorUnreachable

SYSTEM = "Mail server"
LONGEST_SUBJECT = 200  # characters


@dataclass(frozen=True, kw_only=True)
class Email(Channel):
    """A mail of plain text to a list of people.

    :param connection: an `smtp` connection; its extra names the sender: {"from_email": "..."}
    :param recipients: addresses
    """

    recipients: Sequence[str] = ()

    kind: ClassVar[str] = "email"
    connection_type: ClassVar[str] = "smtp"
    system: ClassVar[str] = "e-mail"

    @property
    def place(self) -> str:
        """The addresses."""
        return "to " + ", ".join(self.recipients)

    def lacks(self) -> str:
        """Return "recipients" if there are none."""
        return super().lacks() or ("" if self.recipients else "recipients")

    def look(self) -> str:
        """Log in, say nothing and leave."""
        connection(self.connection, self.address)
        _close(_logged_in(self.connection))
        return "the mail server takes the login"

    def send(self, letter: Letter, key: str) -> Mapping[str, Json]:
        """Hand it to the mail server; the Message-ID is made of the key.

        What stops before the mail itself goes over is tried again; after that nothing is. The proof tells the
        server's words on each recipient that was refused while others were taken.
        Raises SenderNotGiven, MailLoginRefused, MailRefused, MailPutOff, MailUnanswered, VendorUnreachable.
        """
        sender = connection(self.connection, self.address).extra_dejson.get("from_email")
        if not sender:
            raise SenderNotGiven(self.connection)
        mail = _mail(letter, sender, self.recipients, key)
        refused = patiently(lambda: _handed_over(self.connection, mail))
        return {"message_id": mail["Message-ID"], "refused": _words(refused)}


def _mail(letter: Letter, sender: str, recipients: Sequence[str], key: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = header_line(letter.subject, LONGEST_SUBJECT)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Message-ID"] = f"<{key}@{sender.rpartition('@')[2].rstrip('>') or 'slipway'}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in return
    mail.set_content(letter.text)
    return mail


def _handed_over(conn_id: str, mail: EmailMessage) -> Mapping[str, Any]:
    """Log in and send; returns the recipients that were refused while others were taken.

    The hook's own sending tries again after any error, also when the mail was taken and its answer lost.
    """
    hook = _logged_in(conn_id)
    client: Any = hook._smtp_client
    hand_over, begun = client.data, False

    def data(content: Any) -> Any:  # smtplib calls it when sender and recipients are taken
        nonlocal begun
        begun = True
        return hand_over(content)

    client.data = data
    try:
        refused: Mapping[str, Any] = client.send_message(mail)
    except Exception as error:
        if fault := _refused(error):
            raise fault from error
        why = _why(error, hook.timeout)
        if begun:
            raise MailUnanswered(conn_id, why, mail["Message-ID"]) from error
        raise VendorUnreachable(SYSTEM, "sender and recipients", conn_id, why, sent=False) from error
    finally:
        _close(hook)
    return refused


def _words(refused: Mapping[str, tuple[int, bytes]]) -> list[Json]:
    return [f'{who} ("{code} {decoded(said)}")' for who, (code, said) in sorted(refused.items())]


def _logged_in(conn_id: str) -> Any:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    hook: Any = SmtpHook(smtp_conn_id=conn_id)
    found = hook.get_connection(conn_id)
    # A server that does not greet would be waited for six times, and that for each of our own tries.
    found.extra = dumps(found.extra_dejson | {"retry_limit": 0})
    hook.get_connection = lambda _: found
    try:
        hook.get_conn()
    except Exception as error:
        _close(hook)
        raise _not_connected(conn_id, error, hook.timeout) from error
    return hook


def _close(hook: Any) -> None:
    if hook._smtp_client is not None:
        hook._smtp_client.close()


def _not_connected(conn_id: str, error: Exception, timeout: float) -> Exception:
    if _is_whole(error):
        code, said = error.smtp_code, decoded(error.smtp_error)  # type: ignore[attr-defined]
        if isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500:
            return MailLoginRefused(conn_id, code, said)
        what = "login" if isinstance(error, smtplib.SMTPAuthenticationError) else "greeting"
        return refusal(what, code, said)
    if isinstance(error.__context__, smtplib.SMTPServerDisconnected):
        error = error.__context__  # what the hook says instead of it tells nothing
    return VendorUnreachable(SYSTEM, "connect", conn_id, _why(error, timeout), sent=False)


def _refused(error: Exception) -> Exception | None:
    """Return the fault of a mail that the server said no to, None if it did not say anything whole."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        whole = all(_is_a_no(code) for code, _ in error.recipients.values())
        return of_recipients(error.recipients) if whole else None
    if not _is_whole(error):
        return None
    what = f"sender {error.sender}" if isinstance(error, smtplib.SMTPSenderRefused) else "the mail itself"
    return refusal(what, error.smtp_code, decoded(error.smtp_error))  # type: ignore[attr-defined]


def _is_whole(error: Exception) -> bool:
    return isinstance(error, smtplib.SMTPResponseException) and _is_a_no(error.smtp_code)


def _is_a_no(code: int) -> bool:
    return 400 <= code < 600  # smtplib takes the "25" of a cut-off "250" for a code


def _why(error: Exception, timeout: float) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
        return "the answer broke off half-way"
    text = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
    return f"no answer within {timeout:g} s" if "timed out" in text else text
