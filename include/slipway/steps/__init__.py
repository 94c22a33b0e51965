"""The step kinds, one file each."""

from slipway.kinds import Step
from slipway.steps.airflow_task import AirflowOperator, AirflowTask
from slipway.steps.apply_sql import ApplySql
from slipway.steps.back_up_postgres import BackUpPostgres
from slipway.steps.deploy_release import DeployRelease
from slipway.steps.fetch_release import FetchRelease
from slipway.steps.install_dependencies import InstallDependencies
from slipway.steps.restore_postgres import RestorePostgres
from slipway.steps.run_command import FromConnection, Place, RunCommand
from slipway.steps.set_flag import FlagValue, SetFlag
from slipway.steps.take_baseline import TakeBaseline
from slipway.steps.upgrade_alembic import UpgradeAlembic
from slipway.steps.verification import Verification

__all__ = [
    "KINDS",
    "AirflowOperator",
    "AirflowTask",
    "ApplySql",
    "BackUpPostgres",
    "DeployRelease",
    "FetchRelease",
    "FlagValue",
    "FromConnection",
    "InstallDependencies",
    "Place",
    "RestorePostgres",
    "RunCommand",
    "SetFlag",
    "TakeBaseline",
    "UpgradeAlembic",
    "Verification",
]

KINDS: dict[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        AirflowTask,
        ApplySql,
        BackUpPostgres,
        DeployRelease,
        FetchRelease,
        InstallDependencies,
        RestorePostgres,
        RunCommand,
        SetFlag,
        TakeBaseline,
        UpgradeAlembic,
    )
}
