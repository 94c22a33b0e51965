"""Servers on an event loop, served from a thread of this process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_a_thread(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Hold a server open on a loop of its own; what it raises while it opens is raised here."""
    opened, end = threading.Event(), threading.Event()
    made: list[T] = []
    faults: list[BaseException] = []

    async def serve() -> None:
        try:
            async with server as found:
                made.append(found)
                opened.set()
                await asyncio.to_thread(end.wait)
        except BaseException as fault:
            faults.append(fault)
            opened.set()
            raise

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    opened.wait(10)
    if not made:
        thread.join(10)
        raise faults[0] if faults else TimeoutError("it did not open within 10 s")
    try:
        yield made[0]
    finally:
        end.set()
        thread.join(10)
