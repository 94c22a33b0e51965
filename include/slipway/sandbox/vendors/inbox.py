"""A stand-in for a mail server: takes mail over SMTP and lets it be read over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.stand_in import SAID, Call, StandIn, Trouble
from slipway.sandbox.vendors.threaded import in_a_thread

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
    """A mail server's mails and its window: `stand_in` shows them at GET /mails.

    The calls that its troubles can match: CONNECT (before the greeting), "AUTH <mechanism>", "MAIL <sender>",
    "RCPT <recipient>" and DATA (the whole mail is there). A status is a reply code; `half` cuts the line in
    the middle of the answer.
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
    with in_a_thread(_listening(inbox, port)) as found:
        yield found


@asynccontextmanager
async def _listening(inbox: Inbox, port: int) -> AsyncIterator[int]:
    open_: set[Any] = set()
    door, handler = _door(open_), _Handler(inbox)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: door(
            handler,
            hostname="inbox.localhost",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_authenticator(inbox),
        ),
        "127.0.0.1",
        port,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in tuple(open_):
            transport.abort()
        await server.wait_closed()


class _Handler:
    """What aiosmtpd asks at each command of a session."""

    def __init__(self, inbox: Inbox) -> None:
        self.state, self.closed, self.stand_in = inbox.state, bool(inbox.login), inbox.stand_in

    async def meet(self, server: SMTP, method: str, path: str = "") -> Trouble:
        """Wait as long as the next trouble says, and return it."""
        trouble = self.stand_in.meet(Call(method=method, path=path))
        await asyncio.sleep(trouble.delay)
        return trouble

    async def handle_AUTH(  # noqa: N802  (aiosmtpd finds it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, arguments: list[str]
    ) -> Any:
        from aiosmtpd.smtp import MISSING

        trouble = await self.meet(server, "AUTH", arguments[0])
        return _said(server, trouble) if trouble.status or trouble.half else MISSING

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = await self.meet(server, "MAIL", address)
        if trouble.refuses:
            return _said(server, trouble)
        if self.closed and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return _said(server, trouble)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = await self.meet(server, "RCPT", address)
        if trouble.refuses:
            return _said(server, trouble)
        if address in self.state.unknown:
            return f"550 5.1.1 {address}: no such user here"
        envelope.rcpt_tos.append(address)
        return _said(server, trouble)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        # aiosmtpd drops what it is at when the sender hangs up; a real server has the whole mail by now.
        return await asyncio.shield(self._take(server, envelope))

    async def _take(self, server: SMTP, envelope: Envelope) -> str:
        trouble = await self.meet(server, "DATA")
        if not trouble.refuses:
            self.state.mails.append(_mail(envelope))
        return _said(server, trouble)


def _said(server: SMTP, trouble: Trouble) -> str:
    """Return the answer to a command that was carried out, or what the trouble says instead."""
    answer = f"{trouble.status} {SAID}" if trouble.status else "250 OK"
    if trouble.half:
        transport: Any = server.transport
        transport.write(answer[:2].encode())  # not even its number is whole
        transport.close()
    return answer


def _door(open_: set[Any]) -> Any:
    """Return aiosmtpd's server with one more call, CONNECT; it keeps the connections that are open."""
    from aiosmtpd.smtp import SMTP

    class Door(SMTP):
        async def _handle_client(self) -> None:  # before the greeting there is nothing that it asks a handler
            transport: Any = self.transport
            open_.add(transport)
            try:
                trouble = await self.event_handler.meet(self, "CONNECT")
                if trouble.status or trouble.half:
                    transport.write(f"{_said(self, trouble)}\r\n".encode())
                    return
                await super()._handle_client()
            finally:
                open_.discard(transport)
                transport.close()

    return Door


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
