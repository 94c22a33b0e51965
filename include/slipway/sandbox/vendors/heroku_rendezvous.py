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


class Rendezvous:
    """Starts a command when its secret is told, sends what it prints, and ends it with the connection.

    :param trouble: says what goes wrong with "ATTACH command": a delay before anything, a line that is cut
        before the command begins (`status`), or after the first line that it prints (`half`)
    """

    def __init__(self, trouble: Callable[[str], Trouble | None]) -> None:
        self._trouble = trouble
        self._waiting: dict[str, tuple[str, Callable[[], Popen[bytes]], Callable[[], object]]] = {}
        self._running: dict[str, Popen[bytes]] = {}
        self._server: socketserver.ThreadingTCPServer | None = None

    def offer(self, command: str, start: Callable[[], Popen[bytes]], ended: Callable[[], object]) -> str:
        """Return the secret under which a command waits for who reads it."""
        secret = uuid4().hex
        self._waiting[secret] = (command, start, ended)
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
        command, _, _ = self._waiting.get(secret, ("", None, None))
        trouble = self._trouble(f"ATTACH {command}") or Trouble()
        time.sleep(trouble.delay)
        if secret not in self._waiting:  # stopped meanwhile, or never offered
            return
        _, start, ended = self._waiting.pop(secret)
        if trouble.status:
            ended()
            return
        send(b"rendezvous\r\n")
        process = self._running[secret] = start()
        assert process.stdout is not None
        try:
            for number, line in enumerate(process.stdout):
                if number and trouble.half:
                    break
                send(line.replace(b"\n", b"\r\n"))
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
