"""How many new issues Sentry has."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Metric, Scrape, Source
from slipway.metrics.asking import asking
from slipway.metrics.sources.sentry import ISSUES


@dataclass(frozen=True, kw_only=True)
class SentryIssues(Metric):
    """The number of issues that were first seen since the watch began, or `before` that.

    :param organization: its slug
    :param project: its slug
    :param search: more of Sentry's search syntax, e.g. "level:fatal"
    :param in_environment: Sentry's name of the environment; all if left out
    :param before: reaches back before the watch, e.g. as long as the deployment takes
    """

    organization: str
    project: str
    search: str = "is:unresolved"
    in_environment: str = ""
    before: timedelta = timedelta(0)
    source: str = "sentry"

    kind: ClassVar[str] = "sentry_issues"

    @property
    def reading(self) -> Source:
        """The project's new issues."""
        return asking(
            self.source,
            "sentry",
            organization=self.organization,
            project=self.project,
            search=self.search,
            environment=self.in_environment,
            before=self.before.total_seconds(),
        )

    def value(self, earlier: Scrape, later: Scrape) -> float | None:
        """Return how many there are by now."""
        return later.samples.get((ISSUES, ()))
