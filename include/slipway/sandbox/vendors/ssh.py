"""A stand-in for a deployment server: a real SSH server on loopback that runs real commands in a folder."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.sandbox.vendors.stand_in import ASKED_FOR, StandIn, Trouble


@dataclass(kw_only=True)
class SshServer:
    """The server and what it may be asked.

    :param home: the login's home, where commands begin
    :param authorized_key: a public key that may log in besides the password, as in authorized_keys
    :param variables: what commands see besides PATH and HOME
    :param trouble: says what goes wrong with "EXEC command": a delay before it begins, a status instead of
        running it, or run and the connection cut before it is told how it ended (`after` or `half`)
    """

    home: Path
    login: str = "deploy"
    password: str = "sandbox"
    authorized_key: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    trouble: Callable[[str], Trouble | None] = lambda command: None
    port: int = 0
    host_key: str = ""  # its public part, known once it listens
    commands: list[str] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)
    running: dict[int, Any] = field(default_factory=dict)  # the connection of each process that runs
    loop: asyncio.AbstractEventLoop | None = None

    def cut(self) -> None:
        """Cut all connections, as a broken network does."""
        assert self.loop is not None
        for connection in list(self.connections):
            self.loop.call_soon_threadsafe(connection.abort)


def window_of(state: SshServer) -> StandIn:
    """Return what is told of trouble beside the server; it shows the commands at GET /commands."""
    from flask import Flask, jsonify

    app = Flask("ssh")

    @app.get("/commands")
    def commands() -> Any:
        return jsonify(state.commands)

    made = StandIn(app=app, error=lambda status, said: ({"error": said}, status))
    state.trouble = made.next_trouble
    return made


@asynccontextmanager
async def listening(state: SshServer) -> AsyncIterator[SshServer]:
    """Listen on loopback, at `state.port` or a free one; a host key of its own is kept beside the home."""
    import asyncssh

    key_file = state.home.parent / f"{state.home.name}.host_key"
    if not key_file.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key_file))
    key = asyncssh.read_private_key(str(key_file))
    state.host_key = " ".join(key.export_public_key().decode().split()[:2])
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
    ready, end = threading.Event(), threading.Event()

    async def serve() -> None:
        async with listening(state):
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield state
    finally:
        end.set()
        thread.join(10)


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

        def begin_auth(self, username: str) -> bool:
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
    state.commands.append(process.command or "")
    trouble = state.trouble(f"EXEC {process.command or ''}") or Trouble()
    await asyncio.sleep(trouble.delay)
    if trouble.status and not trouble.after:
        process.stderr.write(f"{ASKED_FOR}\n".encode())
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
    state.running[child.pid] = process.channel.get_connection()
    try:
        output, errors = await child.communicate()
    finally:
        del state.running[child.pid]
    if trouble.after or trouble.half:
        process.channel.get_connection().abort()
        return
    with suppress(OSError):  # nobody listens any more
        process.stdout.write(output)
        process.stderr.write(errors)
        process.exit(child.returncode or 0)
