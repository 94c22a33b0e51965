"""Reading what a one-off dyno prints, through Heroku's rendezvous: a socket that is named by a secret."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import SplitResult, urlsplit

_GREETING = "rendezvous"  # what it says before anything that the dyno prints
_PORT = 5000
CONNECT_WITHIN = 30.0  # seconds
_ABOUT = 0.05  # seconds that a socket may be early
GREETS_WITHIN = 120.0  # seconds from the secret to the greeting; a dyno may take long to come up


def lines_of(address: str, *, tls: bool, deadline: float) -> Iterator[str]:
    """Yield line after line, until the dyno ends.

    :param address: rendezvous://host:port/secret; never log it
    :param deadline: on the monotonic clock
    Raises TimeoutError after that, and OSError if the connection fails or no greeting comes.
    """
    with _connected(address, tls=tls, deadline=deadline) as stream:
        first, rest = True, b""
        data = _greeting(stream, deadline)
        while data:
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                text = line.decode(errors="replace").rstrip("\r")
                if not (first and text == _GREETING):
                    yield text
                first = False
            data = _more(stream, deadline)
        if rest:
            yield rest.decode(errors="replace").rstrip("\r")


@contextmanager
def _connected(address: str, *, tls: bool, deadline: float) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with ExitStack() as open_:
        try:
            stream = _stream(place, tls=tls, patience=min(CONNECT_WITHIN, _left(deadline)), open_=open_)
        except TimeoutError as error:
            raise _too_late(f"no connection to {place.hostname}", CONNECT_WITHIN, deadline) from error
        yield stream


def _stream(place: SplitResult, *, tls: bool, patience: float, open_: ExitStack) -> socket.socket:
    host = place.hostname or ""
    stream = socket.create_connection((host, place.port or _PORT), timeout=patience)
    open_.enter_context(stream)
    if tls:
        stream = open_.enter_context(ssl.create_default_context().wrap_socket(stream, server_hostname=host))
    stream.sendall(f"{place.path.lstrip('/')}\r\n".encode())
    return stream


def _greeting(stream: socket.socket, deadline: float) -> bytes:
    try:
        return _more(stream, min(deadline, time.monotonic() + GREETS_WITHIN))
    except TimeoutError as error:
        raise _too_late("no greeting", GREETS_WITHIN, deadline) from error


def _too_late(what: str, seconds: float, deadline: float) -> OSError:
    """Tell the rendezvous that does not answer from the dyno whose own time is over."""
    if time.monotonic() >= deadline - _ABOUT:
        return TimeoutError()
    return ConnectionError(f"{what} within {seconds:g} s")


def _more(stream: socket.socket, deadline: float) -> bytes:
    stream.settimeout(_left(deadline))
    return stream.recv(65536)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
