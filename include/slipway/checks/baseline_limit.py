"""Metrics now against the baseline, as one checkpoint of a watch would judge them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.codec import to_json
from slipway.environment import Environment
from slipway.kinds import Check, Metric, Scrape, Source
from slipway.metrics.scrape import ScrapeFailed
from slipway.metrics.sources import Readings
from slipway.plan import DecisionMatrix
from slipway.run import Evidence, Finding, Run, pace_of
from slipway.watch.course import Progress, Terms, situation, take
from slipway.watch.judge import judge, overall
from slipway.watch.render import figure, table
from slipway.watching import Threshold, Watch
from slipway.words import Answer

_SHORTEST_IN_A_REHEARSAL = 1.0  # seconds between two samples


@dataclass(frozen=True, kw_only=True)
class BaselineLimit(Check):
    """Sample metrics for a moment and judge them by thresholds.

    :param baseline: the task that took the baseline, e.g. "production.take_baseline"
    :param lasting: how long it measures; the run parameter `pace` of a rehearsal divides it, to a second
        between two samples at the least
    :param samples: how many samples are taken in that time
    """

    metrics: Sequence[Metric]
    thresholds: Sequence[Threshold]
    baseline: str = ""
    lasting: timedelta = timedelta(seconds=5)
    samples: int = 5

    kind: ClassVar[str] = "baseline_limit"

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that its metrics are read from."""
        return tuple(environment.connection(role) for role in dict.fromkeys(m.source for m in self.metrics))

    def probe(self, run: Run) -> Finding:
        """Sample and judge; pages that cannot be read leave too few good samples: INCONCLUSIVE."""
        terms = self._terms(baseline_of(run.evidence(self.baseline)) if self.baseline else {})
        progress, reader = Progress(), Readings(since=time.time())
        apart = self._apart(pace_of(run))
        for number in range(self.samples + 1):  # the first reading is only where the first sample begins
            if number:
                time.sleep(apart)
            readings = {source: _read(run, reader, source) for source in terms.sources}
            progress = take(progress, terms, number * apart, readings)
        return self._judge(run, progress, terms)

    def _apart(self, pace: float) -> float:
        """Return the seconds between two samples."""
        planned = self.lasting.total_seconds() / self.samples
        return min(planned, max(planned / pace, _SHORTEST_IN_A_REHEARSAL))

    def _terms(self, baseline: Mapping[str, float]) -> Terms:
        watch = Watch(
            metrics=self.metrics,
            thresholds=self.thresholds,
            checkpoints=(),
            minimum_good_samples=max(1, self.samples // 2),
        )
        return Terms(watch=watch, matrix=DecisionMatrix(rules=()), baseline=baseline)

    def _judge(self, run: Run, progress: Progress, terms: Terms) -> Finding:
        rows = judge(situation(progress, terms, figures=True))
        run.log.info("\n%s", table(rows))
        answer = overall(rows)
        worst = [row for row in rows if row.answer is answer and not row.observe_only] or rows
        said = ", ".join(f"{row.metric} {figure(row.value, row.unit)}" for row in worst)
        return Finding(answer=answer, summary=_summary(answer, said), evidence={"rows": to_json(rows)})


def _summary(answer: Answer, said: str) -> str:
    words = {Answer.PASS: "within the limits", Answer.FAIL: "beyond the limit"}
    return f"{words.get(answer, 'too little data')}: {said}"


def _read(run: Run, reader: Readings, source: Source) -> Scrape | None:
    try:
        return reader.read(run.environment.connection(source.role), source.query)
    except ScrapeFailed as failure:
        run.log.warning("%s", failure)
        return None


def baseline_of(evidence: Evidence | None) -> dict[str, float]:
    """Return metric -> mean from the evidence of a taken baseline; metrics without data are left out."""
    taken = evidence.proof.get("baseline", {}) if evidence else {}
    return {name: entry["mean"] for name, entry in taken.items() if entry.get("mean") is not None}
