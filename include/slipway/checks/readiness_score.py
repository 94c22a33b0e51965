"""The readiness of a release as a score with a floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.words import Answer


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the score, 0 to 100.

    :param score: what the plan's document states; None if only a person can tell, by the parameter
    :param parameter: a run parameter that replaces `score` when it is given
    """

    title: str
    score: float | None = None
    parameter: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadinessScore(Check):
    """Compute the mean of the parts and hold it against a floor.

    :param floor: the least mean that passes
    :param ready_from: a mean below it passes as CONDITIONAL, not as READY; None makes no difference
    :param stated: the score that the plan's document states; shown beside the computed one if they differ
    """

    parts: Sequence[Part]
    floor: float
    ready_from: float | None = None
    stated: float | None = None

    kind: ClassVar[str] = "readiness_score"

    @property
    def asks_for(self) -> tuple[str, ...]:
        """Those of its parts."""
        return tuple(part.parameter for part in self.parts if part.parameter)

    def probe(self, run: Run) -> Finding:
        """Compute the score; a part outside 0 to 100 is a FAIL, one that nobody gave INCONCLUSIVE."""
        given = {part.title: _score(part, run) for part in self.parts}
        scores = {title: score for title, score in given.items() if score is not None}
        if missing := [part for part in self.parts if given[part.title] is None]:
            mend = f"; give it as {missing[0].parameter} in the trigger form" if missing[0].parameter else ""
            summary = f"nobody gave the score of {missing[0].title}{mend}"
            return Finding(answer=Answer.INCONCLUSIVE, summary=summary, evidence={"parts": scores})
        if not scores:
            return Finding(answer=Answer.INCONCLUSIVE, summary="no part of the score is given")
        wrong = [title for title, score in scores.items() if not 0 <= score <= 100]
        if wrong:
            summary = f"{wrong[0]} is {scores[wrong[0]]:g}, a score is 0 to 100"
            return Finding(answer=Answer.FAIL, summary=summary, evidence={"parts": scores})
        return self._judge(scores)

    def _judge(self, scores: dict[str, float]) -> Finding:
        mean = round(fmean(scores.values()), 1)
        evidence: dict[str, Json] = {
            "parts": scores,
            "score": mean,
            "floor": self.floor,
            "stated": self.stated,
        }
        differs = self.stated is not None and self.stated != mean
        beside = f" (the document states {self.stated:g})" if differs else ""
        answer = Answer.PASS if mean >= self.floor else Answer.FAIL
        summary = f"readiness {mean:g}{beside}, floor {self.floor:g}"
        if self.ready_from is not None:
            status = "NOT READY" if answer is Answer.FAIL else "READY"
            if answer is Answer.PASS and mean < self.ready_from:
                status = "CONDITIONAL"
            evidence["status"] = status
            summary = f"{status}: {summary}, ready from {self.ready_from:g}"
        return Finding(answer=answer, summary=summary, evidence=evidence)


def _score(part: Part, run: Run) -> float | None:
    given = run.parameters.get(part.parameter) if part.parameter else None
    return part.score if given is None else float(given)
