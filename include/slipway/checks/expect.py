"""What an HTTP answer must be; the same judgement in a task and in a trigger."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slipway.run import Finding, Json
from slipway.words import Answer

SHOWN = 500  # characters of a body that evidence keeps


@dataclass(frozen=True, kw_only=True)
class Question:
    """One HTTP request and what its answer must be.

    :param status: the statuses that pass
    :param json_has: expected values of the JSON answer by dotted path; numbers index lists
    :param text_lacks: what the answer must not contain, "" for nothing
    :param within: the longest time to the answer
    """

    conn_id: str
    method: str = "GET"
    path: str = "/"
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[int] = (200,)
    json_has: Mapping[str, Json] = field(default_factory=dict)
    text_has: str = ""
    text_lacks: str = ""
    within: timedelta | None = None
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer; `seconds` from the request to its last byte."""

    status: int
    text: str
    seconds: float


class NothingThere(LookupError):
    """A JSON answer has nothing at a dotted path."""

    def __init__(self, path: str, stopped: str) -> None:
        self.path = path
        super().__init__(f'the answer has nothing at "{path}" (stopped at "{stopped}")')


def at_path(content: Json, path: str) -> Json:
    """Return what a dotted path leads to, e.g. "items.0.id"; raises NothingThere."""
    found = content
    for name in path.split(".") if path else []:
        if isinstance(found, list) and re.fullmatch(r"-?\d+", name) and -len(found) <= int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise NothingThere(path, name)
    return found


def judge(question: Question, reply: Reply) -> Finding:
    """Compare an answer with what it must be; the summary names the first difference."""
    faults = list(_faults(question, reply))
    asked = f"{question.method} {question.path}"
    evidence: dict[str, Json] = {
        "request": asked,
        "status": reply.status,
        "milliseconds": round(reply.seconds * 1000, 1),
    }
    if faults:
        evidence |= {"faults": faults, "body": reply.text[:SHOWN]}
        return Finding(answer=Answer.FAIL, summary=f"{asked}: {faults[0]}", evidence=evidence)
    took = f"{reply.seconds * 1000:.0f} ms"
    return Finding(answer=Answer.PASS, summary=f"{asked} answers {reply.status} in {took}", evidence=evidence)


def _faults(question: Question, reply: Reply) -> list[str]:
    faults = []
    if reply.status not in question.status:
        faults.append(f"status {reply.status}, expected {' or '.join(map(str, question.status))}")
    if question.text_has and question.text_has not in reply.text:
        faults.append(f'the answer does not contain "{question.text_has}"')
    if question.text_lacks and question.text_lacks in reply.text:
        faults.append(f'the answer contains "{question.text_lacks}"')
    faults += _json_faults(question.json_has, reply.text)
    if question.within and reply.seconds > question.within.total_seconds():
        limit = question.within.total_seconds() * 1000
        faults.append(f"{reply.seconds * 1000:.0f} ms, allowed {limit:.0f} ms")
    return faults


def _json_faults(expected: Mapping[str, Json], text: str) -> list[str]:
    if not expected:
        return []
    try:
        content = json.loads(text)
    except ValueError:
        return ["the answer is not JSON"]
    return [fault for path, value in expected.items() for fault in _difference(content, path, value)]


def _difference(content: Json, path: str, expected: Json) -> list[str]:
    try:
        found = at_path(content, path)
    except NothingThere as error:
        return [str(error)]
    return [] if found == expected else [f"{path} is {_short(found)}, expected {_short(expected)}"]


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
