"""What a notice says: a text with the release's facts filled in, and the names that may stand in it."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from slipway.words import Severity


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """What a notice can say about a release; each field is a placeholder, e.g. {version}.

    :param plan: the plan's name
    :param version_before: what production ran before
    :param who: who triggered the release; who decided stands in the reason
    :param when: the planned beginning of production if there is one, else the moment, with its time zone
    :param now: the moment
    :param outcome: "" while the release goes on
    :param reason: why it ended so, or what was breached
    :param follows: of a breach, what the release does now
    :param report: where the report is
    :param run_url: the run in the Airflow UI
    :param contacts: whom to call, one line
    """

    plan: str
    title: str
    version: str
    version_before: str = ""
    who: str = ""
    when: str = ""
    now: str = ""
    outcome: str = ""
    reason: str = ""
    follows: str = ""
    report: str = ""
    run_url: str = ""
    contacts: str = ""

    def named(self) -> dict[str, str]:
        """Return the facts by placeholder."""
        return {name: str(getattr(self, name)) for name in PLACEHOLDERS}


PLACEHOLDERS = tuple(field.name for field in fields(ReleaseFacts))


class BrokenTemplate(ValueError):
    """A text with a brace that opens or closes nothing."""


def placeholders(template: str) -> Iterator[str]:
    """Yield what stands in braces, as written; "{{" is a brace. Raises BrokenTemplate."""
    try:
        for _, name, form, conversion in string.Formatter().parse(template):
            if name is not None:
                yield name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
    except ValueError as error:
        raise BrokenTemplate(str(error)) from error


def filled(template: str, facts: Mapping[str, str]) -> str:
    """Return the text with the facts in it; a fact is never read as a template itself.

    A placeholder that is no fact stays as it is: `prove` refuses it, and a release does not stop for a text.
    """
    try:
        parts = [
            text + (_value(name, facts) if name is not None else "")
            for text, name, _, _ in string.Formatter().parse(template)
        ]
    except ValueError:
        return template
    return "".join(parts)


def told(template: str, facts: Mapping[str, str]) -> str:
    """Return the text with the facts in it, without the lines all of whose facts are empty."""
    return "\n".join(filled(line, facts) for line in template.splitlines() if not _hollow(line, facts))


def _hollow(line: str, facts: Mapping[str, str]) -> bool:
    try:
        names = list(placeholders(line))
    except BrokenTemplate:
        return False
    return bool(names) and not any(facts.get(name, name) for name in names)


def _value(name: str, facts: Mapping[str, str]) -> str:
    return facts.get(name, f"{{{name}}}")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A notice as it goes out.

    :param notice: the notice's name
    :param occasion: tells several letters of one notice apart, e.g. the metric that was breached; "" if one
    :param facts: the release's facts by placeholder
    """

    plan: str
    release_id: str
    notice: str
    subject: str
    text: str
    audience: str
    severity: Severity = Severity.LOW
    occasion: str = ""
    facts: Mapping[str, str]

    def thread(self, incident: str = "") -> str:
        """Return the key of an incident of this release: several notices may speak of the same one.

        :param incident: the incident's name; the notice (and occasion) is its own if left out
        """
        own = f"{self.notice}/{self.occasion}" if self.occasion else self.notice
        return f"slipway/{self.plan}/{self.release_id}/{incident or own}"
