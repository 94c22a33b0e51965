"""Tell people by mail."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, ClassVar

from slipway.channel import Channel
from slipway.letter import Letter
from slipway.notices.faults import (
    MailLoginRefused,
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
        """Hand it to the mail server; the Message-ID is made of the key."""
        sender = connection(self.connection, self.address).extra_dejson.get("from_email")
        if not sender:
            raise SenderNotGiven(self.connection)
        mail = _mail(letter, sender, self.recipients, key)
        refused = patiently(lambda: _handed_over(self.connection, mail))
        return {"message_id": mail["Message-ID"], "refused": sorted(refused)}


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
    try:
        client: Any = hook._smtp_client
        refused: Mapping[str, Any] = client.send_message(mail)
    except Exception as error:
        raise _not_taken(conn_id, error) from error
    finally:
        _close(hook)
    return refused


def _logged_in(conn_id: str) -> Any:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    hook = SmtpHook(smtp_conn_id=conn_id)
    try:
        hook.get_conn()
    except Exception as error:
        _close(hook)
        raise _not_connected(conn_id, error) from error
    return hook


def _close(hook: Any) -> None:
    if hook._smtp_client is not None:
        hook._smtp_client.close()


def _not_connected(conn_id: str, error: Exception) -> Exception:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MailLoginRefused(conn_id, error.smtp_code, decoded(error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException):
        return refusal("greeting", error.smtp_code, decoded(error.smtp_error))
    why = "connection refused" if isinstance(error, ConnectionRefusedError) else _first_line(error)
    return VendorUnreachable(SYSTEM, "connect", conn_id, why, sent=False)


def _not_taken(conn_id: str, error: Exception) -> Exception:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return of_recipients(error.recipients)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return refusal(f"sender {error.sender}", error.smtp_code, decoded(error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException):
        return refusal("the mail itself", error.smtp_code, decoded(error.smtp_error))
    return VendorUnreachable(SYSTEM, "send", conn_id, _first_line(error), sent=True)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
