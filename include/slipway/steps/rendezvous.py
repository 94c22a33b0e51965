"""Reading what a one-off dyno prints, through Heroku's rendezvous: a socket that is named by a secret."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_GREETING = "rendezvous"  # what it says before anything that the dyno prints
_PORT = 5000
_CONNECT = 30.0  # seconds


def lines_of(address: str, *, tls: bool, deadline: float) -> Iterator[str]:
    """Yield line after line, until the dyno ends.

    :param address: rendezvous://host:port/secret; never log it
    :param deadline: on the monotonic clock
    Raises TimeoutError after that, and OSError if the connection fails.
    """
    with _connected(address, tls=tls, deadline=deadline) as stream:
        first, rest = True, b""
        while data := _more(stream, deadline):
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                text = line.decode(errors="replace").rstrip("\r")
                if not (first and text == _GREETING):
                    yield text
                first = False
        if rest:
            yield rest.decode(errors="replace").rstrip("\r")


@contextmanager
def _connected(address: str, *, tls: bool, deadline: float) -> Iterator[socket.socket]:
    place = urlsplit(address)
    host = place.hostname or ""
    try:
        plain = socket.create_connection((host, place.port or _PORT), timeout=min(_CONNECT, _left(deadline)))
    except TimeoutError as error:  # not the dyno's fault, so not its timeout either
        raise ConnectionError(f"no connection to {host} within {_CONNECT:g} s") from error
    with plain:
        stream = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if tls else plain
        with stream:
            stream.sendall(f"{place.path.lstrip('/')}\r\n".encode())
            yield stream


def _more(stream: socket.socket, deadline: float) -> bytes:
    stream.settimeout(_left(deadline))
    return stream.recv(65536)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
