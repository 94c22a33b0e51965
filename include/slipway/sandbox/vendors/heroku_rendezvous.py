"""The rendezvous of the Heroku stand-in: a TCP server that a one-off dyno's output is read from."""

import os
import signal
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from subprocess import Popen
from uuid import uuid4

from slipway.sandbox.vendors.stand_in import Trouble

_Waiting = tuple[Callable[[], Popen[bytes]], Callable[[], object], Callable[[], Trouble]]


class Rendezvous:
    """Starts a command when its secret is told, sends what it prints, and ends it with the connection.

    Its troubles: any status hangs up without a word (`after`: when the command has run), `half` after the
    command's first line.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._running: dict[str, Popen[bytes]] = {}
        self._server: socketserver.ThreadingTCPServer | None = None

    def offer(
        self, start: Callable[[], Popen[bytes]], ended: Callable[[], object], met: Callable[[], Trouble]
    ) -> str:
        """Return the secret under which a command waits for who reads it.

        :param met: says what goes wrong with the connection that tells the secret
        """
        secret = uuid4().hex
        self._waiting[secret] = (start, ended, met)
        return secret

    def stop(self, secret: str) -> None:
        """Kill a command with its children."""
        self._waiting.pop(secret, None)
        if process := self._running.pop(secret, None):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    @property
    def port(self) -> int:
        """The port on loopback; the server starts when this is first asked."""
        if self._server is None:
            self._server = _serve(self)
        return int(self._server.server_address[1])

    def close(self) -> None:
        """End the server and every command."""
        for secret in tuple(self._running):
            self.stop(secret)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def attach(self, secret: str, send: Callable[[bytes], object]) -> None:
        """Send what the command prints until it ends."""
        if secret not in self._waiting:
            return
        trouble = self._waiting[secret][-1]()
        time.sleep(trouble.delay)
        waiting = self._waiting.pop(secret, None)  # it may have been stopped meanwhile
        if waiting is None or trouble.refuses:
            return
        start, ended, _ = waiting
        if not trouble.status:
            send(b"rendezvous\r\n")
        process = self._running[secret] = start()
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if not trouble.status:
                    send(line.replace(b"\n", b"\r\n"))
                if trouble.half:
                    break
        finally:
            self.stop(secret)
            process.stdout.close()
            process.wait()
            ended()


def _serve(rendezvous: Rendezvous) -> socketserver.ThreadingTCPServer:
    class Reader(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                rendezvous.attach(self.rfile.readline().decode().strip(), self.wfile.write)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Reader)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
