"""Which loopback port the local Airflow listens on."""

import socket
from pathlib import Path

from slipway.local.errors import PortTaken
from slipway.local.settings import HOST

USUAL = 8080


def choose(remembered: Path, asked: int | None) -> int:
    """Return the asked port, else the one used last, else the usual, else any free one; remember it.

    Raises PortTaken when the asked port is in use.
    """
    if asked is not None and not is_free(asked):
        raise PortTaken(asked)
    last = int(remembered.read_text()) if remembered.exists() else USUAL
    port = asked or next((known for known in (last, USUAL) if is_free(known)), None) or any_free()
    remembered.write_text(str(port))
    return port


def is_free(port: int) -> bool:
    """Say whether this process could listen on the port now."""
    with socket.socket() as probe:
        # A server may take over a port whose last connections are still closing; so may the probe.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
