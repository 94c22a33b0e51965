"""The kinds of checks, one file each; a new kind is added to KINDS (a companion step to STEP_KINDS)."""

from collections.abc import Mapping
from types import MappingProxyType

from slipway.checks.baseline_limit import BaselineLimit
from slipway.checks.command import CommandCheck
from slipway.checks.cron_job_schedule import CronJobSchedule
from slipway.checks.downtime import Downtime, NoteDowntime
from slipway.checks.dynos_up import DynosUp
from slipway.checks.http import HttpCheck
from slipway.checks.http_series import HttpSeries
from slipway.checks.inside_window import InsideWindow
from slipway.checks.journey import Call, Journey
from slipway.checks.kubernetes_object import KubernetesObject
from slipway.checks.log_pattern import LogPattern, NoteLogEnd
from slipway.checks.looking import run_check
from slipway.checks.readiness_score import Part, ReadinessScore
from slipway.checks.row_checksums import Compared, RowChecksums, Table, TakeRowChecksums
from slipway.checks.sql import SqlCheck
from slipway.checks.version_served import Expected, VersionServed
from slipway.kinds import Check, Step

__all__ = [
    "KINDS",
    "STEP_KINDS",
    "BaselineLimit",
    "Call",
    "CommandCheck",
    "Compared",
    "CronJobSchedule",
    "Downtime",
    "DynosUp",
    "Expected",
    "HttpCheck",
    "HttpSeries",
    "InsideWindow",
    "Journey",
    "KubernetesObject",
    "LogPattern",
    "NoteDowntime",
    "NoteLogEnd",
    "Part",
    "ReadinessScore",
    "RowChecksums",
    "SqlCheck",
    "Table",
    "TakeRowChecksums",
    "VersionServed",
    "run_check",
]

KINDS: Mapping[str, type[Check]] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (
            BaselineLimit,
            CommandCheck,
            CronJobSchedule,
            Downtime,
            DynosUp,
            HttpCheck,
            HttpSeries,
            InsideWindow,
            Journey,
            KubernetesObject,
            LogPattern,
            ReadinessScore,
            RowChecksums,
            SqlCheck,
            VersionServed,
        )
    }
)
STEP_KINDS: Mapping[str, type[Step]] = MappingProxyType(
    {kind.kind: kind for kind in (NoteDowntime, NoteLogEnd, TakeRowChecksums)}
)
