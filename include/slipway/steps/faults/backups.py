"""Faults of taking and restoring backups."""

from pathlib import Path

from slipway.errors import StepFailed, StepImpossible


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

    def __init__(self, path: Path | str, expected: str, found: str) -> None:
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


def mebibytes(size: int) -> str:
    """Return a size in bytes as text for people."""
    return f"{size / 2**20:,.1f} MiB"
