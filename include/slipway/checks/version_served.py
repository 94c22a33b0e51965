"""The version that the service says it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from slipway.checks.calls import ask
from slipway.checks.expect import NothingThere, Question, Reply, at_path, judge
from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.words import Answer


class Expected(StrEnum):
    """Which version the service must serve."""

    RELEASE = "the version of this release"
    BEFORE = "the version before"
    ANY = "any"


@dataclass(frozen=True, kw_only=True)
class VersionServed(Check):
    """Ask the service for its version.

    With `expects=Expected.ANY` it notes the version that is served (place it before production); a later
    one with BEFORE compares with that note. Cleared and run again in the same release, it keeps its first
    note: by then the new version may be served.

    :param role: whom to ask: "service", or another role of the environment, e.g. "green" before a swap
    :param at: dotted path of the version in the JSON answer
    :param noted_by: for BEFORE, the task that noted the version: such a check, or a step whose evidence has
        "version" in `before`, e.g. "preflight.version_served"
    :param deployed_by: for BEFORE, the step of production that deployed; a rollback that keeps it, because
        only flags are turned off, leaves the version of this release, and that is expected then
    """

    path: str = "/version"
    role: str = "service"
    at: str = "version"
    expects: Expected = Expected.RELEASE
    noted_by: str = ""
    deployed_by: str = ""
    timeout: timedelta = timedelta(seconds=10)

    kind: ClassVar[str] = "version_served"

    def question(self, run: Run) -> Question | None:
        """Return what is asked; None where the version to expect is not known."""
        conn_id = run.environment.connection(self.role)
        plain = Question(conn_id=conn_id, path=self.path, timeout=self.timeout)
        if self.expects is Expected.ANY:
            return plain
        stays = self.expects is Expected.RELEASE or (self.deployed_by and run.kept(self.deployed_by))
        expected = run.version if stays else self._noted(run)
        if expected is None:
            return None
        return Question(
            conn_id=plain.conn_id, path=self.path, timeout=self.timeout, json_has={self.at: expected}
        )

    def _noted(self, run: Run) -> Json | None:
        finding, evidence = run.finding(self.noted_by), run.evidence(self.noted_by)
        if finding is not None:
            return finding.evidence.get("version")
        return evidence.before.get("version") if evidence is not None else None

    def probe(self, run: Run) -> Finding:
        """Ask and compare. Raises NoAnswer.

        INCONCLUSIVE where the version before is not known, or any is to be noted and none is served.
        """
        question = self.question(run)
        if question is None:
            why = f"the version before is not known: {self.noted_by or 'no task'} noted none"
            return Finding(answer=Answer.INCONCLUSIVE, summary=why)
        reply = ask(question)
        finding, served = judge(question, reply), _served(reply, self.at)
        evidence = {**finding.evidence, "version": served, "expected": question.json_has.get(self.at)}
        if finding.answer is Answer.PASS and served in (None, ""):
            why = f"{self.path} answers, but says no version at {self.at}: nothing can be noted"
            return Finding(answer=Answer.INCONCLUSIVE, summary=why, evidence=evidence)
        if finding.answer is Answer.PASS and self.expects is Expected.ANY:
            return self._note(run, served, evidence)
        return Finding(answer=finding.answer, summary=self._summary(finding, served), evidence=evidence)

    def _note(self, run: Run, served: Json, evidence: Mapping[str, Json]) -> Finding:
        noted = run.remember("version", lambda: served)
        said = f"the service serves {served}"
        if noted != served:
            said += f"; noted before, and kept: {noted}"
        return Finding(answer=Answer.PASS, summary=said, evidence={**evidence, "version": noted})

    def _summary(self, finding: Finding, served: Json) -> str:
        return f"the service serves {served}" if finding.answer is Answer.PASS else finding.summary


def _served(reply: Reply, path: str) -> Json | None:
    import json

    try:
        return at_path(json.loads(reply.text), path)
    except (ValueError, NothingThere):
        return None
