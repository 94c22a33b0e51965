"""Reading metrics, first of all a page in Prometheus's text format, in a task or in a trigger."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from slipway.errors import SlipwayError, in_one_line
from slipway.kinds import Samples, Scrape
from slipway.vendor_faults import CallRefused

TIMEOUT = 10.0  # seconds for one page
UNWOUND = ("_total", "_count", "_sum", "_bucket")


class ScrapeFailed(SlipwayError):
    """A metrics page, or another source of metrics, could not be read."""

    def __init__(self, conn_id: str, path: str, error: BaseException) -> None:
        self.conn_id, self.path = conn_id, path
        self.why = str(error) if isinstance(error, SlipwayError) else f"{in_one_line(error)}."
        kind = f"page {path}" if path.startswith("/") else path.partition(":")[0]
        super().__init__(f"The metrics {kind} of the connection {conn_id} could not be read: {self.why}")


def parse(text: str, at: float) -> Scrape:
    """Parse a page read `at` seconds since the epoch; raises ValueError for what is no metrics page."""
    from prometheus_client.parser import text_string_to_metric_families

    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    if not samples:
        raise ValueError("the page holds no samples")
    return Scrape(at=at, samples=samples)


def scrape(conn_id: str, path: str = "/metrics") -> Scrape:
    """Read a metrics page now; raises ScrapeFailed."""
    from airflow.providers.http.hooks.http import HttpHook

    try:
        answer = HttpHook(method="GET", http_conn_id=conn_id).run(path, extra_options={"timeout": TIMEOUT})
        return parse(answer.text, time.time())
    except Exception as error:  # every way to fail means the same: no reading
        raise ScrapeFailed(conn_id, path, error) from error


async def scrape_async(conn_id: str, path: str = "/metrics", timeout: float = TIMEOUT) -> Scrape:
    """Read a metrics page once without blocking the event loop; raises ScrapeFailed."""
    async with Reader(timeout=timeout) as reader:
        return await reader.read(conn_id, path)


class Reader:
    """Reads metrics again and again without blocking the event loop; keeps connections open.

    Resolving an Airflow connection asks the supervisor, so it is done once for each and not at every reading.

    :param since: seconds since the epoch from which sources that keep a history count
    """

    def __init__(self, timeout: float = TIMEOUT, since: float | None = None) -> None:
        self.timeout = timeout
        self.since = time.time() if since is None else since
        self._opened: dict[tuple[str, tuple[str, ...]], Callable[[], list[Samples]]] = {}
        self._open = AsyncExitStack()
        self._sessions: dict[str, Any] = {}

    async def __aenter__(self) -> "Reader":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._open.aclose()

    async def read(self, conn_id: str, path: str) -> Scrape:
        """Read a page now, or what a source of metrics.sources has; raises ScrapeFailed."""
        [scrape] = await self._called(conn_id, [path])
        return scrape

    async def read_all(
        self, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Scrape | ScrapeFailed]:
        """Read several (connection id, path or query) now, at once and in as few calls as possible.

        What a call was refused for is asked for one by one: one wrong figure takes no other with it. Of any
        other failure all have the same that the call would have read.
        """
        import asyncio

        from slipway.metrics.sources import together

        calls = together(wanted)
        answers = await asyncio.gather(*(self._tried(*call) for call in calls))
        return {
            (conn_id, query): answer
            for (conn_id, queries), found in zip(calls, answers, strict=True)
            for query, answer in zip(queries, found, strict=True)
        }

    async def _tried(self, conn_id: str, queries: Sequence[str]) -> Sequence[Scrape | ScrapeFailed]:
        import asyncio

        try:
            return await self._called(conn_id, queries)
        except ScrapeFailed as failure:
            if len(queries) == 1 or not isinstance(failure.__cause__, CallRefused):
                return [failure] * len(queries)
        alone = await asyncio.gather(*(self._tried(conn_id, [query]) for query in queries))
        return [answer for [answer] in alone]

    async def _called(self, conn_id: str, queries: Sequence[str]) -> Sequence[Scrape]:
        import asyncio

        try:
            async with asyncio.timeout(self.timeout):
                if not queries[0].startswith("/"):
                    return await self._ask(conn_id, tuple(queries))
                session = await self._session(conn_id)
                answer = await session.run(queries[0])
                return [parse(await answer.text(), time.time())]
        except Exception as error:  # every way to fail means the same: no reading
            raise ScrapeFailed(conn_id, queries[0], error) from error

    async def _ask(self, conn_id: str, queries: tuple[str, ...]) -> Sequence[Scrape]:
        import asyncio

        from airflow.sdk import BaseHook

        from slipway.metrics.sources import opened

        if (conn_id, queries) not in self._opened:
            found = await BaseHook.aget_connection(conn_id)
            self._opened[conn_id, queries] = await asyncio.to_thread(opened, found, queries, self.since)
        samples = await asyncio.to_thread(self._opened[conn_id, queries])
        return [Scrape(at=time.time(), samples=each) for each in samples]

    async def _session(self, conn_id: str) -> Any:
        from airflow.providers.http.hooks.http import HttpAsyncHook

        if conn_id not in self._sessions:
            hook = HttpAsyncHook(method="GET", http_conn_id=conn_id, retry_limit=1)
            self._sessions[conn_id] = await self._open.enter_async_context(hook.session())
        return self._sessions[conn_id]


def unwind(before: Scrape, unwound: Scrape, after: Scrape) -> Scrape:
    """Return `after` with its counters carried on from `unwound`, as if the process had never restarted.

    `unwound` is the same moment as `before`. So a figure over a whole window keeps what was counted before
    a restart in it.
    """
    from slipway.metrics.series import STARTED, increases

    started = (STARTED, ())
    samples = dict(after.samples)
    for name in {key[0] for key in after.samples if key[0].endswith(UNWOUND)}:
        grown = increases(before, after, name, {})
        samples.update({key: unwound.samples.get(key, 0.0) + more for key, more in grown.items()})
    if started in unwound.samples:
        samples[started] = unwound.samples[started]
    return Scrape(at=after.at, samples=samples)
