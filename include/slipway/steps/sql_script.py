"""SQL scripts that run inside a transaction of the step's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.steps.faults import ScriptEndsTransaction, ScriptFailed, ScriptMissing

if TYPE_CHECKING:
    import psycopg

_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|(\$\w*\$).*?\1|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
_TRANSACTION = re.compile(
    r"(?:^|;)\s*(BEGIN|COMMIT|ROLLBACK(?!\s+TO\b)|START\s+TRANSACTION|END|ABORT)\b", re.IGNORECASE
)


def read_script(folder: Path, script: str) -> str:
    """Return the text of a script. Raises ScriptMissing and ScriptEndsTransaction."""
    path = folder / script
    if not script or not path.is_file():
        raise ScriptMissing(path)
    text = path.read_text()
    found = _TRANSACTION.search(_NOT_CODE.sub(" ", text))
    if found:
        raise ScriptEndsTransaction(script, " ".join(found[1].upper().split()))
    return text


def execute_script(session: psycopg.Connection[Any], script: str, text: str) -> None:
    """Run a script's text in the session's transaction. Raises ScriptFailed, naming the line."""
    import psycopg

    try:
        session.execute(text.encode())  # without parameters: several statements, and % is only a character
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = text.count("\n", 0, int(position) - 1) + 1 if position else 0
        detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
        raise ScriptFailed(script, line, f"{error.diag.message_primary or error}{detail}") from error
