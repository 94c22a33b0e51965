"""An HTTP request whose answer must be as expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.checks.calls import ask
from slipway.checks.expect import Question, judge
from slipway.kinds import Check
from slipway.run import Finding, Json, Run


@dataclass(frozen=True, kw_only=True)
class HttpCheck(Check):
    """Ask the service once and compare status, JSON, text and time with what they must be.

    :param role: whom to ask: "service", or another role of the environment, e.g. "green" before a swap
    :param body: sent as JSON
    :param status: the statuses that pass
    :param json_has: expected values of the JSON answer by dotted path, e.g. {"items.0.state": "open"}
    :param text_lacks: what the answer must not contain, "" for nothing
    :param within: the longest time to the answer
    :param timeout: no answer after this long is an ERROR
    """

    path: str
    method: str = "GET"
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[int] = (200,)
    json_has: Mapping[str, Json] = field(default_factory=dict)
    text_has: str = ""
    text_lacks: str = ""
    within: timedelta | None = None
    timeout: timedelta = timedelta(seconds=10)
    role: str = "service"

    kind: ClassVar[str] = "http"

    def question(self, run: Run) -> Question:
        """Return what is asked; a trigger can ask it too."""
        return Question(
            conn_id=run.environment.connection(self.role),
            method=self.method,
            path=self.path,
            body=self.body,
            headers=self.headers,
            status=self.status,
            json_has=self.json_has,
            text_has=self.text_has,
            text_lacks=self.text_lacks,
            within=self.within,
            timeout=self.timeout,
        )

    def probe(self, run: Run) -> Finding:
        """Ask and judge; raises NoAnswer."""
        question = self.question(run)
        return judge(question, ask(question))
