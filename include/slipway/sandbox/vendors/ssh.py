"""A stand-in for a deployment server: a real SSH server on loopback that runs real commands in a folder."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.sandbox.vendors.stand_in import Call, StandIn
from slipway.sandbox.vendors.threaded import in_a_thread


@dataclass(kw_only=True)
class SshServer:
    """The server and what it may be asked; its window `stand_in` is served over HTTP.

    The calls that its troubles can match: "LOGIN <login>" (any status hangs up) and "EXEC <command>" (the
    status is an exit status). `half` hangs up in the middle of the output.

    :param home: the login's home, where commands begin
    :param authorized_key: a public key that may log in besides the password, as in authorized_keys
    :param variables: what commands see besides PATH and HOME
    """

    home: Path
    login: str = "deploy"
    password: str = "sandbox"
    authorized_key: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    port: int = 0
    host_key: str = ""  # its public part, known once it listens
    stand_in: StandIn = field(default_factory=lambda: _window())
    connections: list[Any] = field(default_factory=list)
    running: dict[int, Any] = field(default_factory=dict)  # the connection of each process that runs
    loop: asyncio.AbstractEventLoop | None = None

    def cut(self) -> None:
        """Cut all connections, as a broken network does."""
        assert self.loop is not None
        for connection in list(self.connections):
            self.loop.call_soon_threadsafe(connection.abort)


@asynccontextmanager
async def listening(state: SshServer) -> AsyncIterator[SshServer]:
    """Listen on loopback, at `state.port` or a free one; a host key of its own is kept beside the home."""
    import asyncssh

    key = _host_key(state.home)
    state.host_key = _public(key)
    state.loop = asyncio.get_running_loop()
    server = await asyncssh.create_server(
        lambda: _door(state),
        "127.0.0.1",
        state.port,
        server_host_keys=[key],
        process_factory=lambda process: _run(state, process),
        encoding=None,
    )
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for connection in list(state.connections):
            connection.abort()
        await server.wait_closed()


@contextmanager
def serving_ssh(state: SshServer) -> Iterator[SshServer]:
    """Serve it from a thread of this process."""
    with in_a_thread(listening(state)) as opened:
        yield opened


def host_key_of(home: Path) -> str:
    """Return the public part of the host key of the server with this home, as a connection wants it."""
    return _public(_host_key(home))


def _host_key(home: Path) -> Any:
    """Return the key; whoever asks first makes it, be it the server or who tells others of it."""
    import asyncssh

    place = home.parent / f"{home.name}.host_key"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f"{place.name}.{os.getpid()}")
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(made))
        with suppress(FileExistsError):
            os.link(made, place)
        made.unlink()
    return asyncssh.read_private_key(str(place))


def _public(key: Any) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def _window() -> StandIn:
    from flask import Flask

    return StandIn(app=Flask("ssh"), error=lambda status, said: ({"error": said}, status))


def _door(state: SshServer) -> Any:
    import asyncssh

    class Door(asyncssh.SSHServer):
        def connection_made(self, conn: Any) -> None:
            self.conn = conn
            state.connections.append(conn)

        def connection_lost(self, exc: Exception | None) -> None:
            state.connections.remove(self.conn)
            for pid in [pid for pid, its in state.running.items() if its is self.conn]:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGHUP)

        async def begin_auth(self, username: str) -> bool:
            trouble = state.stand_in.meet(Call(method="LOGIN", path=username))
            await asyncio.sleep(trouble.delay)
            if trouble.status or trouble.half:
                self.conn.abort()
            if state.authorized_key:
                self.conn.set_authorized_keys(asyncssh.import_authorized_keys(state.authorized_key))
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (state.login, state.password)

    return Door()


async def _run(state: SshServer, process: Any) -> None:
    """Run one command. When the connection is lost, its session is hung up on, as sshd does."""
    trouble = state.stand_in.meet(Call(method="EXEC", path=process.command or ""))
    connection = process.channel.get_connection()
    await asyncio.sleep(trouble.delay)
    if trouble.refuses:
        process.exit(trouble.status)
        return
    path = os.environ.get("PATH", os.defpath)
    child = await asyncio.create_subprocess_shell(
        process.command or "exit 0",
        cwd=state.home,
        env={"PATH": path, "HOME": str(state.home), **state.variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    state.running[child.pid] = connection
    try:
        output, errors = await child.communicate()
    finally:
        del state.running[child.pid]
    with suppress(OSError):  # nobody listens any more
        if trouble.half:
            process.stdout.write(output[: len(output) // 2])
            await process.stdout.drain()
            connection.abort()
            return
        process.stdout.write(output)
        process.stderr.write(errors)
        process.exit(trouble.status or child.returncode or 0)
