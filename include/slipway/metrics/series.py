"""Picking series out of a scrape, and how much a counter grew between two."""

import math
import re
from collections.abc import Mapping

from slipway.kinds import Scrape

Labels = Mapping[str, str]  # label -> regular expression that must match the whole value
Key = tuple[str, tuple[tuple[str, str], ...]]

STARTED = "process_start_time_seconds"


def has(scrape: Scrape, name: str) -> bool:
    """Tell whether a scrape holds any series of that name."""
    return any(key[0] == name for key in scrape.samples)


def select(scrape: Scrape, name: str, labels: Labels) -> dict[Key, float]:
    """Return the series of that name whose labels match; a label that is not there counts as ""."""
    return {
        key: value
        for key, value in scrape.samples.items()
        if key[0] == name and not math.isnan(value) and _match(dict(key[1]), labels)
    }


def _match(given: Mapping[str, str], wanted: Labels) -> bool:
    return all(re.fullmatch(pattern, given.get(label, "")) for label, pattern in wanted.items())


def increases(earlier: Scrape, later: Scrape, name: str, labels: Labels) -> dict[Key, float]:
    """Return how much each matching counter grew.

    A series that was not there before began at 0. After a restart of the process all of the new value is
    growth: what came between the earlier scrape and the restart is not known.
    """
    before = {} if restarted(earlier, later) else earlier.samples
    grown = {key: (value, before.get(key, 0.0)) for key, value in select(later, name, labels).items()}
    return {key: value - old if value >= old else value for key, (value, old) in grown.items()}


def increase(earlier: Scrape, later: Scrape, name: str, labels: Labels) -> float | None:
    """Return the growth of all matching counters together, or None where the page has no such counter."""
    if not has(later, name):
        return None
    return sum(increases(earlier, later, name, labels).values())


def restarted(earlier: Scrape, later: Scrape) -> bool:
    """Tell whether the process says that it began anew between two scrapes."""
    key: Key = (STARTED, ())
    old, new = earlier.samples.get(key), later.samples.get(key)
    return old is not None and new is not None and old != new
