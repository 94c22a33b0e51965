"""What can go wrong in a step, a class for each; the text says place, fault and mend.

StepFailed (another try may help)
|- CommandFailed, CommandTimedOut
|- DatabaseUnreachable, ServiceUnreachable
|- MigrationFailed, ScriptFailed, WrongAnswer
|- BackupFailed, NoRoomForBackup, RestoreFailed
|- RepositoryUnreachable, InstallFailed
|- WrongVersionServed, FlagNotTaken
`- NoBaseline
StepImpossible (no second try)
|- RoleNotGiven, FolderNotGiven, DatabaseRefused, TokenRefused
|- CommandNotFound, NoPostgresTools
|- BackupEmpty, BackupMissing, BackupDamaged
|- RevisionNotOnPath, SeveralHeads
|- ScriptMissing, ScriptChanged, ScriptEndsTransaction
|- BadVersion, UnknownVersion, NotTheApprovedCommit, ReleaseInTheWay, ReleaseNotThere
`- RequirementsMissing, LinkInTheWay, UnknownFlag
"""

from collections.abc import Sequence
from pathlib import Path

from slipway.errors import StepFailed, StepImpossible
from slipway.run import Json


class RoleNotGiven(StepImpossible):
    """The environment names no connection for a role that the step needs."""

    def __init__(self, environment: str, role: str, used_by: str) -> None:
        self.environment, self.role, self.used_by = environment, role, used_by
        super().__init__(
            f"{environment}: has no {role} connection, and {used_by} needs it. Give the environment "
            f'`{role}="..."`.'
        )


class FolderNotGiven(StepImpossible):
    """An `fs` connection without a usable path."""

    def __init__(self, conn_id: str, path: str) -> None:
        self.conn_id, self.path = conn_id, path
        fault = f"its path {path} is no folder" if path else "has no path"
        super().__init__(
            f'connection "{conn_id}": {fault}. Set extra {{"path": ...}} to a folder that this worker can '
            "write."
        )


class DatabaseUnreachable(StepFailed):
    """The database server does not answer."""

    def __init__(self, conn_id: str, why: str) -> None:
        self.conn_id, self.why = conn_id, why
        super().__init__(
            f'connection "{conn_id}": {why}. See that PostgreSQL runs and that host and port of the '
            "connection are right."
        )


class DatabaseRefused(StepImpossible):
    """The database server answers, but does not let us in."""

    def __init__(self, conn_id: str, why: str) -> None:
        self.conn_id, self.why = conn_id, why
        super().__init__(
            f'connection "{conn_id}": {why}. Correct login, password or database (schema) of the connection.'
        )


class ServiceUnreachable(StepFailed):
    """The service does not answer, or answers with an error."""

    def __init__(self, conn_id: str, request: str, why: str) -> None:
        self.conn_id, self.request, self.why = conn_id, request, why
        super().__init__(
            f'connection "{conn_id}": {request}: {why}. '
            "See that the service runs (its own log says why not) and that host and port of the connection "
            "are right."
        )


class TokenRefused(StepImpossible):
    """The service does not accept the connection's token."""

    def __init__(self, conn_id: str, request: str, status: int) -> None:
        self.conn_id, self.request, self.status = conn_id, request, status
        super().__init__(
            f'connection "{conn_id}": {request} was refused with HTTP {status}. '
            "Set the connection's password to a token that the service accepts."
        )


class CommandFailed(StepFailed):
    """A command ended with an unexpected status."""

    def __init__(self, command: str, status: int, tail: Sequence[str]) -> None:
        self.command, self.status, self.tail = command, status, tuple(tail)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        lines = "\n".join(f"  | {line}" for line in tail)
        said = f" Its last lines:\n{lines}\n" if tail else " It printed nothing. "
        super().__init__(f"{command}: {how}.{said}Mend what they name and clear this task to try again.")


class CommandTimedOut(StepFailed):
    """A command did not end in time; it and all its children were killed."""

    def __init__(self, command: str, seconds: float, tail: Sequence[str]) -> None:
        self.command, self.seconds, self.tail = command, seconds, tuple(tail)
        lines = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"{command}: not over after {seconds:g} s, so it was killed with its children. Its last "
            f"lines:{lines}\n"
            "See what it waits for, or give the step a longer timeout."
        )


class CommandNotFound(StepImpossible):
    """There is no such program, or it may not be run."""

    def __init__(self, command: str, why: str) -> None:
        self.command, self.why = command, why
        super().__init__(f"{command}: {why}. Install it on the worker or correct the plan's argv.")


class NoPostgresTools(StepImpossible):
    """No pg_dump or pg_restore fits the server."""

    def __init__(self, program: str, server: int, found: str) -> None:
        self.program, self.server, self.found = program, server, found
        super().__init__(
            f"{program}: the server is PostgreSQL {server}, and this worker has {found or 'none'}; an "
            "older one "
            f"refuses a newer server. Install the client programs of PostgreSQL {server} or newer."
        )


class BackupFailed(StepFailed):
    """pg_dump did not finish, or what it wrote cannot be read."""

    def __init__(self, label: str, why: str) -> None:
        self.label, self.why = label, why
        super().__init__(
            f"backup of {label}: {why}. Nothing was changed; mend it and clear this task to try again."
        )


class NoRoomForBackup(StepFailed):
    """The backup folder's disk is full, or would be."""

    def __init__(self, folder: Path, free: int, needed: int) -> None:
        self.folder, self.free, self.needed = folder, free, needed
        super().__init__(
            f"{folder}: the disk is too full for the backup, {mebibytes(free)} free and up to "
            f"{mebibytes(needed)} "
            "needed. Free space there, or point the backups connection at a larger disk."
        )


class BackupEmpty(StepImpossible):
    """The database holds no table, so its backup would protect nothing."""

    def __init__(self, label: str, database: str) -> None:
        self.label, self.database = label, database
        super().__init__(
            f'backup of {label}: the database "{database}" has no tables. See that the connection names '
            "the right one."
        )


class BackupMissing(StepImpossible):
    """The backup to restore is not there."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what}: no such backup. See that the backup step ran in this release and that this worker "
            "sees its folder."
        )


class BackupDamaged(StepImpossible):
    """The backup is not the file that was verified when it was taken."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path}: its SHA-256 is {found[:12]}, and was {expected[:12]} when it was verified; it is not "
            "restored. "
            "Restore another backup of this environment by hand (pg_restore), newest first."
        )


class RestoreFailed(StepFailed):
    """pg_restore did not finish; the database is as it was."""

    def __init__(self, label: str, why: str) -> None:
        self.label, self.why = label, why
        super().__init__(
            f"restore of {label}: {why}. The live database was not touched; mend it and clear this task to "
            "try again."
        )


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
    """A verification query does not answer what the plan expects."""

    def __init__(self, title: str, sql: str, expected: Json, found: Json) -> None:
        self.title, self.sql, self.expected, self.found = title, sql, expected, found
        super().__init__(
            f'verification "{title}": expected {expected!r}, found {found!r}. The query is: {sql}'
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


class BadVersion(StepImpossible):
    """A version that cannot name a folder."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f'version "{version}": letters, digits and . _ + - only, not beginning with a dot or a dash, '
            "since it names a folder. Trigger the release with the name of a tag."
        )


class UnknownVersion(StepImpossible):
    """The repository has no such tag or commit."""

    def __init__(self, repository: str, version: str, nearest: Sequence[str]) -> None:
        self.repository, self.version, self.nearest = repository, version, tuple(nearest)
        known = f"The nearest tags are {', '.join(nearest)}" if nearest else "It has no tags"
        super().__init__(
            f'{repository}: no tag or commit "{version}". {known}. Push the tag, or correct the version.'
        )


class RepositoryUnreachable(StepFailed):
    """git could not read the repository."""

    def __init__(self, conn_id: str, repository: str, why: str) -> None:
        self.conn_id, self.repository, self.why = conn_id, repository, why
        super().__init__(
            f'connection "{conn_id}": git cannot read {repository}: {why}. See that host, login and '
            "password are right."
        )


class NotTheApprovedCommit(StepImpossible):
    """The tag moved between staging and production."""

    def __init__(self, version: str, approved: str, found: str) -> None:
        self.version, self.approved, self.found = version, approved, found
        super().__init__(
            f"{version}: staging tried commit {approved[:12]}, and the tag is {found[:12]} now; what was "
            "approved is what "
            "is deployed. Move the tag back, or release the new commit through staging."
        )


class ReleaseInTheWay(StepImpossible):
    """The release folder exists with another content."""

    def __init__(self, folder: Path, found: str, wanted: str) -> None:
        self.folder, self.found, self.wanted = folder, found, wanted
        super().__init__(
            f"{folder}: already there with commit {found[:12] or 'unknown'}, and {wanted[:12]} is to be "
            "deployed. "
            "Remove the folder if `current` does not point at it, or release under a new version."
        )


class ReleaseNotThere(StepImpossible):
    """The folder of a release is missing or unfinished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder}: no such release. Put a FetchRelease step before this one, or fetch it by hand."
        )


class RequirementsMissing(StepImpossible):
    """The release has no requirements file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: no such file in the release. Correct `requirements` in the plan, or leave the step out."
        )


class InstallFailed(StepFailed):
    """The release's own environment could not be made."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder, self.why = folder, why
        super().__init__(
            f"{folder}: dependencies were not installed: {why}. See that the package index is reachable "
            "and the pins exist."
        )


class LinkInTheWay(StepImpossible):
    """`current` is not a link."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: is a folder or file, not a link. Move it away; Slipway keeps a link to a release there."
        )


class WrongVersionServed(StepFailed):
    """The service does not report the version that was deployed."""

    def __init__(self, conn_id: str, expected: str, found: str, seconds: float) -> None:
        self.conn_id, self.expected, self.found, self.seconds = conn_id, expected, found, seconds
        super().__init__(
            f'connection "{conn_id}": {expected} is deployed, but after {seconds:g} s the service {found}. '
            "Read the service's own log, or give it longer (`confirm_within`)."
        )


class UnknownFlag(StepImpossible):
    """The service has no such flag."""

    def __init__(self, conn_id: str, flag: str, known: Sequence[str]) -> None:
        self.conn_id, self.flag, self.known = conn_id, flag, tuple(known)
        has = f"It has: {', '.join(known)}" if known else "It has none"
        super().__init__(
            f'connection "{conn_id}": the service has no flag "{flag}". {has}. Correct the plan, or deploy '
            "what brings it."
        )


class FlagNotTaken(StepFailed):
    """A flag reads back with another value than was set."""

    def __init__(self, flag: str, expected: Json, found: Json) -> None:
        self.flag, self.expected, self.found = flag, expected, found
        super().__init__(f'flag "{flag}": set to {expected}, reads back as {found}. See who else changes it.')


class NoBaseline(StepFailed):
    """A metric had no data while the baseline was taken."""

    def __init__(self, label: str, metrics: Sequence[str], scrapes: int) -> None:
        self.label, self.metrics, self.scrapes = label, tuple(metrics), scrapes
        super().__init__(
            f"baseline of {label}: no data for {', '.join(metrics)} in {scrapes} scrapes. No data is never "
            "a baseline: "
            "see that the service has traffic and serves these metrics, or take it for longer."
        )


def mebibytes(size: int) -> str:
    """Return a size in bytes as text for people."""
    return f"{size / 2**20:,.1f} MiB"
