"""Apply an SQL script of the release, once, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import ScriptChanged
from slipway.steps.reach import database
from slipway.steps.release_tree import DEPLOYS, ReleaseTree
from slipway.steps.sql_script import execute_script, read_script
from slipway.steps.verification import Verification, verify

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

_LEDGER = "slipway_applied_scripts"
_LOCK = 7_594_211  # any number that nobody else locks; two releases must not create the ledger at once


@dataclass(frozen=True, kw_only=True)
class ApplySql(Step):
    """Run a script of the release in one transaction, and note it in the database's ledger of scripts.

    The ledger (table slipway_applied_scripts) makes each script run once. The verification queries run
    inside the same transaction: a wrong answer takes everything back.

    :param script: path in the release, e.g. "sql/019_projection_calibration.sql"
    :param undo_script: path of the script that takes it back
    :param verify: queries that must answer as expected afterwards
    """

    script: str
    undo_script: str = ""
    verify: Sequence[Verification] = ()

    kind: ClassVar[str] = "apply_sql"
    needs: ClassVar[tuple[str, ...]] = ("database", "host")
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        """Name the undo script, "" without one."""
        return f"runs {self.undo_script} in one transaction" if self.undo_script else ""

    def do(self, run: Run) -> Evidence:
        """Apply and verify.

        Raises ScriptMissing, ScriptChanged, ScriptEndsTransaction, ScriptFailed and WrongAnswer.
        """
        text, sha256 = self._read(ReleaseTree.of(run), self.script)
        with database(run) as session:
            before = run.remember("before", lambda: _standing(session, self.script) | {DEPLOYS: run.version})
        with database(run) as session:
            session.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            now = _standing(session, self.script)
            if now["applied"] not in {"", sha256}:
                raise ScriptChanged(self.script, now["applied"], sha256, now["release"])
            if now["applied"]:
                run.log.info("%s is applied already, by %s: nothing to do", self.script, now["release"])
            else:
                self._apply(run, session, text, sha256)
            changed = not before["applied"]
            answers = verify(self.verify, session, run.log, new=changed, kept=False)
        after = {"applied": sha256, "ledger": True}
        summary = f"{self.script} applied" if changed else f"{self.script} was applied before this release"
        return Evidence(
            before=before, after=after, proof={"verified": answers}, changed=changed, summary=summary
        )

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Run the undo script if this release applied the script and nobody took it back since."""
        if evidence.before.get("applied", "unknown"):
            return self._unchanged(run, "it was not applied by this step", evidence)
        with database(run) as session:
            session.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if not _standing(session, self.script)["applied"]:
                return self._unchanged(run, "it is not applied", evidence)
            text, _ = self._read(ReleaseTree.of(run, evidence.before), self.undo_script)
            run.log.info("Undoing %s on %s with %s", self.script, run.environment.label, self.undo_script)
            execute_script(session, self.undo_script, text)
            session.execute(f"DELETE FROM {_LEDGER} WHERE script = %s", [self.script])
            if not evidence.before["ledger"]:
                _drop_empty_ledger(session)  # the schema is to be exactly as it was
        return Evidence(after=evidence.before, summary=f"{self.script} taken back by {self.undo_script}")

    def _read(self, tree: ReleaseTree, script: str) -> tuple[str, str]:
        text = read_script(tree.there(), script)
        return text, hashlib.sha256(text.encode()).hexdigest()

    def _apply(self, run: Run, session: Session, text: str, sha256: str) -> None:
        run.log.info("Applying %s (SHA-256 %s) to %s", self.script, sha256[:12], run.environment.label)
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {_LEDGER} (script text PRIMARY KEY, sha256 text NOT NULL, "
            "release text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        execute_script(session, self.script, text)
        values = [self.script, sha256, run.release_id]
        session.execute(f"INSERT INTO {_LEDGER} (script, sha256, release) VALUES (%s, %s, %s)", values)

    def _unchanged(self, run: Run, why: str, evidence: Evidence) -> Evidence:
        run.log.info("Nothing to undo for %s: %s", self.script, why)
        return Evidence(before=evidence.before, after=evidence.before, changed=False, summary=why)


def _standing(session: Session, script: str) -> dict[str, Json]:
    """Return whether the ledger is there, and the checksum and release under which the script was applied."""
    there = session.execute("SELECT to_regclass(%s) IS NOT NULL", [_LEDGER]).fetchone()
    if not there or not there[0]:
        return {"applied": "", "release": "", "ledger": False}
    row = session.execute(f"SELECT sha256, release FROM {_LEDGER} WHERE script = %s", [script]).fetchone()
    sha256, release = row or ("", "")
    return {"applied": sha256, "release": release, "ledger": True}


def _drop_empty_ledger(session: Session) -> None:
    row = session.execute(f"SELECT count(*) FROM {_LEDGER}").fetchone()
    if row and not row[0]:
        session.execute(f"DROP TABLE {_LEDGER}")
