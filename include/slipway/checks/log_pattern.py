"""Lines in a log file that must not be there."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Check, Step
from slipway.run import Evidence, Finding, Json, Run
from slipway.steps.reach import folder
from slipway.words import Answer

SHOWN = 10  # matching lines that evidence keeps
LINE = 300  # characters of each


@dataclass(frozen=True, kw_only=True)
class NoteLogEnd(Step):
    """Note how long a log file is now, for a LogPattern that looks only at what comes after.

    :param file: relative to the environment's home
    """

    file: str
    leaves_nothing: str = "it only looks"

    kind: ClassVar[str] = "note_log_end"
    needs: ClassVar[tuple[str, ...]] = ("host",)

    def do(self, run: Run) -> Evidence:
        """Note inode and size; a file that is not there yet counts as empty."""
        path = folder(run, "host") / self.file
        noted = run.remember("log_end", lambda: _end(path))
        summary = f"{self.file} has {noted['size']} bytes"
        return Evidence(proof={"file": self.file, **noted}, changed=False, summary=summary)


@dataclass(frozen=True, kw_only=True)
class LogPattern(Check):
    """Count lines of a log file that match a regular expression; a missing file is INCONCLUSIVE.

    :param file: relative to the environment's home
    :param pattern: regular expression, searched in each line
    :param at_most: how many matching lines are allowed
    :param since: the NoteLogEnd task after which lines count, e.g. "production.note_log_end"
    :param last_lines: how many lines at the end of the file count where `since` is not given
    """

    file: str
    pattern: str
    at_most: int = 0
    since: str = ""
    last_lines: int = 1000

    kind: ClassVar[str] = "log_pattern"
    needs: ClassVar[tuple[str, ...]] = ("host",)

    def probe(self, run: Run) -> Finding:
        """Read and count. Raises FolderNotGiven."""
        path = folder(run, "host") / self.file
        evidence = run.evidence(self.since) if self.since else None
        if not path.is_file():
            return _unknown(f"there is no file {self.file} in the environment's home")
        if self.since and evidence is None:
            return _unknown(f"{self.since} has not noted where the log ended")
        begin = _begin(path, evidence.proof) if evidence else 0
        lines = _lines(path, begin)
        return self._judge(lines if evidence else iter(deque(lines, maxlen=self.last_lines)))

    def _judge(self, lines: Iterator[str]) -> Finding:
        wanted, found, seen = re.compile(self.pattern), list[str](), 0
        for line in lines:
            seen += 1
            if wanted.search(line):
                found.append(line[:LINE])
        answer = Answer.PASS if len(found) <= self.at_most else Answer.FAIL
        evidence = {"file": self.file, "lines": seen, "matches": len(found), "first": found[:SHOWN]}
        allowed = f"{len(found)} of {seen} lines match {self.pattern!r}, allowed {self.at_most}"
        return Finding(answer=answer, summary=f"{self.file}: {allowed}", evidence=evidence)


def _unknown(why: str) -> Finding:
    return Finding(answer=Answer.INCONCLUSIVE, summary=why)


def _end(path: Path) -> dict[str, Json]:
    status = path.stat() if path.is_file() else None
    return {"size": status.st_size if status else 0, "inode": status.st_ino if status else 0}


def _begin(path: Path, noted: Json) -> int:
    """Return where to read from: what was noted, or the start if the file was rotated since."""
    now = _end(path)
    same = noted["inode"] in (0, now["inode"]) and now["size"] >= noted["size"]
    return int(noted["size"]) if same else 0


def _lines(path: Path, begin: int) -> Iterator[str]:
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            yield line.decode(errors="replace").rstrip("\r\n")
