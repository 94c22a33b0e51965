"""Keep secrets out of what people read (invariant I14)."""

import logging
import re
from collections.abc import Mapping

from slipway.run import Json

MASK = "***"

_SECRET_NAME = re.compile(
    r"(?:^|[^a-z])(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credentials?|authorization|cookie)s?(?:$|[^a-z])"
)
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# A secret in running text: an address with a password, a header, an assignment, a PEM block, known keys.
_IN_TEXT = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]*):[^\s@/]+@", re.IGNORECASE), rf"\1:{MASK}@"),
    (re.compile(r"(\bauthorization[\"']?\s*[:=]\s*[\"']?)(?:\w+\s+)?[^\s\"']+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(bearer)\s+(?=\S*\d)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (
        re.compile(
            r"((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)\"?\s*[=:]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s,;|)}\]*]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
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
    return text


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
        return [masked_texts(each) for each in value]
    return masked(value) if isinstance(value, str) else value


class Masks(logging.Filter):
    """Masks the lines of a log: what a program prints may hold what it was given."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the line, and let it pass."""
        record.msg, record.args = masked(record.getMessage()), ()
        return True
