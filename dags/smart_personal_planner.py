"""Smart Personal Planner: the enhanced models, and the features on top of them."""

from dataclasses import replace
from datetime import timedelta

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.checks import (
    BaselineLimit,
    Call,
    Compared,
    Expected,
    HttpCheck,
    Journey,
    LogPattern,
    NoteLogEnd,
    RowChecksums,
    Table,
    TakeRowChecksums,
    VersionServed,
)
from slipway.environment import Environment
from slipway.kinds import Checklist
from slipway.metrics import CounterIncrease, CounterRatio, GaugeValue, HistogramQuantile
from slipway.notices import Slack, StatusPage
from slipway.plan import (
    Approval,
    Criterion,
    DecisionMatrix,
    Duty,
    Gate,
    Moment,
    Notice,
    Plan,
    Procedure,
    Rollout,
    Rule,
    Stage,
)
from slipway.steps import (
    BackUpPostgres,
    DeployRelease,
    FetchRelease,
    FlagValue,
    FromConnection,
    InstallDependencies,
    RestorePostgres,
    RunCheck,
    RunCommand,
    SetFlag,
    TakeBaseline,
    UpgradeAlembic,
)
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Risk, Severity

DAY, WEEK, MONTH = timedelta(days=1), timedelta(weeks=1), timedelta(days=30)


def planner(name: str) -> Environment:
    """Return an environment of the planner; docs/connections.md says what each connection holds."""
    return Environment(
        system="planner",
        name=name,
        database=f"planner_{name}_db",
        service=f"planner_{name}_service",
        host=f"planner_{name}_host",
        probe=f"planner_{name}_probe",
        repository="planner_repository",
    )


# ---- What is measured -------------------------------------------------------------------------------------

TASK_ROUTES = {"route": "/api/tasks.*"}

error_rate = CounterRatio(name="error_rate", counter="http_requests_total", part={"status": "5.."})
task_latency = HistogramQuantile(
    name="task_latency",
    title="Latency of task operations (95 of 100)",
    histogram="http_request_duration_seconds",
    quantile=0.95,
    labels=TASK_ROUTES,
)
memory = GaugeValue(
    name="memory", title="Memory in use", unit="MiB", gauge="process_resident_memory_bytes", scale=1 / 2**20
)
downtime = CounterRatio(
    name="downtime",
    title="Time not available, seen from outside",
    source="probe",
    counter="probe_seconds_total",
    part_counter="probe_downtime_seconds_total",
    whole={"system": "planner", "environment": "production"},
)
memory_entries = GaugeValue(
    name="memory_entries",
    title="Size of the semantic memory",
    unit="rows",
    gauge="feature_entries",
    labels={"feature": "semantic_memory"},
)
undo_entries = GaugeValue(
    name="undo_entries",
    title="Size of the undo stack",
    unit="rows",
    gauge="feature_entries",
    labels={"feature": "undo_stack"},
)
failed_resolutions = CounterIncrease(
    name="failed_resolutions",
    title="Conflicts that were not resolved",
    counter="feature_failures_total",
    labels={"feature": "conflict_resolution"},
)


def latency_of(cohort: str, name: str, title: str) -> HistogramQuantile:
    """Return the latency of task operations of one cohort; b has the new features."""
    return HistogramQuantile(
        name=name,
        title=title,
        histogram="http_request_duration_seconds",
        quantile=0.95,
        labels=TASK_ROUTES | {"cohort": cohort},
    )


latency_with = latency_of("b", "latency_with_features", "Latency of users with the features")
latency_without = latency_of("a", "latency_without_features", "Latency of users without them")

# People go on planning while it is compared: up to ten rows that they change or delete in those minutes, and
# whatever they add, are no loss (the ten is ours; a migration that damages rows does so to many). Tasks of
# the users set aside for checks are left out.
FIELDS = ("id", "user_id", "title", "status", "priority", "created_at")
ROWS = [
    Table(name="users", key="id", columns=("id", "name"), users_change=10),
    Table(name="tasks", key="id", columns=FIELDS, where="user_id < 1000000", users_change=10),
    *(
        Table(name=model, key="id", columns=FIELDS, users_change=10)
        for model in ("goals", "events", "habits", "notes")
    ),
]

no_data_lost = RowChecksums(
    name="no_data_lost",
    title="Zero data loss: users, goals, events, habits and notes are as they were",
    taken_by="production.note_rows",
    tables=ROWS,
    compared=Compared.EQUAL_UP_TO_LAST,
    on_failure=Severity.CRITICAL,
)

# ---- What a user does, as a check -------------------------------------------------------------------------

# Users set aside for checks; the gateway in front of the service says who asks.
AS_CHECKER = {"X-User": "1000000"}
# Two journeys run side by side, and undo takes back the last thing that a user did.
AS_FEATURE_CHECKER = {"X-User": "1000001"}
NINE = "2030-01-01T09:00:00+00:00"

task_journey = Journey(
    name="walk_through_tasks",
    title="Create, read, change and delete a task",
    on_failure=Severity.HIGH,
    calls=[
        Call(
            name="create",
            method="POST",
            path="/api/tasks",
            headers=AS_CHECKER,
            body={"title": "Check of {release_id}", "priority": "high"},
            capture={"task": "id"},
        ),
        Call(name="read", path="/api/tasks/{task}", headers=AS_CHECKER, json_has={"priority": "high"}),
        Call(
            name="change",
            method="PUT",
            path="/api/tasks/{task}",
            headers=AS_CHECKER,
            body={"status": "done"},
            json_has={"status": "done"},
        ),
        Call(name="delete", method="DELETE", path="/api/tasks/{task}", headers=AS_CHECKER),
    ],
)
feature_journey = Journey(
    name="walk_through_features",
    title="Meet a conflict, get an alternative, undo, recall, list the tools",
    on_failure=Severity.HIGH,
    calls=[
        Call(
            name="create",
            method="POST",
            path="/api/tasks",
            headers=AS_FEATURE_CHECKER,
            body={"title": "First of {release_id}", "due": NINE},
            capture={"task": "id"},
        ),
        Call(
            name="collide",
            method="POST",
            path="/api/tasks",
            headers=AS_FEATURE_CHECKER,
            body={"title": "Second of {release_id}", "due": NINE},
            json_has={"conflict": True},
        ),
        Call(
            name="undo",
            method="POST",
            path="/api/undo",
            headers=AS_FEATURE_CHECKER,
            json_has={"undone": "create"},
        ),
        Call(name="recall", path="/api/memory", headers=AS_FEATURE_CHECKER, text_has="words"),
        Call(name="list tools", path="/api/tools", headers=AS_FEATURE_CHECKER, json_has={"enabled": True}),
        Call(name="delete", method="DELETE", path="/api/tasks/{task}", headers=AS_FEATURE_CHECKER),
    ],
)
healthy = HttpCheck(
    name="is_healthy",
    title="The service is healthy",
    path="/health",
    json_has={"status": "ok"},
    on_failure=Severity.HIGH,
)

# ---- What both environments get ---------------------------------------------------------------------------

# A failed step is HIGH: everything goes back, and no row written since the backup is lost. Only damage to the
# data is CRITICAL, which restores the backup.
back_up = BackUpPostgres(name="back_up_database", on_failure=Severity.HIGH)
fetch = FetchRelease(name="fetch_release", on_failure=Severity.HIGH)
migrate = UpgradeAlembic(
    name="upgrade_schema", title="Upgrade the schema to the newest revision", on_failure=Severity.HIGH
)
verify_models = RunCommand(
    name="verify_enhanced_models",
    title="Verify the 5 enhanced models",
    argv=["python", "scripts/verify_enhanced_models.py"],
    secrets=[FromConnection.DATABASE_URL],
    leaves_nothing="the script only reads",
    fault_statuses=[3],  # it looked and found damage; with any other it could not look
    on_failure=Severity.CRITICAL,
)
install = InstallDependencies(name="install_dependencies", on_failure=Severity.HIGH)
run_tests = RunCommand(
    name="run_tests",
    argv=["pytest", "tests", "-v"],
    env={"PYTHONPATH": "."},
    leaves_nothing="the tests touch neither the database nor the running service",
    on_failure=Severity.HIGH,
)
deploy = DeployRelease(name="deploy_application", on_failure=Severity.HIGH)
check_deployment = RunCommand(
    name="check_deployment",
    title="Run the release's own check after the deployment",
    # The script wants the port of the running service, which only its host knows.
    argv=['set -a; . "$SLIPWAY_HOME/shared/env"; exec python scripts/post_deployment_check.py'],
    shell=True,
    leaves_nothing="the script only reads",
    on_failure=Severity.HIGH,
)

# ---- How the features are switched on ---------------------------------------------------------------------

FEATURES = (
    "enhanced_models",
    "logging_hooks",
    "undo_stack",
    "conflict_resolution",
    "semantic_memory",
    "langgraph_tools",
)


def enable(*features: str, percentage: int = 100, later: bool = False) -> SetFlag:
    """Return the step that switches features on for a share of the users.

    :param later: an earlier stage turned them on; if a person turned one off since, it stays off
    """
    title = f"Enable {', '.join(features) if len(features) < len(FEATURES) else 'all features'}"
    return SetFlag(
        name="enable_features",
        title=f"{title} for {percentage} % of the users",
        flags=[FlagValue(flag=feature, percentage=percentage) for feature in features],
        only_if_on=later,
        on_failure=Severity.HIGH,
    )


# The document's limit is on what the features add, so the baseline is the new version without them. But a
# service that has run for days has grown without any feature too: more is for a person to judge.
memory_limit = BaselineLimit(
    name="memory_stays_below_limit",
    title="At most 5 % more memory than before the features",
    metrics=[memory],
    thresholds=[Threshold(metric="memory", severity=Severity.LOW, above_baseline_by_percent=5)],
    baseline="production.measure_memory",
    on_failure=Severity.LOW,
)


# Asked again when all features are on. By then users have changed and removed rows for days: it only tells.
still_no_data_lost = replace(
    no_data_lost,
    title="Not more than 100 rows (ours) of a table were removed since the deployment",
    tables=[replace(table, users_change=100) for table in ROWS],
    compared=Compared.NO_ROWS_LOST,
    blocking=False,
    on_failure=Severity.LOW,
)
after_all_features = [memory_limit, feature_journey, still_no_data_lost]


def stage(name: str, title: str, exposure: float, audience: str, step: SetFlag, **more: object) -> Stage:
    """Return a stage that is watched for a day; the document says "each watched", and not for how long."""
    return Stage(
        name=name,
        title=title,
        exposure=exposure,
        audience=audience,
        steps=[step],
        soak=DAY,
        every=timedelta(hours=6),
        **{"require": [memory_limit], **more},  # type: ignore[arg-type]
    )


gradual = Rollout(
    strategy="gradual",
    title="Option A, recommended: the features in 4 phases, for all users, each phase watched before the "
    "next. The exposure is the share of the six features.",
    stages=[
        stage(
            "models",
            "Phase 1: enhanced models",
            17,
            "all users: safe, backward compatible",
            enable("enhanced_models"),
        ),
        stage(
            "history",
            "Phase 2: logging and undo stack",
            50,
            "all users: low risk",
            enable("logging_hooks", "undo_stack"),
        ),
        stage(
            "assistance",
            "Phase 3: conflict resolution and semantic memory",
            83,
            "all users: they see it",
            enable("conflict_resolution", "semantic_memory"),
        ),
        stage(
            "agents",
            "Phase 4: LangGraph tools",
            100,
            "all users: agents too",
            enable("langgraph_tools"),
            require=after_all_features,
        ),
    ],
)
full = Rollout(
    strategy="full",
    title="Option B: all features at once behind their flags, for one segment of the users after the other. "
    "The document names no segments; these are ours.",
    stages=[
        stage(
            "first_segment", "A tenth of the users", 10, "10 % of the users", enable(*FEATURES, percentage=10)
        ),
        stage(
            "second_segment",
            "Half of the users",
            50,
            "50 % of the users",
            enable(*FEATURES, percentage=50, later=True),
        ),
        stage(
            "all_segments",
            "All users",
            100,
            "all users",
            enable(*FEATURES, later=True),
            require=after_all_features,
        ),
    ],
)
ab_test = Rollout(
    strategy="ab_test",
    title="Option C: the features for half of the users, compared with the other half; then for all. "
    "Satisfaction is compared by people, before the first stage ends.",
    stages=[
        stage(
            "two_cohorts",
            "Two cohorts",
            50,
            "cohort b: 50 % of the users",
            enable(*FEATURES, percentage=50),
            thresholds=[
                Threshold(
                    metric="latency_with_features",
                    severity=Severity.HIGH,
                    above_baseline_by=100,
                    versus="latency_without_features",
                    of_at_least=100,
                )
            ],
        ),
        stage(
            "one_cohort",
            "All users",
            100,
            "all users",
            enable(*FEATURES, later=True),
            require=after_all_features,
        ),
    ],
)

# ---- The plan ---------------------------------------------------------------------------------------------

plan = Plan(
    name="smart_personal_planner",
    title="Smart Personal Planner: enhanced models and backlog features",
    summary="Typed models, operation log, undo, conflict resolution, semantic memory and LangGraph tools. "
    "The migration only adds, so the version before runs on the new schema; every feature is behind a flag.",
    document="Deployment checklist, Smart Personal Planner, Enhanced Model & Backlog Features (002)",
    risk=Risk.MEDIUM,
    owner="planner-team",
    tags=("planner", "sandbox"),
    staging=planner("staging"),
    production=planner("production"),
    preflight=[
        healthy,
        VersionServed(
            name="note_running_version", title="Note the version that runs now", expects=Expected.ANY
        ),
        Checklist(
            name="code_quality",
            title="1. Code quality and testing",
            items=[
                "The tests of all 5 enhanced models pass",
                "The integration tests cover WorldUpdater with all new features",
                "Lint finds no import or type issue",
                "A performance test shows no significant degradation",
            ],
        ),
        Checklist(
            name="database_migration",
            title="2. Database migration",
            items=[
                "Migration scripts for the enum fields and indexes are written",
                "Backup of the current database: a step of this plan, on staging and in production",
                "The migration is tried on staging first: a step of this plan",
                "The rollback plan for migration issues is read by who is on duty",
            ],
        ),
        Checklist(
            name="configuration",
            title="3. Configuration",
            items=[
                "Environment variables for the semantic memory are set",
                "Log levels are right for production",
                "Feature flags exist, so that features come gradually",
                "Resource limits cover the semantic memory and the undo stack",
            ],
        ),
        Checklist(
            name="documentation",
            title="4. Documentation",
            items=[
                "API documentation: the new UpdateResult fields, semantic memory",
                "User documentation: conflict resolution and undo",
                "Developer documentation: the LangGraph tools",
                "Change log of this release",
            ],
        ),
        Checklist(
            name="observability",
            title="5. Monitoring and observability",
            items=[
                "The operation tracking logs are monitored",
                "Semantic memory usage and undo stack size are measured",
                "Failed conflict resolutions and rollbacks are tracked as errors",
                "User analytics show how people use the new features",
            ],
        ),
        Checklist(
            name="security",
            title="6. Security review",
            items=[
                "All new endpoints and data structures validate their input",
                "The stored semantic memory complies with data privacy",
                "It is settled who may use undo",
                "All operations leave an audit trail",
            ],
        ),
    ],
    on_staging=[
        back_up,
        fetch,
        migrate,
        verify_models,
        install,
        run_tests,
        NoteLogEnd(name="note_log_end", file="log/service.log"),
        deploy,
        check_deployment,
        enable(*FEATURES),
        RestorePostgres(name="rehearse_restore", backup="back_up_database", drill=True),
    ],
    validate=[
        HttpCheck(name="serves_health", title="The service is healthy on staging", path="/health"),
        VersionServed(name="serves_the_version"),
        task_journey,
        feature_journey,
        LogPattern(
            name="logs_no_error",
            title="No error in the log since the deployment",
            file="log/service.log",
            pattern="^ERROR",
            since="staging.note_log_end",
        ),
    ],
    gate=Gate(
        question="Release the enhanced planner to production?",
        approvals=[
            Approval(
                role="Release owner",
                people=["release_manager", "product_owner", "engineering_manager", "tech_lead"],
            )
        ],
        criteria=[
            Criterion(
                text="All items of the checklist are ticked",
                checks=[
                    "code_quality",
                    "database_migration",
                    "configuration",
                    "documentation",
                    "observability",
                    "security",
                ],
            ),
            Criterion(
                text="The migration ran on staging", checks=["upgrade_schema", "verify_enhanced_models"]
            ),
            Criterion(text="The backup can be restored", checks=["back_up_database", "rehearse_restore"]),
            Criterion(text="The tests pass", checks=["run_tests"]),
            Criterion(
                text="The new version works on staging with all features",
                checks=["serves_health", "serves_the_version", "walk_through_tasks", "walk_through_features"],
            ),
            Criterion(text="The log is clean", checks=["logs_no_error"]),
        ],
        timeout=timedelta(hours=24),
        escalation="engineering_manager",
    ),
    on_production=[
        back_up,
        TakeBaseline(
            name="take_baseline",
            title="Measure production before the release",
            metrics=[error_rate, task_latency],
            on_failure=Severity.HIGH,
        ),
        fetch,
        TakeRowChecksums(
            name="note_rows",
            title="Note counts and checksums of the rows",
            tables=ROWS,
            on_failure=Severity.HIGH,
        ),
        migrate,
        verify_models,
        # At once, not only when all is deployed: what fails in between takes back the code and not the data.
        RunCheck(name="verify_rows", title="The migration changed no row", check=no_data_lost),
        install,
        run_tests,
        deploy,
        check_deployment,
        TakeBaseline(
            name="measure_memory",
            title="Measure memory before the features",
            metrics=[memory],
            on_failure=Severity.HIGH,
        ),
    ],
    verify=[
        healthy,
        VersionServed(name="serves_the_version", on_failure=Severity.HIGH),
        task_journey,
        # By now users have worked for minutes since the rows were noted: a person judges.
        replace(no_data_lost, on_failure=Severity.MEDIUM),
    ],
    strategies=[gradual, full, ab_test],
    watch=Watch(
        metrics=[
            error_rate,
            task_latency,
            downtime,
            memory,
            memory_entries,
            undo_entries,
            failed_resolutions,
            latency_with,
            latency_without,
        ],
        thresholds=[
            # 99.9 % uptime leaves 0.1 %, of the time and of the requests: more is told of. One failed probe
            # or one error among less than a thousand requests is more, so it takes nothing back. What does is
            # ours: 1 % of at least 300 requests turns the features off; 5 % of at least 40, or more than the
            # document's 100 ms over at least a hundred, takes everything back.
            Threshold(metric="downtime", severity=Severity.LOW, above=0.1),
            Threshold(metric="downtime", severity=Severity.HIGH, above=5, lasting=timedelta(minutes=3)),
            # What comes and goes never lasts: 5 % of at least half an hour (seconds are what is counted).
            Threshold(metric="downtime", severity=Severity.HIGH, above=5, of_at_least=1800),
            Threshold(metric="error_rate", severity=Severity.LOW, above=0.1),
            Threshold(metric="error_rate", severity=Severity.MEDIUM, above=1, of_at_least=300),
            Threshold(metric="error_rate", severity=Severity.HIGH, above=5, of_at_least=40),
            Threshold(
                metric="task_latency",
                severity=Severity.HIGH,
                above_baseline_by=100,
                of_at_least=100,
            ),
        ],
        # The document names these windows and what to look at, but not how often: the intervals are ours.
        checkpoints=[
            Every(
                interval=timedelta(hours=1),
                until=DAY,
                title="First 24 hours",
                look_at=[
                    "Error rates and response times",
                    "Database performance and disk usage",
                    "All new features work",
                    "User feedback channels",
                ],
            ),
            Every(
                interval=DAY,
                until=WEEK,
                title="First week",
                look_at=[
                    "How the features are used",
                    "Quality of the data in the semantic memory",
                    "Effectiveness of the undo stack",
                    "User feedback on conflict resolution",
                ],
            ),
            Every(
                interval=WEEK,
                until=MONTH,
                title="First month",
                look_at=[
                    "Performance under real use",
                    "Refinement of the features by how people behave",
                    "Patterns in the semantic memory",
                    "Stability over the long term",
                ],
            ),
        ],
        sample_every=timedelta(minutes=1),
    ),
    matrix=DecisionMatrix(
        rules=[
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=timedelta(minutes=5),
                procedure="restore_everything",
            ),
            Rule(
                severity=Severity.HIGH,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=15),
                procedure="undo_everything",
            ),
            Rule(severity=Severity.MEDIUM, action=Action.FLAGS_OFF, within=timedelta(minutes=5)),
            Rule(severity=Severity.LOW, action=Action.ALERT, within=timedelta(hours=24)),
        ]
    ),
    # The document lists what to undo (flags, database, application) and does not order it. Newest first is
    # the order that was tried: features off at once, then the application, then the schema under it.
    procedures=[
        Procedure(
            name="undo_everything",
            title="Features off at once, then the version before, then the schema before",
            note="Rows written since are kept; what the new columns and tables held is gone with them.",
        ),
        Procedure(
            name="restore_everything",
            title="The same, and the data from the backup",
            restore=RestorePostgres(name="restore_database", backup="back_up_database"),
            note="Rows written since the backup are lost: only for damaged data.",
        ),
    ],
    verify_rollback=[
        HttpCheck(name="health", title="The service is healthy again", path="/health"),
        VersionServed(
            name="version_before",
            title="The version before is back",
            expects=Expected.BEFORE,
            noted_by="preflight.note_running_version",
            deployed_by="production.deploy_application",  # to turn the features off leaves it
        ),
        task_journey,
    ],
    notices=[
        Notice(
            name="users_hear_of_the_rollback",
            moment=Moment.ROLLED_BACK,
            audience="Users",
            channels=[StatusPage(connection="planner_status_page", page="planner")],
            subject="The planner is back at the version before",
            text="The planner is temporarily back at the version before. Your tasks are all there.",
        ),
        Notice(
            name="team_investigates",
            moment=Moment.ROLLED_BACK,
            audience="Planner team",
            channels=[Slack(connection="planner_slack", channel="#planner-team")],
            subject="{title} {version} was rolled back",
            text="Investigate: logs and errors are in the release's report. Fix, then release again.\n"
            "Why: {reason}\n"
            "Report: {report}",
        ),
        Notice(
            name="team_hears_of_the_breach",
            moment=Moment.BREACH,
            audience="Planner team",
            channels=[Slack(connection="planner_slack", channel="#planner-team")],
            subject="{title} {version}: a limit was crossed",
            text="{reason}\n{follows}\n{run_url}\nWhom to call: {contacts}",
        ),
        Notice(
            name="team_hears_that_it_is_held",
            moment=Moment.HELD,
            audience="Planner team",
            channels=[Slack(connection="planner_slack", channel="#planner-team")],
            subject="{title} {version} is held for a person",
            text="{reason}\nReport: {report}",
        ),
        Notice(
            name="team_hears_of_the_failed_rollback",
            moment=Moment.ROLLBACK_FAILED,
            audience="Planner team",
            channels=[Slack(connection="planner_slack", channel="#planner-team")],
            subject="{title} {version}: the rollback failed, go there now",
            text="{reason}\n{run_url}\nWhom to call: {contacts}",
        ),
    ],
    after=[
        Duty(
            title="Usage of conflict resolution: who sees and takes alternatives",
            due=WEEK,
            owner="Product owner",
        ),
        Duty(title="Usage of undo: how often people undo", due=WEEK, owner="Product owner"),
        Duty(title="Error recovery: fewer reported scheduling conflicts", due=MONTH, owner="Product owner"),
        Duty(
            title="Feature adoption: use of the new capabilities over time", due=MONTH, owner="Product owner"
        ),
        Duty(title="User satisfaction: survey on the new features", due=MONTH, owner="Product owner"),
        Duty(title="Support tickets: fewer complaints about conflicts", due=MONTH, owner="Support"),
        Duty(
            title="Engagement: active use of what semantic learning shows", due=MONTH, owner="Product owner"
        ),
        Duty(title="Reliability: fewer escalations for inconsistent data", due=MONTH, owner="Support"),
    ],
)
dag = release_dag(plan)
