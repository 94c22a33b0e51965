"""How many events of a log match, in Amazon CloudWatch Logs."""

from dataclasses import dataclass
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.series import increase
from slipway.metrics.sources.cloud_watch_logs import MATCHED, SEEN


@dataclass(frozen=True, kw_only=True)
class LogCount(Metric):
    """The number of events that match between two readings. A log in which nothing came at all is no data.

    :param group: the log group, e.g. "/communityshare/api"
    :param pattern: CloudWatch's filter syntax, e.g. '{ $.level = "ERROR" }'
    """

    group: str
    pattern: str
    source: str = "aws"

    kind: ClassVar[str] = "log_count"

    @property
    def reading(self) -> Source:
        """The group's matching events."""
        return asking(self.source, "cloud_watch_logs", group=self.group, pattern=self.pattern, field="")

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many matched, or None where the log is silent."""
        return increase(earlier, later, MATCHED, {}) if increase(earlier, later, SEEN, {}) else None
