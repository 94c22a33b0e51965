"""Measure the metrics of an environment before anything changes in it."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.environment import Environment
from slipway.kinds import Metric, Scrape, Source, Step
from slipway.metrics.scrape import ScrapeFailed
from slipway.metrics.sources import Readings
from slipway.run import Evidence, Json, Run, pace_of
from slipway.steps.faults import NoBaseline
from slipway.steps.reach import connection

_SHORTEST_INTERVAL = 0.1  # seconds


@dataclass(frozen=True, kw_only=True)
class TakeBaseline(Step):
    """Sample metrics for a while and hand on their means, which relative thresholds compare with.

    proof["baseline"] is {metric: {"mean", "samples", "at"}}, with the seconds since the epoch of each sample.

    :param lasting: how long it measures; divided by the run parameter `pace` in a rehearsal
    :param samples: how many samples are taken in that time; never closer than 0.1 s
    :param minimum_good_samples: with fewer of a metric there is no baseline, and the step fails
    """

    metrics: Sequence[Metric]
    lasting: timedelta = timedelta(minutes=5)
    samples: int = 20
    minimum_good_samples: int = 3
    leaves_nothing: str = "measuring changes nothing in the environment"

    kind: ClassVar[str] = "take_baseline"

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that this step uses there."""
        return tuple(environment.connection(role) for role in dict.fromkeys(m.source for m in self.metrics))

    def do(self, run: Run) -> Evidence:
        """Measure once; a step that is cleared later hands on what it measured before anything was changed.

        Raises NoBaseline when a metric has too few good samples.
        """
        baseline = run.remember("baseline", lambda: self._measure(run))
        summary = "; ".join(
            f"{m.name} {baseline[m.name]['mean']:.4g} {m.unit}".rstrip() for m in self.metrics
        )
        return Evidence(proof={"baseline": baseline}, changed=False, summary=summary)

    def _measure(self, run: Run) -> dict[str, Json]:
        pace = pace_of(run)
        interval = max(self.lasting.total_seconds() / pace / self.samples, _SHORTEST_INTERVAL)
        run.log.info(
            "Taking the baseline of %s: %d metrics, %d samples, one every %.1f s",
            run.environment.label, len(self.metrics), self.samples, interval,
        )  # fmt: skip
        good = self._sample(run, interval)
        poor = [m.name for m in self.metrics if len(good[m.name]) < self.minimum_good_samples]
        if poor:
            raise NoBaseline(run.environment.label, poor, self.samples + 1)
        baseline: dict[str, Json] = {}
        for metric in self.metrics:
            values = [value for _, value in good[metric.name]]
            mean = sum(values) / len(values)
            at = [round(moment, 3) for moment, _ in good[metric.name]]
            baseline[metric.name] = {"mean": mean, "samples": values, "at": at}
            run.log.info(
                "%s: %.4g %s (%d samples, %.4g to %.4g)",
                metric.heading, mean, metric.unit, len(values), min(values), max(values),
            )  # fmt: skip
        return baseline

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Leave everything: nothing was changed."""
        return Evidence(changed=False, summary=self.leaves_nothing)

    def _sample(self, run: Run, interval: float) -> dict[str, list[tuple[float, float]]]:
        """Return the good samples of each metric as (seconds since the epoch, value)."""
        good: dict[str, list[tuple[float, float]]] = defaultdict(list)
        reader = Readings(since=time.time())
        earlier = self._read_all(run, reader)
        due = time.monotonic()
        for _ in range(self.samples):
            due += interval  # counted from the start, so that slow scrapes do not stretch the window
            time.sleep(max(0.0, due - time.monotonic()))
            later = self._read_all(run, reader)
            for metric in self.metrics:
                page = metric.reading
                if page in earlier and page in later:
                    value = metric.value(earlier[page], later[page])
                    if value is not None:
                        good[metric.name].append((later[page].at, value))
            earlier = later
        return good

    def _read_all(self, run: Run, reader: Readings) -> dict[Source, Scrape]:
        """Read each source once; one that cannot be read is left out and logged."""
        readings = {}
        for source in dict.fromkeys(metric.reading for metric in self.metrics):
            conn_id = connection(run, source.role).conn_id
            try:
                readings[source] = reader.read(conn_id, source.query)
            except ScrapeFailed as error:
                run.log.warning("%s", error)
        return readings
