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
|- BadVersion, UnknownVersion, NothingTried, NotTheApprovedCommit, NotTheTriedPackage
|- ReleaseInTheWay, ReleaseNotThere
`- SwitchedSince, RequirementsMissing, LinkInTheWay, UnknownFlag, FlagSwitchedOff

Those of one family stand in its own file: branches (git), heroku.
"""

from slipway.steps.faults.backups import (
    BackupDamaged,
    BackupEmpty,
    BackupFailed,
    BackupMissing,
    NoRoomForBackup,
    RestoreFailed,
    mebibytes,
)
from slipway.steps.faults.commands import CommandFailed, CommandNotFound, CommandTimedOut, NoPostgresTools
from slipway.steps.faults.exposure import FlagNotTaken, FlagSwitchedOff, NoBaseline, UnknownFlag
from slipway.steps.faults.migrations import (
    MigrationFailed,
    RevisionNotOnPath,
    ScriptChanged,
    ScriptEndsTransaction,
    ScriptFailed,
    ScriptMissing,
    SeveralHeads,
    WrongAnswer,
)
from slipway.steps.faults.reaching import (
    DatabaseRefused,
    DatabaseUnreachable,
    FolderNotGiven,
    RoleNotGiven,
    ServiceUnreachable,
    TokenRefused,
)
from slipway.steps.faults.releases import (
    BadVersion,
    InstallFailed,
    LinkInTheWay,
    NothingTried,
    NotTheApprovedCommit,
    NotTheTriedPackage,
    ReleaseInTheWay,
    ReleaseNotThere,
    RepositoryUnreachable,
    RequirementsMissing,
    SwitchedSince,
    UnknownVersion,
    WrongVersionServed,
)

__all__ = [
    "BackupDamaged",
    "BackupEmpty",
    "BackupFailed",
    "BackupMissing",
    "BadVersion",
    "CommandFailed",
    "CommandNotFound",
    "CommandTimedOut",
    "DatabaseRefused",
    "DatabaseUnreachable",
    "FlagNotTaken",
    "FlagSwitchedOff",
    "FolderNotGiven",
    "InstallFailed",
    "LinkInTheWay",
    "MigrationFailed",
    "NoBaseline",
    "NoPostgresTools",
    "NoRoomForBackup",
    "NotTheApprovedCommit",
    "NotTheTriedPackage",
    "NothingTried",
    "ReleaseInTheWay",
    "ReleaseNotThere",
    "RepositoryUnreachable",
    "RequirementsMissing",
    "RestoreFailed",
    "RevisionNotOnPath",
    "RoleNotGiven",
    "ScriptChanged",
    "ScriptEndsTransaction",
    "ScriptFailed",
    "ScriptMissing",
    "ServiceUnreachable",
    "SeveralHeads",
    "SwitchedSince",
    "TokenRefused",
    "UnknownFlag",
    "UnknownVersion",
    "WrongAnswer",
    "WrongVersionServed",
    "mebibytes",
]
