"""A synthetic journey: several HTTP calls in order, each using what the ones before returned."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from slipway.checks.calls import NoAnswer, ask
from slipway.checks.expect import NothingThere, Question, Reply, at_path, judge
from slipway.kinds import Check
from slipway.run import Finding, Json, Run
from slipway.steps.reach import extra
from slipway.words import Answer

VARIABLE = re.compile(r"\{([\w-]+)\}")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a journey. "{name}" in path, headers, body and texts is replaced by a captured variable.

    :param text_lacks: what the answer must not contain, "" for nothing
    :param capture: variable -> dotted path in the JSON answer
    """

    name: str
    path: str
    method: str = "GET"
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[int] = (200,)
    json_has: Mapping[str, Json] = field(default_factory=dict)
    text_has: str = ""
    text_lacks: str = ""
    within: timedelta | None = None
    capture: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Journey(Check):
    """Do the calls in order; the first that is not as expected ends the journey and is named.

    Variables at the start: "{version}", "{release_id}", and what the extra of the connection holds under
    names that begin with "journey_", e.g. the login of a user set aside for checks. What a journey writes
    it should also remove: its last calls can delete what the first ones made.

    :param role: whom to ask: "service", or another role of the environment, e.g. "site"
    """

    calls: Sequence[Call]
    role: str = "service"
    timeout: timedelta = timedelta(seconds=10)

    kind: ClassVar[str] = "journey"

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The variables of `text_lacks` that nothing fills: what is looked for would never be there."""
        known, left = {"version", "release_id", *self.extras}, []
        for call in self.calls:
            left += [name for name in VARIABLE.findall(call.text_lacks) if name not in known]
            known |= set(call.capture)
        return tuple(dict.fromkeys(left))

    @property
    def extras(self) -> tuple[str, ...]:
        """The names that begin with "journey_" and that no call captures."""
        written = [(c.path, c.body, c.headers, c.json_has, c.text_has, c.text_lacks) for c in self.calls]
        captured = {name for call in self.calls for name in call.capture}
        names = dict.fromkeys(VARIABLE.findall(json.dumps(written, default=dict, ensure_ascii=False)))
        return tuple(name for name in names if name.startswith("journey_") and name not in captured)

    def probe(self, run: Run) -> Finding:
        """Make the journey. Raises MissingExtra before its first call where a login is not given."""
        known: dict[str, Json] = {"version": run.version, "release_id": run.release_id, **self._login(run)}
        done: list[Mapping[str, Json]] = []
        for number, call in enumerate(self.calls, 1):
            if why := _no_text(call, known):
                return self._stopped(Answer.ERROR, number, call, why, done)
            question = self._question(call, run, known)
            try:
                reply = ask(question)
            except NoAnswer as error:
                return self._stopped(Answer.ERROR, number, call, str(error), done)
            finding = judge(question, reply)
            done.append({"name": call.name, **finding.evidence})
            fault = "" if finding.answer is Answer.PASS else finding.summary
            fault = fault or _captured(call, reply, known)
            if fault:
                return self._stopped(Answer.FAIL, number, call, fault, done)
        took = sum(entry["milliseconds"] for entry in done)
        summary = f"all {len(self.calls)} calls as expected, {took:.0f} ms together"
        return Finding(answer=Answer.PASS, summary=summary, evidence={"calls": done})

    def _login(self, run: Run) -> dict[str, Json]:
        from airflow.sdk.log import mask_secret

        held = extra(run, self.role, self.extras)
        found = {name: value for name, value in held.items() if name.startswith("journey_")}
        for name, value in found.items():
            if "user" not in name:
                mask_secret(value)
        return found

    def _question(self, call: Call, run: Run, known: Mapping[str, Json]) -> Question:
        return Question(
            conn_id=run.environment.connection(self.role),
            method=call.method,
            path=filled(call.path, known),
            body=filled(call.body, known),
            headers=filled(call.headers, known),
            status=call.status,
            json_has=filled(call.json_has, known),
            text_has=str(filled(call.text_has, known)),
            text_lacks=str(filled(call.text_lacks, known)),
            within=call.within,
            timeout=self.timeout,
        )

    def _stopped(
        self, answer: Answer, number: int, call: Call, why: str, done: Sequence[Mapping[str, Json]]
    ) -> Finding:
        summary = f'call {number} of {len(self.calls)}, "{call.name}": {why}'
        return Finding(
            answer=answer, summary=summary, evidence={"calls": list(done), "stopped_at": call.name}
        )


def filled(content: Json, known: Mapping[str, Json]) -> Json:
    """Return the content with "{name}" replaced; a text that is only "{name}" becomes the value itself."""
    if isinstance(content, Mapping):
        return {key: filled(item, known) for key, item in content.items()}
    if isinstance(content, list | tuple):
        return [filled(item, known) for item in content]
    if not isinstance(content, str):
        return content
    for name, value in known.items():
        if content == f"{{{name}}}":
            return value
        content = content.replace(f"{{{name}}}", str(value))
    return content


def _no_text(call: Call, known: Mapping[str, Json]) -> str:
    """Say which variable of the expected texts is none that an answer can show, "" if each is.

    Whatever is looked for by it would always be missing, or always be there.
    """
    for name in VARIABLE.findall(call.text_has + call.text_lacks):
        value = known.get(name, name)
        if value == "" or isinstance(value, bool) or not isinstance(value, str | int | float):
            return f"{{{name}}} is {json.dumps(value)}, which is no text to look for"
    return ""


def _captured(call: Call, reply: Reply, known: dict[str, Json]) -> str:
    """Add what the call captures to `known`; return what is wrong, "" if nothing."""
    try:
        for name, path in call.capture.items():
            known[name] = at_path(json.loads(reply.text), path)
    except (ValueError, NothingThere) as error:
        return f"nothing to capture: {error}"
    return ""
