"""The step kinds, one file each."""

from slipway.kinds import Step
from slipway.steps.airflow_task import AirflowOperator, AirflowTask
from slipway.steps.apply_manifest import ApplyManifest
from slipway.steps.apply_sql import ApplySql
from slipway.steps.back_up_heroku_postgres import BackUpHerokuPostgres
from slipway.steps.back_up_postgres import BackUpPostgres
from slipway.steps.back_up_postgres_to_s3 import BackUpPostgresToS3
from slipway.steps.create_launch_darkly_flag import CreateLaunchDarklyFlag, Variation
from slipway.steps.delete_manifest import DeleteManifest
from slipway.steps.deploy_over_ssh import DeployOverSsh
from slipway.steps.deploy_release import DeployRelease
from slipway.steps.deploy_static_web_app import DeployStaticWebApp
from slipway.steps.deploy_to_heroku import DeployToHeroku
from slipway.steps.deploy_to_slot import DeployToSlot
from slipway.steps.fetch_release import FetchRelease
from slipway.steps.install_dependencies import InstallDependencies
from slipway.steps.invalidate_cloud_front import InvalidateCloudFront
from slipway.steps.make_branch import MakeBranch
from slipway.steps.migrate_on_heroku import MigrateOnHeroku
from slipway.steps.purge_cdn import PurgeCdn
from slipway.steps.push_branch import PushBranch
from slipway.steps.restore_heroku_postgres import RestoreHerokuPostgres
from slipway.steps.restore_postgres import RestorePostgres
from slipway.steps.restore_postgres_from_s3 import RestorePostgresFromS3
from slipway.steps.rolling_restart import RollingRestart
from slipway.steps.run_check import RunCheck
from slipway.steps.run_command import FromConnection, Place, RunCommand
from slipway.steps.run_on_heroku import RunOnHeroku
from slipway.steps.run_over_ssh import RunOverSsh
from slipway.steps.set_app_configuration import SetAppConfiguration
from slipway.steps.set_flag import FlagValue, SetFlag
from slipway.steps.set_launch_darkly_flag import SetLaunchDarklyFlag
from slipway.steps.swap_slots import SwapSlots
from slipway.steps.sync_to_s3 import SyncToS3
from slipway.steps.tag_release import TagRelease
from slipway.steps.take_baseline import TakeBaseline
from slipway.steps.upgrade_alembic import UpgradeAlembic
from slipway.steps.upgrade_ef import UpgradeEf
from slipway.steps.upload_to_s3 import UploadToS3
from slipway.steps.verification import Verification
from slipway.steps.wait_until import WaitUntil

__all__ = [
    "KINDS",
    "AirflowOperator",
    "AirflowTask",
    "ApplyManifest",
    "ApplySql",
    "BackUpHerokuPostgres",
    "BackUpPostgres",
    "BackUpPostgresToS3",
    "CreateLaunchDarklyFlag",
    "DeleteManifest",
    "DeployOverSsh",
    "DeployRelease",
    "DeployStaticWebApp",
    "DeployToHeroku",
    "DeployToSlot",
    "FetchRelease",
    "FlagValue",
    "FromConnection",
    "InstallDependencies",
    "InvalidateCloudFront",
    "MakeBranch",
    "MigrateOnHeroku",
    "Place",
    "PurgeCdn",
    "PushBranch",
    "RestoreHerokuPostgres",
    "RestorePostgres",
    "RestorePostgresFromS3",
    "RollingRestart",
    "RunCheck",
    "RunCommand",
    "RunOnHeroku",
    "RunOverSsh",
    "SetAppConfiguration",
    "SetFlag",
    "SetLaunchDarklyFlag",
    "SwapSlots",
    "SyncToS3",
    "TagRelease",
    "TakeBaseline",
    "UpgradeAlembic",
    "UpgradeEf",
    "UploadToS3",
    "Variation",
    "Verification",
    "WaitUntil",
]

KINDS: dict[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        AirflowTask,
        ApplyManifest,
        ApplySql,
        BackUpHerokuPostgres,
        BackUpPostgres,
        BackUpPostgresToS3,
        CreateLaunchDarklyFlag,
        DeleteManifest,
        DeployOverSsh,
        DeployRelease,
        DeployStaticWebApp,
        DeployToHeroku,
        DeployToSlot,
        FetchRelease,
        InstallDependencies,
        InvalidateCloudFront,
        MakeBranch,
        MigrateOnHeroku,
        PurgeCdn,
        PushBranch,
        RestoreHerokuPostgres,
        RestorePostgres,
        RestorePostgresFromS3,
        RollingRestart,
        RunCheck,
        RunCommand,
        RunOnHeroku,
        RunOverSsh,
        SetAppConfiguration,
        SetFlag,
        SetLaunchDarklyFlag,
        SwapSlots,
        SyncToS3,
        TagRelease,
        TakeBaseline,
        UpgradeAlembic,
        UpgradeEf,
        UploadToS3,
        WaitUntil,
    )
}
