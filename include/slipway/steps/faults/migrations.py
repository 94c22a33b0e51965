"""Faults of migrations, SQL scripts and their verification."""

from collections.abc import Sequence
from pathlib import Path

from slipway.errors import StepFailed, StepImpossible
from slipway.run import Json


class MigrationFailed(StepFailed):
    """Alembic could not do it; says where the schema stands now."""

    def __init__(self, label: str, command: str, revision: str, why: str) -> None:
        self.label, self.command, self.revision, self.why = label, command, revision, why
        super().__init__(
            f"{label}: `alembic {command}` failed: {why}. The schema stands at {revision or 'base'}. "
            "Undo goes back from there; or mend the data or the migration and clear this task."
        )


class RevisionNotOnPath(StepImpossible):
    """The schema is at a revision that this step did not lead to."""

    def __init__(self, label: str, current: str, start: str, to: str) -> None:
        self.label, self.current, self.start, self.to = label, current, start, to
        super().__init__(
            f"{label}: the schema is at {current}, which is not between {start or 'base'} and {to}; "
            "somebody migrated "
            "it since. Bring it to one of these revisions by hand, or restore the backup."
        )


class SeveralHeads(StepImpossible):
    """The database stands at more than one Alembic revision."""

    def __init__(self, label: str, revisions: Sequence[str]) -> None:
        self.label, self.revisions = label, tuple(revisions)
        super().__init__(
            f"{label}: the schema has {len(revisions)} current revisions ({', '.join(revisions)}). "
            "Merge the branches (alembic merge) in the release."
        )


class WrongAnswer(StepFailed):
    """A verification query does not answer what the plan expects.

    :param kept: whether this release did it, and it stays: neither an earlier one, nor in a transaction that
        ends with the failure
    """

    def __init__(self, title: str, sql: str, expected: Json, answer: Json, *, kept: bool) -> None:
        self.title, self.sql, self.expected, self.answer = title, sql, expected, answer
        self.saw_damage = kept
        super().__init__(
            f'verification "{title}": expected {expected!r}, found {answer!r}. The query is: {sql}'
        )


class ScriptMissing(StepImpossible):
    """The release has no such SQL script."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: no such SQL script in the release. Correct the plan's path, or add it and tag anew."
        )


class ScriptChanged(StepImpossible):
    """A script of this name was applied with another content."""

    def __init__(self, script: str, applied: str, now: str, release: str) -> None:
        self.script, self.applied, self.now, self.release = script, applied, now, release
        super().__init__(
            f"{script}: already applied by {release} with checksum {applied[:12]}, and is {now[:12]} now. "
            "Never edit an applied script: add a new one under another name."
        )


class ScriptEndsTransaction(StepImpossible):
    """A script that would break out of the step's transaction."""

    def __init__(self, script: str, statement: str) -> None:
        self.script, self.statement = script, statement
        super().__init__(
            f"{script}: holds {statement}, but runs in one transaction with its ledger entry. Take it out."
        )


class ScriptFailed(StepFailed):
    """PostgreSQL refused a statement of the script; nothing of it was kept."""

    def __init__(self, script: str, line: int, why: str) -> None:
        self.script, self.line, self.why = script, line, why
        place = f"{script}, line {line}" if line else script
        super().__init__(
            f"{place}: {why}. Nothing of the script was kept; mend it, or the data, and clear this task."
        )
