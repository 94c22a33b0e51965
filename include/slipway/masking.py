"""Keep secrets out of what people read (invariant I14)."""

import logging
import re
from collections.abc import Mapping

from slipway.run import Json

MASK = "***"

_WORDS = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    r"|authorization|cookie)s?"
)
_SECRET_NAME = re.compile(rf"(?:^|[^a-z]){_WORDS}(?:$|[^a-z])")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# An assignment in running text: API_KEY=..., 'password': '...', --passphrase=...; a long word is no name.
_ASSIGNED = re.compile(
    rf"(?<![\w.-])([\w.-]{{0,60}}?{_WORDS}[\w.-]{{0,60}})([\"']?\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;|)}\]*]+)",
    re.IGNORECASE,
)
_NAMED_SO = re.compile(rf"{_WORDS}$", re.IGNORECASE)  # PGPASSWORD
_HARMLESS = re.compile(r"\d{1,6}|true|false|none|null", re.IGNORECASE)  # "tokens: 5" are five tokens
_PRIVATE_KEY = "PRIVATE KEY-----"

# Other secrets in running text: an address with a password, a header, a PEM block, known keys.
_IN_TEXT = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]*):[^\s@/]+@", re.IGNORECASE), rf"\1:{MASK}@"),
    (re.compile(r"(\bauthorization[\"']?\s*[:=]\s*[\"']?)(?:\w+\s+)?[^\s\"']+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(bearer)\s+(?=\S*\d)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)", re.DOTALL), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[a-z]-[\w-]+|\bgh[a-z]_\w{20,}"), MASK),
)


def is_secret(name: str) -> bool:
    """Tell by its name whether a field holds a secret: "api_key", "dbPassword", "Authorization"."""
    return bool(_SECRET_NAME.search(_WORD_BREAK.sub("_", name).lower()))


def masked(text: str) -> str:
    """Return the text without what looks like a secret in it."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return _ASSIGNED.sub(_without_value, text)


def _without_value(assigned: re.Match[str]) -> str:
    name, between, value = assigned.groups()
    counts = _HARMLESS.fullmatch(value) and "pass" not in name.lower()
    secret = (is_secret(name) or _NAMED_SO.search(name)) and not counts
    return f"{name}{between}{MASK}" if secret else assigned.group()


def masked_fields(value: Json) -> Json:
    """Return a JSON value with the text of every field that is named like a secret masked."""
    if isinstance(value, Mapping):
        return {
            key: MASK if is_secret(key) and not isinstance(each, bool | int | float) else masked_fields(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked_fields(each) for each in value]
    return masked(value) if isinstance(value, str) else value


def masked_texts(value: Json) -> Json:
    """Return a JSON value with what looks like a secret in its texts masked; no field is masked by its name.

    For what goes on being worked with: a table "api_tokens" keeps the checksum of its rows.
    """
    if isinstance(value, Mapping):
        return {key: masked_texts(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        if any(isinstance(each, str) and _PRIVATE_KEY in each for each in value):  # it goes over lines
            return masked("\n".join(map(str, value))).split("\n")
        return [masked_texts(each) for each in value]
    return masked(value) if isinstance(value, str) else value


class Masks(logging.Filter):
    """Masks the lines of a log: what a program prints may hold what it was given."""

    LONGEST_KEY = 100  # lines

    def __init__(self) -> None:
        super().__init__()
        self._left = 0  # lines that may still be of a private key

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the line, and let it pass; one that is written wrongly is for the handler to tell."""
        try:
            line = record.getMessage()
        except Exception:
            return True
        record.msg, record.args = self._masked(line), ()
        return True

    def _masked(self, line: str) -> str:
        if _PRIVATE_KEY in line:
            self._left = self.LONGEST_KEY if line.rfind("-----BEGIN") > line.rfind("-----END") else 0
            return masked(line) if "-----BEGIN" in line else MASK
        self._left = max(0, self._left - 1)
        return MASK if self._left else masked(line)
