"""A stand-in for a mail server: takes mail over SMTP and lets it be read over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.stand_in import ASKED_FOR, StandIn, Trouble

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as it was taken."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    message_id: str


@dataclass(kw_only=True)
class InboxState:
    """The mails, the oldest first.

    :param unknown: recipients that the server does not know
    """

    mails: list[Mail] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class Inbox:
    """A mail server's mails and its window.

    `stand_in` shows them at GET /mails, and is told what goes wrong with a mail ("DATA"): a status instead of
    taking it, a delay before anything, or taken and the line cut before the answer (`after` or `half`).
    """

    state: InboxState
    stand_in: StandIn
    login: str
    password: str


def inbox(*, login: str = "", password: str = "", state: InboxState | None = None) -> Inbox:
    """Return a mail server. With a login, nobody sends without it."""
    from flask import Flask, jsonify

    app, kept = Flask("inbox"), state or InboxState()

    @app.get("/mails")
    def mails() -> Any:
        return jsonify([asdict(mail) for mail in kept.mails])

    window = StandIn(app=app, error=lambda status, said: ({"error": said}, status))
    return Inbox(state=kept, stand_in=window, login=login, password=password)


@contextmanager
def taking_mail(inbox: Inbox, port: int = 0) -> Iterator[int]:
    """Serve SMTP on loopback from a thread of this process; yields the port."""
    from aiosmtpd.controller import Controller

    controller = Controller(
        _Handler(inbox),
        hostname="127.0.0.1",
        port=port or _free_port(),
        server_hostname="inbox.localhost",
        auth_require_tls=False,
        authenticator=_authenticator(inbox),
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class _Handler:
    """What aiosmtpd asks at each command of a session."""

    def __init__(self, inbox: Inbox) -> None:
        self.state, self.window, self.closed = inbox.state, inbox.stand_in, bool(inbox.login)

    async def handle_MAIL(  # noqa: N802  (aiosmtpd finds it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.closed and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.state.unknown:
            return f"550 5.1.1 {address}: no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        trouble = self.window.next_trouble("DATA") or Trouble()
        await asyncio.sleep(trouble.delay)
        if trouble.status and not trouble.after:
            return f"{trouble.status} {trouble.status // 100}.3.0 {ASKED_FOR}"
        self.state.mails.append(_mail(envelope))
        if trouble.after or trouble.half:
            transport: Any = server.transport
            transport.abort()
        return "250 OK"


def _mail(envelope: Envelope) -> Mail:
    content = envelope.content if isinstance(envelope.content, bytes) else b""
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    return Mail(
        sender=envelope.mail_from or "",
        recipients=tuple(envelope.rcpt_tos),
        subject=str(message["Subject"]),
        text=str(body.get_content()) if body else "",
        message_id=str(message["Message-ID"]),
    )


def _authenticator(inbox: Inbox) -> Any:
    from aiosmtpd.smtp import AuthResult

    def check(
        server: SMTP, session: Session, envelope: Envelope, way: str, given: LoginPassword
    ) -> AuthResult:
        right = (given.login, given.password) == (inbox.login.encode(), inbox.password.encode())
        return AuthResult(success=right, handled=False)

    return check


def _free_port() -> int:
    """aiosmtpd's controller greets its own port while it starts, so it must know it."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
