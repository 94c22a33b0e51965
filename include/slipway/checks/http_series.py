"""The same HTTP request many times, judged together: it says how a service answers when nobody else asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles
from typing import ClassVar

from slipway.checks.calls import NoAnswer, ask
from slipway.checks.expect import Question, judge
from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.words import Answer

LEAST = 5  # answers of which a median or a percentile says something


@dataclass(frozen=True, kw_only=True)
class HttpSeries(Check):
    """Ask the service many times, one request after the other, and judge the answers together.

    It sends its own requests, so it also tells at night whether errors and slowness are gone. It ends as soon
    as more have failed than may.

    :param role: whom to ask: "service", or another role of the environment
    :param times: how many requests; with fewer than five answers a limit on their times is INCONCLUSIVE
    :param status: the statuses that pass
    :param failed_at_most: percent of the requests that may be answered otherwise, or not at all
    :param median_within: the longest that half of the answers may take
    :param p95_within: the longest that 95 of 100 answers may take
    :param timeout: of each request
    """

    path: str
    times: int = 50
    headers: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[int] = (200,)
    failed_at_most: float = 0.0
    median_within: timedelta | None = None
    p95_within: timedelta | None = None
    timeout: timedelta = timedelta(seconds=10)
    role: str = "service"

    kind: ClassVar[str] = "http_series"

    def probe(self, run: Run) -> Finding:
        """Ask and judge; raises NoAnswer where no request at all was answered."""
        question = Question(
            conn_id=run.environment.connection(self.role),
            path=self.path,
            headers=self.headers,
            status=self.status,
            timeout=self.timeout,
        )
        took: list[float] = []
        faults: list[str] = []
        asked, unanswered, silence = 0, 0, None
        while asked < self.times and not self._too_many(len(faults)):
            asked += 1
            try:
                reply = ask(question)
            except NoAnswer as error:
                silence, unanswered = error, unanswered + 1
                faults.append(error.why)
                continue
            finding = judge(question, reply)
            if finding.answer is Answer.PASS:
                took.append(reply.seconds)
            else:
                faults.append(str(finding.evidence["faults"][0]))
        if silence and unanswered == asked:
            raise silence
        return self._judged(asked, took, faults)

    def _too_many(self, failed: int) -> bool:
        return failed > self.times * self.failed_at_most / 100

    def _judged(self, asked: int, took: Sequence[float], faults: Sequence[str]) -> Finding:
        evidence: dict[str, Json] = {"requests": asked, "failed": len(faults)}
        beyond = []
        if self._too_many(len(faults)):
            beyond.append(f"{len(faults)} of {asked} failed, the last with: {faults[-1]}")
        if len(took) > 1:
            half, most = 1000 * median(took), 1000 * quantiles(took, n=20)[-1]
            evidence |= {"median_ms": round(half, 1), "p95_ms": round(most, 1)}
            beyond += _slower("median", half, self.median_within) + _slower("p95", most, self.p95_within)
        said = ", ".join(beyond) or _fine(evidence)
        answer = Answer.FAIL if beyond else Answer.PASS
        if answer is Answer.PASS and (self.median_within or self.p95_within) and len(took) < LEAST:
            answer, said = Answer.INCONCLUSIVE, f"{len(took)} answers are too few to tell how long they take"
        return Finding(answer=answer, summary=f"GET {self.path}: {said}", evidence=evidence)


def _slower(name: str, milliseconds: float, within: timedelta | None) -> list[str]:
    allowed = within / timedelta(milliseconds=1) if within else None
    if allowed is None or milliseconds <= allowed:
        return []
    return [f"{name} {milliseconds:.0f} ms, allowed {allowed:.0f} ms"]


def _fine(evidence: Mapping[str, Json]) -> str:
    asked, said = evidence["requests"], ""
    if "median_ms" in evidence:
        said = f", median {evidence['median_ms']:.0f} ms, p95 {evidence['p95_ms']:.0f} ms"
    return f"{asked - evidence['failed']} of {asked} requests as expected{said}"
