"""A backup on disk: the dump, and beside it the note that it was verified."""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slipway.run import Json, Run
from slipway.steps.faults import BackupFailed, CommandFailed
from slipway.steps.processes import run_program

PLACE = ("system", "environment", "plan")  # backups are pruned among those of one plan in one environment
YOUNG = timedelta(days=1)  # a younger backup is never pruned

_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (\S+) (.+) \S+$")


@dataclass(frozen=True, kw_only=True)
class BackupFile:
    """The files of one backup. The note is written last: a dump without it is not a backup."""

    path: Path
    owner: dict[str, Json]  # whose backup it is: the note of another release never counts

    @classmethod
    def of(cls, run: Run, folder: Path, step: str) -> "BackupFile":
        """Return the files of this release's backup, named after system, environment, release and step."""
        owner = {
            "system": run.environment.system,
            "environment": run.environment.name,
            "plan": run.plan_name,
            "release": run.release_id,
            "version": run.version,
            "step": step,
        }
        return cls(path=folder / f"{_name(owner, (*PLACE, 'release', 'step'))}.dump", owner=owner)

    @property
    def part(self) -> Path:
        """Where the dump grows."""
        return self.path.with_suffix(".dump.part")

    @property
    def note(self) -> Path:
        return self.path.with_suffix(".dump.json")

    def read(self) -> dict[str, Json]:
        """Return what the note says, {} without one."""
        try:
            return dict(json.loads(self.note.read_text()))
        except (OSError, ValueError):
            return {}

    def is_verified(self) -> bool:
        """Whether the dump is there, is this release's, and is still what was verified."""
        note = self.read()
        if not self.path.exists() or any(note.get(key) != value for key, value in self.owner.items()):
            return False
        return bool(checksum(self.path) == note["sha256"])

    def finish(self, *, sha256: str, tables: Sequence[str], database: str, server: int) -> None:
        """Give the dump its name and write the note."""
        self.part.replace(self.path)
        facts = {
            "path": str(self.path),
            "sha256": sha256,
            "bytes": self.path.stat().st_size,
            "tables": len(tables),
            "database": database,
            "server": server,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        draft = self.note.with_suffix(".part")
        draft.write_text(json.dumps(self.owner | facts, indent=1))
        draft.replace(self.note)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as dump:
        return hashlib.file_digest(dump, "sha256").hexdigest()


def tables_in(dump: Path, pg_restore: Path) -> list[str]:
    """Return the tables that pg_restore lists in a dump. Raises BackupFailed if it cannot read it."""
    try:
        listing = run_program(
            [str(pg_restore), "--list", str(dump)],
            log=None,  # a table of contents of hundreds of lines helps nobody in a task log
            cwd=dump.parent,
            env={},
            timeout=timedelta(minutes=5),
        )
    except CommandFailed as error:
        raise BackupFailed(dump.name, f"pg_restore cannot read it: {' '.join(error.tail)}") from error
    found = (_TABLE.match(line) for line in listing.out)
    return [f"{match[1]}.{match[2]}" for match in found if match and match[1] != "DATA"]


def prune(newest: BackupFile, keep: int) -> list[Path]:
    """Remove the plan's backups of the environment beyond the newest `keep`, and return what was removed.

    Another plan's stay, since a release of it may be under way in the same environment; releases of one
    plan run one at a time. This release's own always stay, and so do those younger than a day: whoever
    mends what went wrong in the release before wants its backup.
    """
    prefix = _name(newest.owner, PLACE)
    dumps = sorted(newest.path.parent.glob(f"{prefix}--*.dump"), key=_taken_at, reverse=True)
    removed = [dump for dump in dumps[max(keep, 1) :] if _may_go(dump, newest.owner)]
    for dump in removed:
        dump.with_suffix(".dump.json").unlink(missing_ok=True)
        dump.unlink(missing_ok=True)
    return removed


def _may_go(dump: Path, owner: dict[str, Json]) -> bool:
    note = BackupFile(path=dump, owner={}).read()
    young = time.time() - _taken_at(dump) < YOUNG.total_seconds()
    # Names are written with fewer characters than they have, so two plans may share a prefix.
    others = any(note.get(key, owner[key]) != owner[key] for key in PLACE)
    return not young and not others and note.get("release") != owner["release"]


def _name(owner: dict[str, Json], keys: Sequence[str]) -> str:
    return "--".join(re.sub(r"[^A-Za-z0-9._]+", "-", owner[key]) for key in keys)


def _taken_at(dump: Path) -> float:
    return dump.stat().st_mtime
