"""Addresses that lead to one of several services, and can be led to another between two requests."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile(rb"^connection:\s*close", re.IGNORECASE | re.MULTILINE)
_DOWN = b"Application Error"
_NOBODY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"
_ANSWER_WITHIN = 30.0  # seconds
_Line = tuple[int, asyncio.StreamReader, asyncio.StreamWriter]  # to the service at a port


class Doors:
    """Doors by port. `behind` is the port of the service that each leads to, 0 for none."""

    def __init__(self, behind: Mapping[int, int]) -> None:
        self.behind = dict(behind)

    def lead(self, behind: Mapping[int, int]) -> None:
        """Lead all doors anew at one stroke; a request under way is still answered by the old service."""
        self.behind = dict(behind)

    async def walk_through(
        self, door: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer the requests of one client until it goes."""
        line: _Line | None = None
        try:
            while request := await _message(reader):
                line, answer = await self._ask(door, line, request)
                writer.write(answer)
                await writer.drain()
                if _CLOSE.search(request) or _CLOSE.search(answer):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return  # the client has gone
        finally:
            for each in (writer, line and line[2]):
                if each:
                    each.close()

    async def _ask(self, door: int, line: _Line | None, request: bytes) -> tuple[_Line | None, bytes]:
        """Hand a request to the service behind a door; what no service takes is answered with 503."""
        port = self.behind.get(door, 0)
        if line and line[0] != port:
            line[2].close()
            line = None
        for known in (line, None):  # a line that is known may have been closed meanwhile
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                used = known or (port, *await asyncio.open_connection("127.0.0.1", port))
                used[2].write(request)
                if answer := await asyncio.wait_for(_message(used[1]), _ANSWER_WITHIN):
                    return used, answer
        return None, _NOBODY % (len(_DOWN), _DOWN)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a request or an answer with its body, b"" at the end of the line."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return b""
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


@contextmanager
def opened(doors: Doors) -> Iterator[None]:
    """Open the doors in a thread of their own. Raises OSError when one cannot be opened."""
    begun, loop, ended = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    fault: list[OSError] = []

    def work() -> None:
        try:
            loop.run_until_complete(_keep_open(doors, begun, ended))
        except OSError as error:
            fault.append(error)
        finally:
            begun.set()
            loop.close()

    thread = threading.Thread(target=work, daemon=True, name="doors")
    thread.start()
    begun.wait()
    if fault:
        raise fault[0]
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)


async def _keep_open(doors: Doors, begun: threading.Event, ended: asyncio.Event) -> None:
    visits: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def at(door: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            visit = asyncio.ensure_future(doors.walk_through(door, reader, writer))
            visits[visit] = writer
            visit.add_done_callback(visits.pop)

        return enter

    servers = [await asyncio.start_server(at(door), "127.0.0.1", door, backlog=128) for door in doors.behind]
    begun.set()
    await ended.wait()
    for server in servers:
        server.close()
    for writer in visits.values():
        writer.close()  # who stands in a door is let out; a request under way is given up
    for visit in list(visits):
        visit.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
