"""What a metric asks of a source, as a value that can be compared and kept."""

import json

from slipway.kinds import Source
from slipway.run import Json


def asking(role: str, source: str, **asked: Json) -> Source:
    """Return the source (a key of metrics.sources.OPENERS) with its question, always written the same."""
    return Source(role, f"{source}:{json.dumps(asked, sort_keys=True)}")
