"""What a metric asks of a source, as a value that can be compared and kept."""

import json
from dataclasses import dataclass

from slipway.kinds import Metric, Scrape, Source
from slipway.run import Json

VALUE = "value"  # the series of a source that gives one figure


def asking(role: str, source: str, **asked: Json) -> Source:
    """Return the source, one that metrics.sources knows, with its question, always written the same."""
    return Source(role, f"{source}:{json.dumps(asked, sort_keys=True)}")


@dataclass(frozen=True, kw_only=True)
class AskedFigure(Metric):
    """The one figure that a source gives now, times `scale`; it looks back less far than a checkpoint."""

    scale: float = 1.0

    @property
    def momentary(self) -> bool:
        """What there is now."""
        return True

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return the figure, or None where the source gives none."""
        found = later.samples.get((VALUE, ()))
        return None if found is None else found * self.scale
