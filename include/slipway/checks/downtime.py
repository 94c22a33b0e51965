"""How long the service was away, as a probe outside has measured it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Check, Scrape, Step
from slipway.metrics.scrape import scrape
from slipway.metrics.series import STARTED, Labels, has, select
from slipway.run import Evidence, Finding, Json, Run
from slipway.words import Answer

COUNTER = "probe_downtime_seconds_total"


def read(page: Scrape, counter: str, labels: Labels) -> dict[str, Json] | None:
    """Return {"seconds", "started"} of a probe's page, None where it does not have the counter."""
    found = select(page, counter, labels)
    if not has(page, counter) or not found:
        return None
    return {"seconds": sum(found.values()), "started": page.samples.get((STARTED, ()))}


@dataclass(frozen=True, kw_only=True)
class NoteDowntime(Step):
    """Note the downtime that the probe has counted so far, for a Downtime check later on.

    :param labels: label -> regular expression; picks this environment's series of the probe
    """

    counter: str = COUNTER
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = "/metrics"
    leaves_nothing: str = "it only looks"

    kind: ClassVar[str] = "note_downtime"
    needs: ClassVar[tuple[str, ...]] = ("probe",)

    def do(self, run: Run) -> Evidence:
        """Read the probe once. Raises ScrapeFailed."""
        noted = run.remember("downtime", lambda: self._read(run))
        seconds = noted.get("seconds")
        summary = "the probe counts no downtime yet" if seconds is None else f"{seconds:.1f} s so far"
        return Evidence(proof={"downtime": noted}, changed=False, summary=summary)

    def _read(self, run: Run) -> dict[str, Json]:
        return read(scrape(run.environment.probe, self.path), self.counter, self.labels) or {}


@dataclass(frozen=True, kw_only=True)
class Downtime(Check):
    """Hold the downtime since a NoteDowntime step against a limit; no data is INCONCLUSIVE.

    :param limit: this much is still allowed
    :param since: that step's task, e.g. "production.note_downtime"
    :param labels: label -> regular expression; picks this environment's series of the probe
    """

    limit: timedelta
    since: str
    counter: str = COUNTER
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = "/metrics"

    kind: ClassVar[str] = "downtime"
    needs: ClassVar[tuple[str, ...]] = ("probe",)

    def probe(self, run: Run) -> Finding:
        """Read the probe and compare. Raises ScrapeFailed."""
        evidence = run.evidence(self.since)
        noted = evidence.proof.get("downtime") if evidence else None
        now = read(scrape(run.environment.probe, self.path), self.counter, self.labels)
        return self.judge(noted or None, now)

    def judge(self, noted: Mapping[str, Json] | None, now: Mapping[str, Json] | None) -> Finding:
        """Compare two readings of the probe."""
        if now is None or noted is None or noted["seconds"] is None:
            who = "the probe" if now is None else self.since
            return Finding(answer=Answer.INCONCLUSIVE, summary=f"{who} has no figure for the downtime")
        if noted["started"] != now["started"] or now["seconds"] < noted["seconds"]:
            summary = "the probe began anew since the downtime was noted"
            return Finding(answer=Answer.INCONCLUSIVE, summary=summary, evidence={"now": dict(now)})
        seconds, limit = now["seconds"] - noted["seconds"], self.limit.total_seconds()
        return Finding(
            answer=Answer.PASS if seconds <= limit else Answer.FAIL,
            summary=f"{seconds:.1f} s of downtime, allowed {limit:g} s",
            evidence={"seconds": round(seconds, 3), "limit": limit, "before": dict(noted), "now": dict(now)},
        )
