"""Maintenance scheduling: schedules, logs and alerts for CommunityShare, behind a flag in five phases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.channel import Channel
from slipway.checks import (
    BaselineLimit,
    Call,
    Compared,
    CronJobSchedule,
    Expected,
    HttpCheck,
    HttpSeries,
    InsideWindow,
    Journey,
    KubernetesObject,
    RowChecksums,
    SqlCheck,
    Table,
    TakeRowChecksums,
    VersionServed,
)
from slipway.environment import Environment
from slipway.kinds import Checklist, Step
from slipway.metrics import CloudWatchStatistic, GaugeValue
from slipway.notices import Email, InApp, PagerDuty, Slack, StatusPage
from slipway.notices.status_page import IncidentStatus
from slipway.plan import (
    Approval,
    Contact,
    Criterion,
    Day,
    DecisionMatrix,
    Duty,
    Gate,
    Moment,
    Notice,
    Opened,
    Plan,
    Procedure,
    Rollout,
    Rule,
    Scheduled,
    Stage,
    Window,
)
from slipway.steps import (
    ApplyManifest,
    ApplySql,
    BackUpPostgresToS3,
    CreateLaunchDarklyFlag,
    DeployOverSsh,
    FetchRelease,
    RestorePostgresFromS3,
    RollingRestart,
    RunCheck,
    RunOverSsh,
    SetLaunchDarklyFlag,
    SyncToS3,
    TakeBaseline,
    Variation,
    Verification,
)
from slipway.watching import Every, Missing, Threshold, Watch
from slipway.words import Action, Risk, Severity

HOUR, DAY, WEEK, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1), timedelta(days=30)
FLAG = "maintenance_scheduling_enabled"
MAINTENANCE = "/api/maintenance"


def communityshare(name: str) -> Environment:
    """Return an environment of the system; docs/connections.md says what each connection holds."""
    return Environment(
        system="communityshare",
        name=name,
        database=f"communityshare_{name}_db",
        service=f"communityshare_{name}_service",
        host=f"communityshare_{name}_releases",
        artifacts=f"communityshare_{name}_artifacts",
        server=f"communityshare_{name}_server",
        aws=f"communityshare_{name}_aws",
        cluster=f"communityshare_{name}_cluster",
        launchdarkly=f"communityshare_{name}_launchdarkly",
        repository="communityshare_repository",
        probe=f"communityshare_{name}_probe",
    )


# ---- When -------------------------------------------------------------------------------------------------

# October 18, 2025 at 02:00 AM UTC, a window of about 2 hours.
WINDOWS = [
    Window(
        title="02:00 to 04:00 UTC, every day",
        days=[0, 1, 2, 3, 4, 5, 6],
        start=time(2),
        end=time(4),
        timezone=ZoneInfo("UTC"),
    )
]

# ---- What is measured: the dashboard Maintenance-Feature-Production in CloudWatch -------------------------


def cloud_watch(
    name: str,
    title: str,
    metric: str,
    unit: str,
    *,
    statistic: str = "Average",
    period: timedelta = timedelta(seconds=1),  # it is put with that resolution
    within: timedelta = timedelta(minutes=1),
    counted_by: str = "",
    scale: float = 1.0,
    newest: bool = False,
) -> CloudWatchStatistic:
    """Return a figure of the dashboard: the newest one, or with `counted_by` that of all in `within`."""
    return CloudWatchStatistic(
        name=name,
        title=title,
        unit=unit,
        namespace="CommunityShare/Maintenance",
        metric=metric,
        dimensions={"Environment": "production"},
        statistic=statistic,
        period=period,
        within=within,
        counted_by=counted_by,
        scale=scale,
        newest=newest,
    )


def nightly(name: str, title: str, metric: str, unit: str, statistic: str) -> CloudWatchStatistic:
    """Return a figure of the job, which runs once a day: what it tells may be a day old."""
    return cloud_watch(
        name, title, metric, unit, statistic=statistic, period=HOUR, within=timedelta(hours=25)
    )


# A night in which nobody asks for anything has no figure for these three, and is none without monitoring.
error_rate = cloud_watch("error_rate", "API error rate", "ErrorRate", "%", counted_by="Requests")
latency = cloud_watch("latency", "API latency (95 of 100)", "LatencyP95", "ms", counted_by="Requests")
# "Twice as slow" is judged by the middle of all answers: the slowest few vary by more than that at any time.
typical_latency = cloud_watch(
    "typical_latency", "Typical API latency (50 of 100)", "LatencyP50", "ms", counted_by="Requests"
)
query_time = cloud_watch("query_time", "Longest database query", "QueryTime", "ms", scale=1000)
pool = cloud_watch("connection_pool", "Database connection pool in use", "PoolUtilization", "%")
job_success = nightly("job_success", "Background job success rate", "JobSuccess", "%", "Minimum")
job_duration = nightly("job_duration", "Background job execution time", "JobDuration", "s", "Maximum")
alert_delivery = nightly("alert_delivery", "Alert delivery rate", "AlertDelivery", "%", "Minimum")
# Put there by the bug tracker: open bugs of Jira epic PLAT-1523 with priority "critical".
critical_bugs = cloud_watch(
    "critical_bugs",
    "Open critical bugs",
    "CriticalBugs",
    "",
    statistic="Maximum",
    period=timedelta(minutes=1),
    within=HOUR,
    newest=True,
)

# ---- What must not change, and what must be there ---------------------------------------------------------

# Neighbours go on working meanwhile: up to ten rows that they change or remove between the two looks, and
# whatever they add, are no damage (the ten is ours; a migration that damages titles does so to many more).
ROWS = [
    Table(name="users", key="id", columns=["id", "name"], where="id < 1000000", users_change=10),
    Table(
        name="resources",
        key="id",
        columns=["id", "user_id", "title", "kind", "condition", "serviced_on"],
        users_change=10,
    ),
]
DATA_CORRUPTION = "data_corruption"


# Right after the migration: what differs then is its doing, and the backup is minutes old.
no_row_changed = RunCheck(
    name="no_row_changed",
    check=RowChecksums(
        name="no_row_changed",
        tables=ROWS,
        compared=Compared.EQUAL_UP_TO_LAST,
        taken_by="production.note_rows",
    ),
    title="The migration changed no row",
    on_failure=Severity.CRITICAL,
    scenario=DATA_CORRUPTION,
)
# Nine days on: neighbours have changed and removed rows all the time, so this one only tells.
no_row_lost = RowChecksums(
    name="no_row_lost",
    title="Not more than 100 rows (ours) were removed in phases 1 to 4",
    tables=[replace(table, users_change=100) for table in ROWS],
    compared=Compared.NO_ROWS_LOST,
    taken_by="production.note_rows",
    blocking=False,
    on_failure=Severity.LOW,
)


def columns_of(table: str) -> str:
    return (
        "SELECT column_name, udt_name::text FROM information_schema.columns"
        f" WHERE table_name = '{table}' ORDER BY ordinal_position"
    )


INDEXES = (
    "SELECT count(*) FROM pg_indexes WHERE indexname IN ('maintenance_schedules_resource',"
    " 'maintenance_schedules_user', 'maintenance_schedules_due', 'maintenance_logs_schedule',"
    " 'maintenance_logs_done_at')"
)
ENUM_VALUES = (
    "SELECT t.typname::text, e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
    " WHERE t.typname LIKE 'maintenance\\_%' ORDER BY 1, e.enumsortorder"
)
FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly")
STATUSES = ("scheduled", "due", "completed", "cancelled")

# ---- What both environments get ---------------------------------------------------------------------------

BUCKETS = {
    "staging": ("communityshare-backups-staging", "communityshare-frontend-staging", "E1STAGING12345"),
    "production": ("communityshare-backups", "communityshare-frontend", "E2QWRTY123456"),
}

create_flag = CreateLaunchDarklyFlag(
    name="create_flag",
    title=f"Create the flag {FLAG}, off for everybody",
    flag=FLAG,
    flag_title="Maintenance Scheduling & Alert System",
    description="Enables the maintenance scheduling and alert system for resources",
    variations=[Variation(value=True, title="Enabled"), Variation(value=False, title="Disabled")],
    default=1,
    on_failure=Severity.HIGH,
)
fetch = FetchRelease(name="fetch_release", title="Fetch the scripts of the release", on_failure=Severity.HIGH)
migrate = ApplySql(
    name="create_maintenance_tables",
    title="Step 1.2: run the database migration",
    script="migrations/20250915_001_create_maintenance_tables.sql",
    undo_script="migrations/20250915_001_rollback.sql",
    planned=timedelta(minutes=2),
    on_failure=Severity.HIGH,
    verify=[
        Verification(
            title="maintenance_schedules has its columns",
            sql=columns_of("maintenance_schedules"),
            expected=[
                ["id", "int8"],
                ["user_id", "int8"],
                ["resource_id", "int8"],
                ["title", "text"],
                ["frequency", "maintenance_frequency"],
                ["status", "maintenance_status"],
                ["next_due", "date"],
                ["alerts", "bool"],
            ],
        ),
        Verification(
            title="maintenance_logs has its columns",
            sql=columns_of("maintenance_logs"),
            expected=[
                ["id", "int8"],
                ["schedule_id", "int8"],
                ["user_id", "int8"],
                ["note", "text"],
                ["done_at", "timestamptz"],
            ],
        ),
        Verification(title="the 5 indexes are there", sql=INDEXES, expected=5),
        Verification(
            title="the 2 enum types have their values",
            sql=ENUM_VALUES,
            expected=[
                *(["maintenance_frequency", value] for value in FREQUENCIES),
                *(["maintenance_status", value] for value in STATUSES),
            ],
        ),
    ],
)
seed = ApplySql(
    name="insert_seed_data",
    title="Step 1.3: insert seed data for testing",
    script="seeds/maintenance_test_data.sql",
    undo_script="seeds/maintenance_test_data_rollback.sql",
    planned=timedelta(minutes=1),
    on_failure=Severity.HIGH,
    verify=[
        Verification(
            title="12 test schedules",
            sql="SELECT count(*) FROM maintenance_schedules WHERE title LIKE 'Test schedule %'",
            expected=12,
        ),
        Verification(title="4 test logs", sql="SELECT count(*) FROM maintenance_logs", expected=4),
    ],
)
# The login's home on the deployment server is /opt/communityshare.
deploy_api = DeployOverSsh(
    name="deploy_api",
    title="Step 2.1: check out, npm ci, build and smoke-test the API",
    folder="api",
    tag="{version}",
    build=["npm ci --production", "npm run build"],
    smoke=["npm run test:smoke"],
    planned=timedelta(minutes=15),
    on_failure=Severity.HIGH,
)
restart_api = RollingRestart(
    name="restart_api_servers",
    title="Step 2.2: restart the API servers, one at a time, with health between",
    instances=["api-1", "api-2"],
    restart="./scripts/rolling-restart.sh --service api --version {version} --instance {instance}",
    cwd="api",
    address="http://{instance}:8080",
    settle=timedelta(seconds=2),
    confirm_within=timedelta(seconds=60),
    planned=timedelta(minutes=10),
    on_failure=Severity.HIGH,
)
build_front_end = RunOverSsh(
    name="build_front_end",
    title="Step 3.1: build the React application",
    commands=["npm ci", "REACT_APP_FEATURE_MAINTENANCE=true npm run build"],
    cwd="api/frontend",  # in the clone at the tag, and what the next step syncs
    leaves_nothing="the build is only what the next step syncs; the bucket keeps its own versions",
    on_failure=Severity.HIGH,
)
TESTER = "1000140"  # of the seed data; belongs to nobody
MEMBER = "1000000"  # of the internal team, and of its segment


def deployed_to(environment: str) -> Sequence[Step]:
    """Return phases 1 to 3 of the deployment.

    The document deploys the CronJob (step 2.3) before the front end and rolls back flag, job, code, database
    in that order. A rollback is the steps read backwards, so here the CronJob comes after the front end.
    """
    backups, site, distribution = BUCKETS[environment]
    return [
        BackUpPostgresToS3(
            name="back_up_database",
            title="Step 1.1: back up the database to S3",
            bucket=backups,
            prefix="maintenance-feature/",
            planned=timedelta(minutes=10),
            on_failure=Severity.HIGH,
        ),
        *([TAKE_BASELINE, NOTE_ROWS] if environment == "production" else []),
        create_flag,  # after the backup, so that a backup that fails has changed nothing
        fetch,
        migrate,
        seed,
        *([no_row_changed] if environment == "production" else []),
        deploy_api,
        restart_api,
        build_front_end,
        SyncToS3(
            name="deploy_front_end",
            title="Step 3.1: sync the build to S3, and empty CloudFront's caches",
            bucket=site,
            folder="frontend/build",
            distribution=distribution,
            paths=["/*"],
            state_bucket=backups,  # everybody may read the site's
            every=timedelta(seconds=2),
            planned=timedelta(minutes=10),
            on_failure=Severity.HIGH,
        ),
        RunOverSsh(
            name="smoke_test_front_end",
            title="Step 3.2: smoke-test the front end as CloudFront serves it",
            commands=[f"npm run test:e2e:smoke -- --env={environment}"],
            cwd="api",
            leaves_nothing="the tests only read",
            planned=timedelta(minutes=5),
            on_failure=Severity.HIGH,
        ),
        ApplyManifest(
            name="schedule_maintenance_checker",
            title="Step 2.3: deploy the background job scheduler",
            manifest="k8s/maintenance-checker-cronjob.yaml",
            namespace=environment,
            planned=timedelta(minutes=5),
            on_failure=Severity.HIGH,
        ),
        RunCheck(
            name="job_is_scheduled",
            title="Step 2.3: the CronJob maintenance-checker runs daily at 06:00 (0 6 * * *)",
            check=job_scheduled(environment),
            on_failure=Severity.HIGH,
        ),
        SetLaunchDarklyFlag(
            name="let_the_test_user_in",
            title="Enable the feature for the test user alone",
            flag=FLAG,
            targets=[f"user-{TESTER}"],
            planned=timedelta(minutes=5),
            on_failure=Severity.HIGH,
        ),
    ]


def job_scheduled(environment: str) -> CronJobSchedule:
    return CronJobSchedule(
        name="job_schedule",
        title="The background job is ready to run",
        cron_job="maintenance-checker",
        namespace=environment,
        schedule="0 6 * * *",
    )


TAKE_BASELINE = TakeBaseline(
    name="take_baseline",
    title="Measure production before the release",
    metrics=[typical_latency, error_rate],
    on_failure=Severity.HIGH,
)
NOTE_ROWS = TakeRowChecksums(
    name="note_rows", title="Note counts and checksums of the rows", tables=ROWS, on_failure=Severity.HIGH
)

# ---- What a user does, as checks --------------------------------------------------------------------------

healthy = HttpCheck(
    name="is_healthy",
    title="The API answers 200 OK at /health",
    path="/health",
    json_has={"status": "ok"},
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
)
AS_TESTER = {"X-User": TESTER}
maintenance_journey = Journey(
    name="walk_through_maintenance",
    title="Step 4.1: the test user schedules maintenance, completes it, and sees both",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
    calls=[
        Call(name="calendar", path=f"{MAINTENANCE}/schedules", headers=AS_TESTER),
        Call(
            name="choose a resource",
            path="/api/resources",
            headers=AS_TESTER,
            capture={"resource": "resources.0.id"},
        ),
        Call(
            name="create a schedule",
            method="POST",
            path=f"{MAINTENANCE}/schedules",
            headers=AS_TESTER,
            body={
                "resource_id": "{resource}",
                "title": "Check of {release_id}",
                "frequency": "monthly",
                "next_due": "2000-01-01",
            },
            json_has={"status": "scheduled"},
            capture={"schedule": "id"},
        ),
        Call(
            name="it appears in the calendar",
            path=f"{MAINTENANCE}/schedules",
            headers=AS_TESTER,
            json_has={"schedules.0.id": "{schedule}"},
        ),
        Call(
            name="mark it complete",
            method="POST",
            path=f"{MAINTENANCE}/schedules/{{schedule}}/complete",
            headers=AS_TESTER,
            body={"note": "Check of {release_id}"},
        ),
        Call(
            name="the log appears in the history",
            path=f"{MAINTENANCE}/logs",
            headers=AS_TESTER,
            json_has={"logs.0.schedule_id": "{schedule}"},
        ),
        Call(
            name="remove it again",
            method="DELETE",
            path=f"{MAINTENANCE}/schedules/{{schedule}}",
            headers=AS_TESTER,
        ),
    ],
)
mail_sent = SqlCheck(
    name="notification_is_sent",
    title="Step 4.1: the notification of the new schedule was sent",
    sql="SELECT count(*) FROM notifications WHERE subject LIKE 'Maintenance is scheduled: %'"
    f" AND user_id = {TESTER} AND sent_at > now() - interval '1 hour'",
    at_least=1,
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
)
hidden = HttpCheck(
    name="hidden_from_others",
    title="Everybody else finds nothing at the maintenance routes (404)",
    path=f"{MAINTENANCE}/schedules",
    headers={"X-User": "1"},
    status=[404],
    on_failure=Severity.HIGH,
)
shown_to_the_team = HttpCheck(
    name="internal_team_has_access",
    title="Step 4.3: a member of the internal team reaches the calendar",
    path=f"{MAINTENANCE}/schedules",
    headers={"X-User": MEMBER},
    patience=timedelta(seconds=20),  # until each server has heard of the rule
)
# The way back is proved by requests of its own: at night nobody else sends enough to measure.
own_requests = HttpSeries(
    name="metrics_are_normal",
    title="Step 5: 100 requests of our own are answered without an error, p95 below 500 ms",
    path="/api/resources",
    headers=AS_TESTER,
    times=100,
    p95_within=timedelta(milliseconds=500),  # above it the document warns
    patience=timedelta(seconds=30),
)
pool_healthy = SqlCheck(
    name="database_pool_is_healthy",
    title="Step 4.2: less than 90 % of the database's connections are taken",
    sql="SELECT 100 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity",
    at_most=90,
    on_failure=Severity.HIGH,
)
all_internal_users_scheduled = SqlCheck(
    name="internal_users_created_schedules",
    title="All 10 internal users created a schedule",
    sql="SELECT count(DISTINCT user_id) FROM maintenance_schedules WHERE user_id BETWEEN 1000000 AND 1000009",
    equals=10,
    patience=timedelta(minutes=2),
    blocking=False,  # who is on holiday makes none: the form after it asks whether it will do
    on_failure=Severity.LOW,
)
calm = BaselineLimit(
    name="metrics_are_calm",
    title="Step 4.2: error rate < 0.5 %, p95 < 200 ms",
    metrics=[error_rate, latency],
    thresholds=[
        Threshold(metric="error_rate", severity=Severity.MEDIUM, above=0.5, of_at_least=20),
        Threshold(metric="latency", severity=Severity.MEDIUM, above=200, of_at_least=20),
    ],
    lasting=timedelta(minutes=1),
    patience=timedelta(minutes=2),
    on_failure=Severity.MEDIUM,  # nobody has been let in yet: a person decides
    on_unknown=Severity.LOW,  # a night so quiet that nothing is measured: a person has a day to say so
)
job_has_told = BaselineLimit(
    name="job_ran_and_delivered",
    title="The job ran, and more than 95 % of its alerts were delivered",
    metrics=[job_success, alert_delivery],
    thresholds=[
        Threshold(metric="job_success", severity=Severity.MEDIUM, below=95),
        Threshold(metric="alert_delivery", severity=Severity.MEDIUM, below=95),
    ],
    patience=timedelta(minutes=2),
    on_failure=Severity.MEDIUM,
    scenario="background_job_failure",
)

# ---- Rollout ----------------------------------------------------------------------------------------------


def enable(name: str, title: str, percentage: float = 0, segments: Sequence[str] = ()) -> SetLaunchDarklyFlag:
    return SetLaunchDarklyFlag(
        name=name,
        title=title,
        flag=FLAG,
        segments=segments,
        percentage=percentage,
        only_if_on=True,  # the test user's step turned it on; who turned it off since has a reason
        planned=timedelta(minutes=5),
        on_failure=Severity.HIGH,
    )


# The limits of the watch hold in every phase; a phase adds its own criteria. Those that only people can judge
# stand with the audience: whoever finds them missed marks the phase's watch failed.
#
# The job runs at night, so in phase 1 its figures may not be there yet. From phase 2 on they must be: a job
# that tells nothing asks a person, as one that fails does, and of alerts that tell nothing on-call is warned.
# The trigger "background job completely failing" has no limit of its own: the first night that fails is the
# row of the matrix, which asks and without an answer turns the job off, and so there is no second one.
OF_THE_JOB = [
    # The rows of the decision matrix.
    Threshold(
        metric="job_success",
        severity=Severity.MEDIUM,
        below=95,
        scenario="background_job_failure",
        missing=Missing.BREACH,
    ),
    Threshold(
        metric="alert_delivery",
        severity=Severity.MEDIUM,
        below=80,
        scenario="alert_delivery_below_80_percent",
        missing=Missing.BREACH,
    ),
    # PagerDuty's critical alerts.
    Threshold(metric="job_success", severity=Severity.CRITICAL, below=90, scenario="page_only"),
    Threshold(metric="alert_delivery", severity=Severity.CRITICAL, below=80, scenario="page_only"),
    # Technical success metrics of day 1.
    Threshold(metric="job_success", severity=Severity.LOW, below=95),
    Threshold(metric="alert_delivery", severity=Severity.LOW, below=90),
]
BEFORE_THE_FIRST_NIGHT = [replace(each, missing=Missing.NOT_JUDGED) for each in OF_THE_JOB]
# Ours: a service that is down puts no figure into CloudWatch, and what is missing there is no error rate.
available = GaugeValue(
    name="available",
    title="The API answers, seen from outside",
    source="probe",
    gauge="probe_success",
    labels={"system": "communityshare", "environment": "production"},
)
# A figure is of the last minute: what asks or takes back must last (the times are ours).
QUARTER = timedelta(minutes=15)
no_new_errors = Threshold(
    metric="error_rate", severity=Severity.MEDIUM, above=0.5, lasting=QUARTER, of_at_least=20
)


# What people look at meanwhile, by the document's first 24 hours and first week.
FIRST_DAY = [
    "Error rates, performance, user feedback",
    "Primary and secondary engineer are available in the first 24 hours",
]
FIRST_WEEK = ["Adoption metrics, user satisfaction, edge cases"]
WIDE_BUG = (
    "Critical bugs: one that affects more than 10 % of users is rolled back at once (mark this watch failed)"
)


def said_by_people(name: str, criterion: str) -> Checklist:
    """Return the question for a criterion of a phase that no metric knows.

    Its times are ours: a day to answer, while production is watched, and then a question with another day.
    """
    return Checklist(
        name=name,
        title=criterion,
        items=[criterion],
        timeout=DAY,
        on_failure=Severity.MEDIUM,
        on_unknown=Severity.LOW,
    )


phased = Rollout(
    strategy="phased",
    title="Five phases behind the flag, 10 days",
    stages=[
        Stage(
            name="internal_team",
            title="Phase 1: internal team (day 0-2)",
            exposure=0.1,
            audience="~10 internal team members; zero critical bugs",
            steps=[
                enable(
                    "enable_for_internal_team",
                    "Step 4.3: enable the flag for the internal team",
                    segments=["internal-team-members"],
                ),
                RunCheck(
                    name="see_that_the_team_has_access", check=shown_to_the_team, on_failure=Severity.HIGH
                ),
            ],
            soak=timedelta(hours=48),
            every=HOUR,
            thresholds=[
                *BEFORE_THE_FIRST_NIGHT,
                Threshold(
                    metric="alert_delivery",
                    severity=Severity.MEDIUM,
                    below=95,
                    missing=Missing.NOT_JUDGED,
                ),
            ],
            look_at=[*FIRST_DAY, WIDE_BUG],
            # Two nights have passed: what the job told of them is no longer left unjudged.
            require=[
                job_has_told,
                all_internal_users_scheduled,
                said_by_people(
                    "internal_team_is_content",
                    "All internal users created a schedule, or it will do without those who did not",
                ),
            ],
        ),
        Stage(
            name="beta_users",
            title="Phase 2: beta users (day 3-5)",
            exposure=1.1,
            audience="~100 beta testers (opted-in community admins)",
            steps=[
                enable("enable_for_beta_users", "Enable the flag for beta users", segments=["beta-testers"])
            ],
            soak=timedelta(hours=72),
            every=timedelta(hours=4),
            thresholds=[
                no_new_errors,
                # "Performance metrics stable" has no figure: half as much again is ours.
                Threshold(
                    metric="typical_latency",
                    severity=Severity.LOW,
                    above_baseline_by_percent=50,
                ),
            ],
            look_at=[*FIRST_WEEK, WIDE_BUG],
            require=[said_by_people("users_are_satisfied", "User satisfaction score > 4/5")],
        ),
        Stage(
            name="a_quarter",
            title="Phase 3: 25 % rollout (day 6-7)",
            exposure=25,
            audience="~2,500 users (random selection)",
            steps=[enable("enable_for_a_quarter", "Enable the flag for 25 % of all users", 25)],
            soak=timedelta(hours=48),
            every=timedelta(hours=6),
            thresholds=[
                Threshold(
                    metric="error_rate",
                    severity=Severity.MEDIUM,
                    above_baseline_by=0.5,
                    lasting=QUARTER,
                    of_at_least=20,
                ),
                Threshold(metric="query_time", severity=Severity.MEDIUM, above=1000, lasting=QUARTER),
                Threshold(metric="alert_delivery", severity=Severity.MEDIUM, below=90),
            ],
            look_at=[*FIRST_WEEK, WIDE_BUG],
        ),
        Stage(
            name="a_half",
            title="Phase 4: 50 % rollout (day 8-9)",
            exposure=50,
            audience="~5,000 users",
            steps=[enable("enable_for_a_half", "Enable the flag for 50 % of all users", 50)],
            soak=timedelta(hours=48),
            every=DAY,
            thresholds=[no_new_errors],
            look_at=[WIDE_BUG],
            require=[no_row_lost, said_by_people("support_is_calm", "Support ticket volume normal")],
        ),
        Stage(
            name="everybody",
            title="Phase 5: 100 % rollout (day 10+)",
            exposure=100,
            audience="all users (~10,000)",
            steps=[enable("enable_for_everybody", "Enable the flag for 100 % of all users", 100)],
            # Its monitoring is ongoing: the watch follows, hourly.
            soak=DAY,
            every=timedelta(hours=12),
            look_at=[WIDE_BUG],
        ),
    ],
)

# ---- Whom to tell -----------------------------------------------------------------------------------------

SLACK = Slack(connection="communityshare_slack", channel="#communityshare-deployments")
# Each breach pages by itself: one that follows another, or that the rollback failed, is news at night.
PAGER = PagerDuty(connection="communityshare_pager")


def mail(*recipients: str) -> Email:
    return Email(
        connection="communityshare_mail", recipients=[f"{name}@communityshare.io" for name in recipients]
    )


STATUS = StatusPage(connection="communityshare_status_page", page="communityshare", incident="maintenance")
STATUS_IDENTIFIED = replace(STATUS, status=IncidentStatus.IDENTIFIED)
STATUS_RESOLVED = replace(STATUS, status=IncidentStatus.RESOLVED)
APPROVERS = ("release_manager", "devops_lead", "engineering_manager", "product_owner")
# On-call engineers are paged and are no approvers: who fixes forward must be one of these.
WHO_ANSWERS = (
    f"Only {', '.join(APPROVERS)} can fix forward: where it asks, call one of them, or it is rolled back."
)
NOW_AVAILABLE = (
    "You now have access to the new Maintenance Scheduling & Alert System.\n"
    "\n"
    "Get started:\n"
    "1. Go to any resource page\n"
    '2. Click "Schedule Maintenance"\n'
    "3. Set up your first maintenance schedule\n"
    "\n"
    "Need help? Check out our User Guide (https://docs.communityshare.io/maintenance-scheduling) or contact "
    "support."
)


def launched(stage: str, audience: str, *channels: Channel) -> Notice:
    return Notice(
        name=f"launch_of_{stage}",
        moment=Opened(stage),
        audience=audience,
        channels=channels,
        subject="Maintenance Scheduling is Now Available!",
        text=NOW_AVAILABLE,
    )


def turned_off(stage: str, audience: str, *channels: Channel) -> Notice:
    return Notice(
        name=f"{stage}_hears_that_it_is_off",
        moment=Moment.ROLLBACK_STARTED,
        stage=stage,
        audience=audience,
        channels=channels,
        subject="Maintenance scheduling is off for now",
        text="We are investigating issues with the new maintenance feature, and have turned it off for now.",
    )


notices = [
    Notice(
        name="users_hear_of_the_coming_feature",
        # Day -3 in the document. GO is given in the window and production follows at once. A wait of three
        # days behind it would want the approval days ahead, at two in the morning, and nothing would judge
        # the window of the launch. So it is told after the GO: no user hears of what was never approved.
        moment=Moment.BEFORE_PRODUCTION,
        audience="All users",
        channels=[mail("users"), InApp()],
        subject="New Feature Coming: Maintenance Scheduling",
        text="We're excited to announce a new feature, launching step by step over the coming days, that "
        "will help you keep your resources in top condition. The Maintenance Scheduling & Alert System will "
        "allow you to:\n"
        "\n"
        "- Schedule recurring maintenance for your resources\n"
        "- Receive automatic alerts when maintenance is due\n"
        "- Track maintenance history with notes and photos\n"
        "\n"
        "Stay tuned for more details!",
    ),
    Notice(
        name="team_hears_of_the_start",
        moment=Moment.PRODUCTION_STARTED,
        audience="Deployment team",
        channels=[SLACK],
        subject="{title} {version} is being deployed",
        text="By {who}, {now}. {run_url}\nWhom to call: {contacts}",
    ),
    # "Launch Day Announcement": to each group when it has access, the first one on day 0.
    launched("internal_team", "Internal team", mail("internal-team")),
    launched("beta_users", "Beta users", mail("beta-testers")),
    launched("a_quarter", "The first quarter of all users", mail("maintenance-first-quarter")),
    launched("a_half", "The second quarter of all users", mail("maintenance-second-quarter")),
    launched("everybody", "All users", mail("users"), InApp()),
    Notice(
        name="team_hears_of_day_3",
        moment=Day(3),
        audience="Internal",
        channels=[SLACK],
        subject="Maintenance scheduling, day 3: success metrics",
        text="Error rate, p95 latency, job success and alert delivery so far: {run_url}\n"
        "Dashboard: Maintenance-Feature-Production in CloudWatch.",
    ),
    Notice(
        name="team_hears_of_day_7",
        moment=Day(7),
        audience="Internal; the product manager looks the figures up",
        channels=[SLACK, mail("emma.r")],
        subject="Maintenance scheduling, day 7: adoption in week 1",
        text="Week 1 of {title} {version} is over. To look up today, for the duties after the release:\n"
        "- 20 % of eligible users created at least one schedule\n"
        "- 50 % of created schedules have alerts enabled\n"
        "- User satisfaction score > 4/5",
    ),
    Notice(
        name="beta_users_hear_of_day_7",
        moment=Day(7),
        audience="Beta users, through the product manager",
        channels=[mail("emma.r")],
        subject="Share today: how maintenance scheduling is used",
        text="Day 7 of {title} {version}: the feature adoption stats are due, to be shared with the beta "
        "users (beta-testers@communityshare.io).",
    ),
    Notice(
        name="public_hears_of_day_14",
        moment=Day(14),
        audience="Public, through the blog's editors",
        channels=[mail("blog")],
        subject="Publish today: the blog post on the launch of maintenance scheduling",
        text="Day 14 of {title} {version}: the public blog post about the feature launch is due.",
    ),
    Notice(
        name="team_hears_of_day_30",
        moment=Day(30),
        audience="Internal; the product manager looks the figures up",
        channels=[SLACK, mail("emma.r")],
        subject="Maintenance scheduling, day 30: month 1",
        text="Month 1 of {title} {version} is over. To look up today, for the duties after the release:\n"
        "- Feature adoption rate > 50 %, user satisfaction maintained\n"
        "- 50 % of resources have maintenance schedules\n"
        "- Average of 3+ schedules per resource\n"
        "- 15 % reduction in emergency repair requests\n"
        "- 95 % maintenance completion rate",
    ),
    Notice(
        name="public_hears_of_day_30",
        moment=Day(30),
        audience="Public, through the blog's editors",
        channels=[mail("blog")],
        subject="Publish today: the success story of a high-adopting community",
        text="Day 30 of {title} {version}: the success story featuring a high-adopting community is due.",
    ),
    Notice(
        name="on_call_is_paged",
        moment=Moment.BREACH,
        severities=[Severity.CRITICAL, Severity.HIGH],
        audience="On-call primary and secondary engineer",
        channels=[PAGER, SLACK],
        subject="Critical: {title} {version}",
        text="{reason}\n{follows}\n" + WHO_ANSWERS + "\n{run_url}\nWhom to call: {contacts}",
    ),
    Notice(
        name="on_call_is_warned",
        moment=Moment.BREACH,
        severities=[Severity.MEDIUM],
        within=timedelta(minutes=15),
        audience="On-call primary engineer",
        channels=[PAGER, SLACK],
        subject="Warning: {title} {version}",
        text="{reason}\n{follows}\n" + WHO_ANSWERS + "\n{run_url}",
    ),
    Notice(
        name="team_hears_of_what_is_not_urgent",
        moment=Moment.BREACH,
        severities=[Severity.LOW],
        audience="Deployment team: where it asks, no answer within a day is a rollback",
        channels=[SLACK],
        subject="{title} {version} is not as it should be",
        text="{reason}\n{follows}\n" + WHO_ANSWERS + "\n{run_url}\nWhom to call: {contacts}",
    ),
    Notice(
        name="team_hears_that_it_was_stopped",
        moment=Moment.ABORTED,
        audience="Deployment team",
        channels=[SLACK],
        subject="{title} {version} was stopped, nothing in production was changed",
        text="Why: {reason}\nReport: {report}",
    ),
    Notice(
        name="status_page_says_investigating",
        moment=Moment.ROLLBACK_STARTED,
        audience="Public",
        channels=[STATUS],
        subject="Issues with new maintenance feature",
        text="Investigating issues with new maintenance feature",
    ),
    Notice(
        name="team_hears_of_the_rollback",
        moment=Moment.ROLLBACK_STARTED,
        audience="Internal team, and support with the known issues",
        channels=[SLACK, mail("support")],
        subject="{title} {version} is being rolled back",
        text="{reason}\n{run_url}\nWhom to call: {contacts}",
    ),
    # "Affected users": those who were let in. A restore may take what anybody wrote since the backup; no
    # moment is that of a restore alone, so the status page tells of it, and a duty asks for the rest.
    turned_off("internal_team", "Internal team", mail("internal-team")),
    turned_off("beta_users", "Beta users", mail("beta-testers")),
    turned_off("a_quarter", "The first quarter of all users", mail("maintenance-first-quarter")),
    turned_off("a_half", "The second quarter of all users", mail("maintenance-second-quarter")),
    turned_off("everybody", "All users", mail("users"), InApp()),
    Notice(
        name="status_page_says_resolved",
        moment=Moment.ROLLED_BACK,
        audience="Public",
        channels=[STATUS_RESOLVED],
        subject="Issues with new maintenance feature",
        text="The maintenance feature is off, and what was entered in it is gone. Everything else works as "
        "before. Where data was damaged it is restored as of before the release: if something that you saved "
        "since then is missing, contact support.",
    ),
    Notice(
        name="status_page_says_that_it_is_off",
        moment=Moment.ROLLED_BACK_IN_PART,
        audience="Public",
        channels=[STATUS_RESOLVED],
        subject="Issues with new maintenance feature",
        text="The maintenance feature is off. Everything else works as before.",
    ),
    Notice(
        name="all_hands_hear_of_the_rollback",
        moment=Moment.ROLLED_BACK,
        audience="All hands",
        channels=[mail("all-hands"), SLACK],
        subject="Incident: {title} {version} was rolled back to {version_before}",
        text="Why: {reason}\n"
        "Report: {report}\n"
        "Where it shows that the database was restored, rows written since the backup are no longer live: "
        "support and product tell everybody who wrote since.\n"
        "The postmortem meeting is within 24 hours; lessons learned and action items follow from it.",
    ),
    Notice(
        name="all_hands_hear_that_it_is_held",
        moment=Moment.HELD,
        audience="All hands",
        channels=[mail("all-hands"), SLACK],
        subject="Incident: {title} {version} is held for a person",
        text="{reason}\n"
        "Report: {report}\n"
        "The postmortem meeting is within 24 hours; lessons learned and action items follow from it.",
    ),
    Notice(
        name="on_call_hears_of_the_failed_rollback",
        moment=Moment.ROLLBACK_FAILED,
        audience="On-call primary and secondary engineer",
        channels=[PAGER, SLACK],
        subject="{title} {version}: the rollback failed, go there now",
        text="{reason}\n{run_url}\nWhom to call: {contacts}",
    ),
    Notice(
        name="all_hands_hear_of_the_failed_rollback",
        moment=Moment.ROLLBACK_FAILED,
        audience="All hands",
        channels=[mail("all-hands"), SLACK],
        subject="Incident: the rollback of {title} {version} failed",
        text="{reason}\n"
        "Report: {report}\n"
        "On-call is at it. The postmortem meeting is within 24 hours; lessons learned and action items "
        "follow from it.",
    ),
    Notice(
        name="status_page_says_that_it_goes_on",
        moment=Moment.ROLLBACK_FAILED,
        audience="Public",
        channels=[STATUS_IDENTIFIED],
        subject="Issues with new maintenance feature",
        text="We are still working on the issues with the new maintenance feature. Other parts of "
        "CommunityShare may be affected.",
    ),
]

# ---- The night's timetable ---------------------------------------------------------------------------------


def from_(hour: int, minute: int, lasts: int, title: str, *covers: str) -> Scheduled:
    """Return a phase of the document: when it begins (UTC), the minutes that it lasts, what it covers."""
    return Scheduled(
        title=title,
        begins=time(hour, minute),
        timezone=ZoneInfo("UTC"),
        lasts=timedelta(minutes=lasts),
        covers=covers,
    )


SCHEDULE = [
    from_(
        *(2, 0, 15, "Phase 1: database migration"),
        "production.back_up_database",
        "production.create_maintenance_tables",
        "production.insert_seed_data",
        "production.no_row_changed",
    ),
    from_(
        *(2, 15, 30, "Phase 2: application deployment"),
        "production.deploy_api",
        "production.restart_api_servers",
        "production.schedule_maintenance_checker",
        "production.job_is_scheduled",
    ),
    from_(
        *(2, 45, 15, "Phase 3: frontend deployment"),
        "production.build_front_end",
        "production.deploy_front_end",
        "production.smoke_test_front_end",
    ),
    from_(3, 0, 30, "Phase 4: post-deployment validation", "verification"),
]


def looked_up(day: str, figure: str) -> Duty:
    """Return the duty to note a success metric that a notice asked for on its day."""
    return Duty(title=f"Noted as of {day}: {figure}", due=timedelta(0), owner="Product Manager")


# ---- The plan ---------------------------------------------------------------------------------------------

plan = Plan(
    name="maintenance_scheduling",
    title="Maintenance Scheduling & Alert System",
    summary="Schedules, logs and alerts for the maintenance of resources (FEAT-MS-001): v2.4.0 -> "
    "v2.5.0-maintenance, about 2 hours from 02:00 UTC, then five phases behind the flag "
    f"{FLAG}. The migration only adds, so v2.4.0 runs on the new schema. Rollback in less than 15 minutes.",
    document="Deployment plan: Maintenance Scheduling & Alert System (004)",
    risk=Risk.MEDIUM,
    owner="communityshare-team",
    tags=("communityshare", "sandbox"),
    staging=communityshare("staging"),
    production=communityshare("production"),
    windows=WINDOWS,
    schedule=SCHEDULE,
    preflight=[
        healthy,
        VersionServed(
            name="note_running_version",
            title="Note the version that runs now (v2.4.0)",
            expects=Expected.ANY,
        ),
        InsideWindow(
            name="inside_the_window",
            title="Now is within 02:00 to 04:00 UTC",
            windows=WINDOWS,
            # It only tells in time: the decision judges, and outside wants the parameter break_glass.
            blocking=False,
        ),
        Checklist(
            name="code_readiness",
            title="Code readiness",
            items=[
                "All code merged to main branch (PR #342)",
                "Code review approved by 2+ reviewers",
                "All tests passing (Unit: 156/156, Integration: 23/23)",
                "Test coverage at least 80 % (current: 87 %)",
                "No critical or high severity security vulnerabilities",
                "Performance benchmarks met (all endpoints < 200 ms p95)",
            ],
        ),
        Checklist(
            name="documentation",
            title="Documentation",
            items=[
                "API documentation complete and published",
                "User guide created and reviewed",
                "Admin guide created and reviewed",
                "Runbook for on-call engineers complete",
                "Architecture diagrams updated",
            ],
        ),
        Checklist(
            name="infrastructure",
            title="Infrastructure",
            items=[
                "Database migration tested in staging: steps of this plan",
                "Background job scheduler configured",
                "CloudWatch dashboards created",
                "PagerDuty alerts configured",
                "Feature flag created in LaunchDarkly: a step of this plan",
            ],
        ),
        Checklist(
            name="dependencies",
            title="Dependencies",
            items=[
                "Notification Service v2.3+ deployed and stable",
                "Resource Management v1.3+ available",
                "S3 bucket for photo uploads created and configured",
                "IAM roles and permissions configured",
            ],
        ),
        Checklist(
            name="team_readiness",
            title="Team readiness",
            items=[
                "Deployment team briefed",
                "On-call engineers notified",
                "Customer support trained on new feature",
                "Rollback plan reviewed with team",
            ],
        ),
    ],
    on_staging=[
        *deployed_to("staging"),
        RestorePostgresFromS3(name="rehearse_restore", backup="back_up_database", drill=True),
    ],
    validate=[
        HttpCheck(name="serves_health", title="The API is healthy on staging", path="/health"),
        VersionServed(name="serves_the_version"),
        maintenance_journey,
        mail_sent,
        hidden,
        job_scheduled("staging"),
    ],
    gate=Gate(
        question="Release maintenance scheduling to production?",
        approvals=[
            Approval(
                role="Deployment Lead",
                people=APPROVERS,
            )
        ],
        criteria=[
            Criterion(
                text="The pre-deployment checklist is ticked",
                checks=[
                    "code_readiness",
                    "documentation",
                    "infrastructure",
                    "dependencies",
                    "team_readiness",
                ],
            ),
            Criterion(
                text="Migration and seed data ran on staging",
                checks=["create_maintenance_tables", "insert_seed_data"],
            ),
            Criterion(
                text="The backup in S3 can be restored", checks=["back_up_database", "rehearse_restore"]
            ),
            Criterion(
                text="API, front end and job are deployed on staging",
                checks=[
                    "deploy_api",
                    "restart_api_servers",
                    "deploy_front_end",
                    "smoke_test_front_end",
                    "schedule_maintenance_checker",
                    "job_schedule",
                ],
            ),
            Criterion(
                text="The feature works for whom the flag enables it, and for nobody else",
                checks=[
                    "serves_health",
                    "serves_the_version",
                    "walk_through_maintenance",
                    "notification_is_sent",
                    "hidden_from_others",
                ],
            ),
        ],
        timeout=timedelta(hours=24),
        escalation="product_owner",
    ),
    on_production=deployed_to("production"),
    verify=[
        healthy,
        VersionServed(name="serves_the_version", on_failure=Severity.HIGH),
        maintenance_journey,
        mail_sent,
        hidden,
        calm,
        pool_healthy,
        job_scheduled("production"),
        Checklist(
            name="manual_testing",
            title="Step 4.1: manual testing",
            planned=timedelta(minutes=15),
            timeout=HOUR,  # ours
            on_unknown=Severity.MEDIUM,
            items=[
                "Login to production as test user",
                "Navigate to Maintenance Calendar",
                "Create a new maintenance schedule",
                "Verify schedule appears in calendar",
                "Mark schedule as complete (create log)",
                "Verify log appears in maintenance history",
                "Check email notification sent",
            ],
        ),
    ],
    strategies=[phased],
    watch=Watch(
        metrics=[
            error_rate,
            latency,
            typical_latency,
            query_time,
            pool,
            job_success,
            job_duration,
            alert_delivery,
            critical_bugs,
            available,
        ],
        thresholds=[
            # An outage: see `available`.
            Threshold(metric="available", severity=Severity.HIGH, below=1, lasting=timedelta(minutes=5)),
            # It comes and goes, which never lasts: of the last readings, one a minute, half of twenty without
            # an answer are an outage, and a tenth of thirty is for a person.
            Threshold(metric="available", severity=Severity.HIGH, below=0.5, of_at_least=20),
            Threshold(metric="available", severity=Severity.MEDIUM, below=0.9, of_at_least=30),
            # The rows of the decision matrix.
            Threshold(
                metric="error_rate",
                severity=Severity.HIGH,
                above=5,
                of_at_least=20,  # ours, as for all that follow from few requests at night
                scenario="api_error_rate_5_to_10_percent",
            ),
            Threshold(
                metric="error_rate",
                severity=Severity.CRITICAL,
                above=10,
                lasting=timedelta(minutes=5),
                of_at_least=20,
                scenario="api_error_rate_above_10_percent",
            ),
            Threshold(
                metric="critical_bugs", severity=Severity.HIGH, above=0, scenario="one_or_two_critical_bugs"
            ),
            Threshold(
                metric="critical_bugs",
                severity=Severity.CRITICAL,
                above=2,
                scenario="three_or_more_critical_bugs",
            ),
            Threshold(
                metric="typical_latency",
                severity=Severity.HIGH,
                above_baseline_times=2,
                lasting=timedelta(minutes=5),
                of_at_least=20,
                scenario="twice_as_slow",
            ),
            *OF_THE_JOB,
            # Rollback triggers that the matrix does not name: CRITICAL without a scenario rolls back.
            Threshold(
                metric="latency",
                severity=Severity.CRITICAL,
                above=1000,
                lasting=timedelta(minutes=5),
                of_at_least=20,
            ),
            # PagerDuty's critical alerts beside these; "API error rate > 5 %" is the first row above.
            Threshold(metric="connection_pool", severity=Severity.CRITICAL, above=99, scenario="page_only"),
            # Its warnings.
            Threshold(
                metric="latency", severity=Severity.MEDIUM, above=500, of_at_least=20, scenario="warn_only"
            ),
            Threshold(
                metric="job_duration",
                severity=Severity.MEDIUM,
                above=300,
                scenario="warn_only",
                missing=Missing.NOT_JUDGED,  # whether the job runs at all is told by its success
            ),
            Threshold(metric="query_time", severity=Severity.MEDIUM, above=1000, scenario="warn_only"),
            # Technical success metrics of day 1.
            Threshold(metric="error_rate", severity=Severity.LOW, above=0.5),
            Threshold(metric="latency", severity=Severity.LOW, above=200),
        ],
        # It begins when the five soaks are over, on day 10 at the earliest, and ends on day 40. What the
        # document looks at in the first day and week after the launch stands with the phases too.
        checkpoints=[
            Every(
                interval=HOUR,
                until=DAY,
                title="First 24 hours of the watch",
                look_at=[*FIRST_DAY, WIDE_BUG],
            ),
            Every(interval=DAY, until=WEEK, title="First week of the watch", look_at=FIRST_WEEK),
            Every(
                interval=WEEK,
                until=MONTH,
                title="First month of the watch",
                look_at=["Long-term stability, feature utilization, optimization opportunities"],
            ),
        ],
        sample_every=timedelta(minutes=1),
        minimum_good_samples=3,
    ),
    matrix=DecisionMatrix(
        rules=[
            # The eight rows of the document, by their scenarios.
            Rule(
                severity=Severity.HIGH,
                scenario="api_error_rate_5_to_10_percent",
                action=Action.ALERT,
                within=timedelta(minutes=10),
            ),
            Rule(
                severity=Severity.CRITICAL,
                scenario="api_error_rate_above_10_percent",
                action=Action.ROLL_BACK,
                within=timedelta(minutes=5),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.HIGH,
                scenario="one_or_two_critical_bugs",
                action=Action.ASK,
                within=timedelta(minutes=30),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.CRITICAL,
                scenario="three_or_more_critical_bugs",
                action=Action.ROLL_BACK,
                within=timedelta(minutes=5),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.HIGH,
                scenario="twice_as_slow",
                action=Action.ASK,
                within=timedelta(minutes=15),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.CRITICAL,
                scenario=DATA_CORRUPTION,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=timedelta(minutes=15),
                procedure="full_rollback",
            ),
            Rule(
                severity=Severity.MEDIUM,
                scenario="background_job_failure",
                action=Action.ASK,
                within=timedelta(minutes=30),
                procedure="disable_job",
            ),
            Rule(
                severity=Severity.MEDIUM,
                scenario="alert_delivery_below_80_percent",
                action=Action.ALERT,
                within=timedelta(minutes=30),
            ),
            # PagerDuty's alerts that only call somebody.
            Rule(
                severity=Severity.CRITICAL,
                scenario="page_only",
                action=Action.ALERT,
                within=timedelta(minutes=1),
            ),
            Rule(
                severity=Severity.MEDIUM,
                scenario="warn_only",
                action=Action.ALERT,
                within=timedelta(minutes=15),
            ),
            # Everything else: failed steps and checks, the remaining triggers, the criteria of a phase.
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=5),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.HIGH,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=15),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.MEDIUM,
                action=Action.ASK,
                within=timedelta(minutes=30),
                procedure="code_rollback",
            ),
            Rule(severity=Severity.LOW, action=Action.ALERT, within=DAY, procedure="code_rollback"),
        ]
    ),
    procedures=[
        Procedure(
            name="code_rollback",
            title="Steps 1 to 3: flag off (< 1 minute), job deleted (< 2 minutes), code back (< 5 minutes)",
            back_to="deploy_api",
            within=timedelta(minutes=15),
            note="The migration only adds, so tables and rows stay; the release is held for a person. Where "
            "the API was not deployed yet, everything goes back.",
        ),
        Procedure(
            name="disable_job",
            title="Flag off and job deleted; code and database stay",
            back_to="schedule_maintenance_checker",
            within=timedelta(minutes=15),
            note="Everything but the job and what the flag enables goes on with the new version.",
        ),
        Procedure(
            name="full_rollback",
            title="Steps 1 to 4: the same, and the database restored from S3 (< 10 minutes)",
            restore=RestorePostgresFromS3(name="restore_database", backup="back_up_database"),
            within=timedelta(minutes=15),
            note="ONLY if data corruption is detected: rows written since the backup are no longer live.",
        ),
    ],
    # That the servers are back at v2.4.0 is seen server by server where the rolling restart is undone; a
    # rollback that only disables the job leaves them as they are.
    verify_rollback=[
        HttpCheck(
            name="health",
            title="Step 5: the API is healthy again",
            path="/health",
            patience=timedelta(seconds=20),
        ),
        HttpCheck(
            name="maintenance_routes_are_gone",
            title="Step 5: the maintenance routes answer 404, also to the test user",
            path=f"{MAINTENANCE}/schedules",
            headers=AS_TESTER,
            status=[404],
            patience=timedelta(seconds=20),
        ),
        KubernetesObject(
            name="no_background_job",
            title="Step 5: no background job is scheduled or runs",
            api_version="batch/v1",
            object_kind="CronJob",
            object_name="maintenance-checker",
            namespace="production",
            absent=True,
            patience=timedelta(seconds=20),
        ),
        own_requests,
    ],
    notices=notices,
    contacts=[
        Contact(role="Deployment Lead", name="Alex Thompson", contact="alex.t@communityshare.io"),
        Contact(role="Backend Engineer", name="Sarah Chen", contact="sarah.c@communityshare.io"),
        Contact(role="Frontend Engineer", name="James Wilson", contact="james.w@communityshare.io"),
        Contact(role="DevOps Engineer", name="Maria Garcia", contact="maria.g@communityshare.io"),
        Contact(role="On-Call Primary", name="David Kim", contact="david.k@communityshare.io"),
        Contact(role="On-Call Secondary", name="Lisa Park", contact="lisa.p@communityshare.io"),
        Contact(role="Product Manager", name="Emma Rodriguez", contact="emma.r@communityshare.io"),
    ],
    # They come up when the watch has ended, on day 40: the figures were asked for on day 7 and on day 30.
    after=[
        looked_up("day 7", "20 % of eligible users created at least one schedule"),
        looked_up("day 7", "50 % of created schedules have alerts enabled"),
        looked_up("day 7", "user satisfaction score > 4/5"),
        looked_up("day 30", "feature adoption rate > 50 %, user satisfaction maintained"),
        looked_up("day 30", "50 % of resources have maintenance schedules"),
        looked_up("day 30", "average of 3+ schedules per resource"),
        looked_up("day 30", "15 % reduction in emergency repair requests"),
        looked_up("day 30", "95 % maintenance completion rate"),
        Duty(
            title="Remove the flag and the code behind it, as all users have the feature",
            due=MONTH,
            owner="Backend Engineer",
        ),
    ],
    after_rollback=[
        Duty(
            title="If the database was restored: tell everybody who wrote since the backup; the replaced "
            "database still has it",
            due=DAY,
            owner="Product Manager",
        ),
        Duty(title="Postmortem meeting (scheduled within 24 hours)", due=DAY, owner="Product Manager"),
        Duty(title="Lessons learned are documented", due=timedelta(weeks=1), owner="Backend Engineer"),
        Duty(title="Action items against its coming back", due=timedelta(weeks=1), owner="Product Manager"),
    ],
)
dag = release_dag(plan)
