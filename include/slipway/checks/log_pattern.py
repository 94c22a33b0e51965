"""Lines in a log file that must not be there."""

import hashlib
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
TAIL = 256  # bytes before the noted end by which it is known again
PACKED = (".gz", ".bz2", ".xz", ".zst")


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
        """Note inode, size and what stands last; a file that is not there yet counts as empty."""
        path = folder(run, "host") / self.file
        noted = run.remember("log_end", lambda: _end(path))
        summary = f"{self.file} has {noted['size']} bytes"
        return Evidence(proof={"file": self.file, **noted}, changed=False, summary=summary)


@dataclass(frozen=True, kw_only=True)
class LogPattern(Check):
    """Count lines of a log file that match a regular expression.

    INCONCLUSIVE where the file is missing or too little came to tell.

    :param file: relative to the environment's home
    :param pattern: regular expression, searched in each line
    :param at_most: how many matching lines are allowed
    :param since: the NoteLogEnd task after which lines count, e.g. "production.note_log_end"
    :param last_lines: how many lines at the end of the file count where `since` is not given
    :param lines_at_least: with fewer lines to look at nothing is known; 0 for a log that only has errors
    """

    file: str
    pattern: str
    at_most: int = 0
    since: str = ""
    last_lines: int = 1000
    lines_at_least: int = 1

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
        if evidence is None:
            return self._judge(iter(deque(_lines(path, 0), maxlen=self.last_lines)))
        pieces, whole = _since(path, evidence.proof)
        lines = (line for piece, begin in pieces for line in _lines(piece, begin))
        return self._judge(lines, whole=whole)

    def _judge(self, lines: Iterator[str], *, whole: bool = True) -> Finding:
        wanted, found, seen = re.compile(self.pattern), list[str](), 0
        for line in lines:
            seen += 1
            if wanted.search(line):
                found.append(line[:LINE])
        answer = Answer.PASS if len(found) <= self.at_most else Answer.FAIL
        evidence = {"file": self.file, "lines": seen, "matches": len(found), "first": found[:SHOWN]}
        summary = f"{self.file}: {len(found)} of {seen} lines match {self.pattern!r}, allowed {self.at_most}"
        if answer is Answer.PASS and seen < self.lines_at_least:
            answer, summary = Answer.INCONCLUSIVE, f"{self.file}: {seen} lines came, which tells nothing"
        if answer is Answer.PASS and not whole:
            answer = Answer.INCONCLUSIVE
            summary += "; it was rotated, and some is not there"
        return Finding(answer=answer, summary=summary, evidence=evidence)


def _unknown(why: str) -> Finding:
    return Finding(answer=Answer.INCONCLUSIVE, summary=why)


def _end(path: Path) -> dict[str, Json]:
    if not path.is_file():
        return {"size": 0, "inode": 0, "tail": _tail(path, 0)}
    status = path.stat()
    return {"size": status.st_size, "inode": status.st_ino, "tail": _tail(path, status.st_size)}


def _tail(path: Path, size: int) -> str:
    """Return a digest of what stands before a place: an emptied log that grew again has another there."""
    if not size:
        return ""
    with path.open("rb") as file:
        file.seek(max(0, size - TAIL))
        return hashlib.sha256(file.read(min(size, TAIL))).hexdigest()


def _since(path: Path, noted: Json) -> tuple[list[tuple[Path, int]], bool]:
    """Return the files that hold what came since the note, oldest first, with where to read from.

    A log that was rotated since goes on in other files of the folder whose names begin as its own. False if
    it is not found whole: packed, thrown away, or emptied in place.
    """
    now = _end(path)
    if noted["inode"] in (0, now["inode"]):
        size = int(noted["size"])
        whole = now["size"] >= size and _tail(path, size) == noted["tail"]
        return [(path, int(noted["size"]) if whole else 0)], whole
    turned = [each for each in path.parent.glob(f"{path.name}?*") if each.is_file()]
    turned.sort(key=lambda each: each.stat().st_mtime_ns)
    inodes = [each.stat().st_ino for each in turned]
    if noted["inode"] not in inodes:
        return [(path, 0)], False
    old, *later = turned[inodes.index(noted["inode"]) :]
    packed = any(each.suffix in PACKED for each in later)
    return [(old, int(noted["size"])), *((each, 0) for each in later), (path, 0)], not packed


def _lines(path: Path, begin: int) -> Iterator[str]:
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            yield line.decode(errors="replace").rstrip("\r\n")
