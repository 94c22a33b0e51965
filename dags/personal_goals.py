"""Personal goals of CPR: a blue-green release on Azure."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.checks import (
    BaselineLimit,
    Call,
    Compared,
    Downtime,
    Expected,
    HttpCheck,
    HttpSeries,
    Journey,
    NoteDowntime,
    Part,
    ReadinessScore,
    RowChecksums,
    SqlCheck,
    Table,
    TakeRowChecksums,
    VersionServed,
)
from slipway.environment import Environment
from slipway.kinds import Checklist
from slipway.metrics import CounterIncrease, CounterRatio, GaugeValue, HistogramQuantile
from slipway.notices import Email, PagerDuty, Slack, Teams
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
    Parameter,
    Plan,
    Procedure,
    Rule,
    Scheduled,
)
from slipway.steps import (
    BackUpPostgres,
    DeployStaticWebApp,
    DeployToSlot,
    PurgeCdn,
    RestorePostgres,
    RunCheck,
    SetAppConfiguration,
    SwapSlots,
    TakeBaseline,
    UpgradeEf,
    Verification,
    WaitUntil,
)
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Risk, Severity

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOOK_EVERY = timedelta(seconds=2)  # at what Azure is at work on


def cpr(name: str) -> Environment:
    """Return an environment of CPR; docs/connections.md says what each connection holds."""
    return Environment(
        system="goals",
        name=name,
        database=f"goals_{name}_db",
        service=f"goals_{name}_service",
        green="goals_production_green" if name == "production" else "",
        site=f"goals_{name}_site",
        probe=f"goals_{name}_probe",
        azure=f"goals_{name}_azure",
        app_configuration=f"goals_{name}_app_configuration",
        artifacts="goals_artifacts",
    )


# ---- What is measured -------------------------------------------------------------------------------------

OF_PRODUCTION = {"system": "goals", "environment": "production"}
API = {"route": "/api/me/.*"}

error_rate = CounterRatio(
    name="error_rate", title="Error rate", counter="http_requests_total", part={"status": "5.."}
)
server_errors = CounterIncrease(
    name="server_errors",
    title="Answers with a 5xx status",
    counter="http_requests_total",
    labels={"status": "5.."},
)
p50 = HistogramQuantile(
    name="p50",
    title="API response time, p50",
    histogram="http_request_duration_seconds",
    quantile=0.5,
    labels=API,
)
# Compared with the baseline, so only of what the version before had too: goals are written, and so slower.
skills_p50 = HistogramQuantile(
    name="skills_p50",
    title="API response time of the skills, p50",
    histogram="http_request_duration_seconds",
    quantile=0.5,
    labels={"route": "/api/me/skills.*"},
)
p95 = HistogramQuantile(
    name="p95",
    title="API response time, p95",
    histogram="http_request_duration_seconds",
    quantile=0.95,
    labels=API,
)
available = GaugeValue(
    name="available",
    title="The application answers, seen from outside",
    source="probe",
    gauge="probe_success",
    labels=OF_PRODUCTION,
)
memory = GaugeValue(
    name="memory", title="Memory in use", unit="MiB", gauge="process_resident_memory_bytes", scale=1 / 2**20
)
adoption = CounterIncrease(
    name="adoption",
    title="Uses of personal goals",
    counter="feature_uses_total",
    labels={"feature": "personal_goals"},
)

# Employees go on working while it is compared: up to ten rows that they change or delete in those minutes,
# and whatever they add, are no damage (the ten is ours; they rate their skills in the review weeks, and a
# migration that damages levels does so to hundreds). Those set aside for checks are left out.
ROWS = [
    Table(name="users", key="id", columns=("id", "name"), where="id < 1000000", users_change=10),
    Table(
        name="skills",
        key="id",
        columns=("id", "user_id", "name", "level", "target", "rated_at"),
        where="user_id < 1000000",
        users_change=10,
    ),
]

# ---- What an employee does, as checks ---------------------------------------------------------------------

# Employees set aside for checks; the gateway in front of the service says who asks.
AS_CHECKER, AS_OTHER = {"X-User": "1000000"}, {"X-User": "1000001"}

healthy = HttpCheck(
    name="api_health",
    title="GET /api/health -> 200 OK",
    path="/api/health",
    json_has={"status": "ok"},
    on_failure=Severity.HIGH,
)
loads = Journey(
    name="application_loads",
    title="The application of this version loads through the CDN, in less than 2 s",
    role="site",
    calls=[
        Call(name="page", path="/", text_has='content="{version}"', within=timedelta(seconds=2)),
        Call(name="script", path="/app.js", text_has="{version}", within=timedelta(seconds=2)),
        Call(name="new feature", path="/goals.js", text_has="/api/me/goals", within=timedelta(seconds=2)),
    ],
    on_failure=Severity.HIGH,
)
access = Journey(
    name="access_is_guarded",
    title="Authentication works, authorization is enforced",
    calls=[
        Call(name="nobody", path="/api/me/goals", status=[401]),
        Call(
            name="half a login",
            method="POST",
            path="/api/auth/login",
            body={"user": "{journey_user}"},
            status=[401],
        ),
        Call(
            name="own goal",
            method="POST",
            path="/api/me/goals",
            headers=AS_CHECKER,
            body={"title": "Guarded in {release_id}"},
            capture={"goal": "id"},
        ),
        Call(name="somebody else's goal", path="/api/me/goals/{goal}", headers=AS_OTHER, status=[404]),
        Call(name="clean up", method="DELETE", path="/api/me/goals/{goal}", headers=AS_CHECKER),
    ],
    on_failure=Severity.HIGH,
)
skills_journey = Journey(
    name="walk_through_skills",
    title="Journey 1: look at the skills, and at what is left to the level aimed at",
    calls=[Call(name="skills", path="/api/me/skills", headers=AS_CHECKER, text_has='"gap"')],
    on_failure=Severity.HIGH,
)
AS_LOGGED_IN = {"Authorization": "Bearer {token}"}
goals_journey = Journey(
    name="walk_through_goals",
    title="Journey 2: log in with the test account, set a goal, make progress, see it saved, give it up, log "
    "out; all 5 new endpoints answer",
    calls=[
        Call(
            name="log in",
            method="POST",
            path="/api/auth/login",
            body={"user": "{journey_user}", "password": "{journey_password}"},
            capture={"token": "token"},
        ),
        Call(name="go to the new feature", path="/api/me/goals", headers=AS_LOGGED_IN, text_has='"goals"'),
        Call(
            name="set a goal",
            method="POST",
            path="/api/me/goals",
            headers=AS_LOGGED_IN,
            body={"title": "Check of {release_id}", "deadline": "2030-03-31"},
            capture={"goal": "id"},
        ),
        Call(
            name="make progress",
            method="PUT",
            path="/api/me/goals/{goal}",
            headers=AS_LOGGED_IN,
            body={"progress": 50, "status": "in progress"},
        ),
        Call(
            name="saved",
            path="/api/me/goals/{goal}",
            headers=AS_LOGGED_IN,
            json_has={"progress": 50, "deadline": "2030-03-31"},
        ),
        Call(name="give it up", method="DELETE", path="/api/me/goals/{goal}", headers=AS_LOGGED_IN),
        Call(name="log out", method="POST", path="/api/auth/logout", headers=AS_LOGGED_IN),
        Call(name="logged out", path="/api/me/goals", headers=AS_LOGGED_IN, status=[401]),
    ],
    # The switch is known everywhere within seconds.
    patience=timedelta(seconds=20),
    every=timedelta(seconds=1),
    on_failure=Severity.HIGH,
)
refuses_nonsense = Journey(
    name="errors_are_handled",
    title="Edge cases: what makes no sense is refused, and is no 5xx",
    calls=[
        Call(name="no title", method="POST", path="/api/me/goals", headers=AS_CHECKER, body={}, status=[422]),
        Call(
            name="no day",
            method="POST",
            path="/api/me/goals",
            headers=AS_CHECKER,
            body={"title": "Soon", "deadline": "soon"},
            status=[422],
        ),
        Call(name="no such goal", path="/api/me/goals/0", headers=AS_CHECKER, status=[404]),
    ],
    on_failure=Severity.HIGH,
)
no_errors = BaselineLimit(
    name="error_rate_is_normal",
    title="No 5xx, and an error rate below 1 %",
    metrics=[error_rate, server_errors],
    thresholds=[
        Threshold(metric="error_rate", severity=Severity.HIGH, above=1, of_at_least=20),
        Threshold(metric="server_errors", severity=Severity.HIGH, above=0),
    ],
    # A single one is looked at again: only errors that go on take the release back. Where nobody uses it in
    # this minute, nothing is known, and a person says whether that will do.
    lasting=MINUTE,
    patience=timedelta(seconds=15),
    on_failure=Severity.HIGH,
    on_unknown=Severity.MEDIUM,
)
answers_in_time = HttpCheck(
    name="answers_in_time",
    title="API response time below 200 ms",
    path="/api/me/skills",
    headers=AS_CHECKER,
    within=timedelta(milliseconds=200),
    patience=timedelta(seconds=10),  # an answer on a busy machine
    every=timedelta(seconds=1),
    planned=MINUTE,
)
# The way back is proved by requests of its own: after a rollback at night nobody else sends any.
own_requests = HttpSeries(
    name="own_requests",
    path="/api/me/skills",
    headers=AS_CHECKER,
    times=100,
    planned=MINUTE,
    on_failure=Severity.HIGH,
)
fast = BaselineLimit(
    name="performance_within_targets",
    title="p50 below 100 ms, p95 below 200 ms",
    metrics=[p50, p95],
    thresholds=[
        Threshold(metric="p50", severity=Severity.HIGH, above=100, of_at_least=20),
        Threshold(metric="p95", severity=Severity.HIGH, above=200, of_at_least=20),
    ],
    lasting=MINUTE,
    patience=timedelta(seconds=15),
    on_failure=Severity.HIGH,
    on_unknown=Severity.MEDIUM,
)
no_data_lost = RowChecksums(
    name="data_is_intact",
    title="Data integrity: every employee and every skill is as it was",
    taken_by="production.note_rows",
    tables=ROWS,
    compared=Compared.EQUAL_UP_TO_LAST,
    on_failure=Severity.MEDIUM,
)
# Right after the migration: what differs then is its doing. Half an hour later it may be what employees did.
unharmed = RunCheck(
    name="see_rows_unharmed",
    title="The migration changed no row",
    check=no_data_lost,
    on_failure=Severity.CRITICAL,
)

# ---- What both environments get ---------------------------------------------------------------------------

back_up = BackUpPostgres(
    name="back_up_database",
    title="Back up the database and verify the backup",
    planned=3 * MINUTE,
    on_failure=Severity.HIGH,
)
# A failed migration leaves nothing of itself: it is one transaction, with its verification.
migrate = UpgradeEf(
    name="migrate_database",
    title="Migrate to AddPersonalGoals",
    to="AddPersonalGoals",
    script="migrations/{version}.sql",
    down_script="migrations/down/{from_}_to_{to}.sql",
    project="cpr-api",
    verify=[
        Verification(
            title="the goals have their columns",
            sql="SELECT count(*) FROM information_schema.columns WHERE table_name = 'goals'"
            " AND column_name IN ('user_id', 'title', 'skill_id', 'status', 'progress', 'deadline')",
            expected=6,
        ),
        Verification(
            title="every skill has its employee",
            sql="SELECT count(*) FROM skills LEFT JOIN users ON users.id = user_id WHERE users.id IS NULL",
            expected=0,
        ),
    ],
    planned=5 * MINUTE,
    on_failure=Severity.HIGH,
)
enable = SetAppConfiguration(
    name="enable_personal_goals",
    title="Enable Features:PersonalGoals:Enabled in cpr-config",
    key="Features:PersonalGoals:Enabled",
    value="true",
    planned=MINUTE,
    on_failure=Severity.HIGH,
)


def deploy_ui(group: str, site: str, environment: str) -> DeployStaticWebApp:
    """Return the step that deploys cpr-ui."""
    return DeployStaticWebApp(
        name="deploy_ui",
        title=f"Deploy the front end to {site}",
        resource_group=group,
        site=site,
        environment=environment,
        package="cpr-ui-{version}.zip",
        look_every=LOOK_EVERY,
        planned=3 * MINUTE,
        on_failure=Severity.HIGH,
    )


def purge(group: str, endpoint: str) -> PurgeCdn:
    """Return the step that empties the CDN before cpr-ui."""
    return PurgeCdn(
        name="purge_cdn",
        title=f"Purge /* of {endpoint} in cpr-cdn",
        resource_group=group,
        profile="cpr-cdn",
        endpoint=endpoint,
        paths=["/*"],
        look_every=LOOK_EVERY,
        planned=MINUTE,
        on_failure=Severity.HIGH,
    )


STAGING, PRODUCTION, CPR_API = "cpr-staging-rg", "cpr-prod-rg", "cpr-api-prod"
purge_production = purge(PRODUCTION, "cpr-ui")

# ---- The document's timeline ------------------------------------------------------------------------------


def stage(
    hour: int, minute: int, title: str, owner: str, *covers: str, lasts: timedelta | None = None
) -> Scheduled:
    """Return a stage of the document, in UTC."""
    return Scheduled(
        title=title,
        begins=time(hour, minute),
        timezone=ZoneInfo("UTC"),
        lasts=lasts,
        owner=owner,
        covers=covers,
    )


EXTENDED = ("verification.errors_are_handled", "verification.extended_validation")
SMOKE = (
    "verification.api_health",
    "verification.serves_the_version",
    "verification.application_loads",
    "verification.error_rate_is_normal",
    "verification.data_is_intact",
    "verification.walk_through_goals",
    "verification.walk_through_skills",
    "verification.access_is_guarded",
    "verification.performance_within_targets",
    "verification.no_downtime",
    "verification.smoke_tests",
)
SCHEDULE = [
    stage(10, 0, "1. Pre-deployment validation", "", "preflight", lasts=30 * MINUTE),  # "[Name]"
    stage(10, 30, "2. Staging deployment", "DevOps", "staging", lasts=15 * MINUTE),
    stage(10, 45, "3. Staging validation", "QA", "validation", lasts=30 * MINUTE),
    stage(11, 15, "4. Go/No-Go decision", "Tech Lead", "gate", lasts=15 * MINUTE),
    stage(14, 0, "5. Production deployment", "DevOps", "production", lasts=30 * MINUTE),
    stage(14, 30, "6. Smoke tests", "QA", *SMOKE, lasts=30 * MINUTE),
    stage(15, 0, "7. Extended validation", "Team", *EXTENDED, lasts=60 * MINUTE),
    stage(16, 0, "8. Active monitoring", "Ops", "watch"),
]

FIRST_DAYS = ["Error rate and performance", "Support ticket volume", "Feature adoption"]
MANAGER = Email(connection="goals_mail", recipients=["manager@cpr.example"])

# ---- The plan ---------------------------------------------------------------------------------------------

plan = Plan(
    name="personal_goals",
    title="Personal goal creation and management",
    summary="Employees set themselves goals: cpr-api in the green slot, swapped; cpr-ui behind the CDN; one "
    "migration that only adds; all of it behind a feature flag. Zero downtime expected. Eight stages, 10:00 "
    "to 16:00 UTC, 6 hours.",
    document="Phase 8: deployment plan, feature 0001-personal-goal-creation-management (003)",
    risk=Risk.MEDIUM,
    owner="cpr-team",
    tags=("cpr", "sandbox"),
    staging=cpr("staging"),
    production=cpr("production"),
    parameters=[
        Parameter(
            name="readiness_score",
            default=None,  # typing nothing is no score
            description="Production readiness score of the test report (phase 7), 0 to 100",
            schema={"type": "number", "minimum": 0, "maximum": 100},
            rehearsed=80,
        )
    ],
    schedule=SCHEDULE,
    # ---- Stage 1: 10:00, 30 minutes
    preflight=[
        replace(healthy, name="production_is_healthy", title="Production is healthy", planned=MINUTE),
        VersionServed(
            name="note_running_version",
            title="Note the version that runs now",
            expects=Expected.ANY,
            planned=MINUTE,
        ),
        HttpCheck(
            name="site_is_up", title="The CDN serves the application", path="/", role="site", planned=MINUTE
        ),
        SqlCheck(
            name="database_is_available",
            title="The database is available",
            sql="SELECT count(*) FROM users",
            at_least=1,
            planned=MINUTE,
        ),
        ReadinessScore(
            name="readiness",
            title="Production readiness, at least 75 of 100",
            parts=[Part(title="Test report of phase 7", parameter="readiness_score")],
            floor=75,
            ready_from=90,  # the document names the floor; from where on it is READY is ours
            planned=MINUTE,
        ),
        Checklist(
            name="test_report",
            title="Phase 7 completion",
            items=[
                "The test report says READY or CONDITIONAL (score at least 75/100)",
                "All CRITICAL issues are resolved",
                "All HIGH issues are resolved or have workarounds",
                "UAT approval is obtained",
                "The production readiness decision is documented",
            ],
            planned=3 * MINUTE,
        ),
        Checklist(
            name="code_ready",
            title="Code readiness and final code validation",
            items=[
                "The feature branch is merged to main; all CI/CD checks pass",
                "The code review (phase 6) is approved",
                "The release version is tagged, and the artifact version matches the tag",
                "The build passes from the latest main, and the final test suite",
                "No last-minute commit breaks anything",
            ],
            planned=5 * MINUTE,
        ),
        Checklist(
            name="database_ready",
            title="Database readiness",
            items=[
                "Migration scripts are reviewed and tested; the rollback scripts are prepared",
                "A database backup of the last 24 hours is verified",
                "Data integrity checks are prepared: steps and checks of this plan",
            ],
            planned=3 * MINUTE,
        ),
        Checklist(
            name="infrastructure_ready",
            title="Infrastructure readiness",
            items=[
                "Staging is healthy and validated; the capacity of production is verified, the baseline of "
                "its infrastructure metrics checked",
                "Load balancers are configured and their status is good",
                "The CDN and caching strategy is defined; storage and CDN have room",
                "SSL certificates are valid, DNS records are correct",
            ],
            planned=4 * MINUTE,
        ),
        Checklist(
            name="configuration_ready",
            title="Configuration readiness",
            items=[
                "Environment variables are documented and configured",
                "Secrets and API keys are verified in production",
                "Feature flags, CORS settings and connection strings are right",
            ],
            planned=3 * MINUTE,
        ),
        Checklist(
            name="monitoring_ready",
            title="Monitoring readiness",
            items=[
                "Application logs are accessible, error tracking is configured (Sentry, AppInsights)",
                "Performance monitoring is active, alert rules are tested",
                "The dashboards are open, the on-call schedule is defined",
            ],
            planned=3 * MINUTE,
        ),
        Checklist(
            name="team_ready",
            title="Communication and team readiness",
            items=[
                "The deployment window is scheduled and communicated; stakeholders know the plan",
                "The support team is briefed on the new feature",
                "The rollback plan is shared, the emergency contact list is up to date",
                "All members stand by, the rollback team too; Slack and Teams are open",
            ],
            planned=4 * MINUTE,
        ),
    ],
    # ---- Stage 2: 10:30, 15 minutes
    on_staging=[
        back_up,
        migrate,  # first: the new version does not start to serve without its tables
        DeployToSlot(
            name="deploy_api",
            title="Deploy the back end to cpr-api-staging",
            resource_group=STAGING,
            app="cpr-api-staging",
            slot="production",
            package="cpr-api-{version}.zip",
            look_every=LOOK_EVERY,
            planned=MINUTE,
            on_failure=Severity.HIGH,
        ),
        deploy_ui(STAGING, "cpr-ui-staging", "staging"),
        purge(STAGING, "cpr-ui-staging"),
        enable,
        RestorePostgres(
            name="rehearse_restore",
            title="Rehearse the restore of the backup",
            backup="back_up_database",
            drill=True,
            planned=MINUTE,
        ),
    ],
    # ---- Stage 3: 10:45, 30 minutes
    validate=[
        replace(healthy, patience=timedelta(seconds=30), planned=MINUTE),
        VersionServed(name="serves_the_version", planned=MINUTE),
        replace(loads, planned=MINUTE),
        replace(goals_journey, planned=2 * MINUTE),
        replace(skills_journey, planned=2 * MINUTE),
        replace(access, planned=2 * MINUTE),
        answers_in_time,
        Checklist(
            name="staging_seen",
            title="Staging, seen by a person",
            items=[
                "No console errors; database queries are efficient; no memory leak",
                "No errors and no warnings that need attention in the application logs",
                "Performance and infrastructure metrics are healthy",
                "The rollback script of the migration is tested",
            ],
            planned=20 * MINUTE,
        ),
    ],
    # ---- Stage 4: 11:15, planned for 15 minutes
    gate=Gate(
        question="Release personal goals to production at 14:00 UTC? (Planned for 11:15, 15 minutes.)",
        approvals=[Approval(role="Tech Lead", people=["tech_lead"])],
        criteria=[
            Criterion(
                text="All staging validations passed",
                checks=[
                    "api_health",
                    "serves_the_version",
                    "application_loads",
                    "walk_through_skills",
                    "walk_through_goals",
                    "access_is_guarded",
                    "answers_in_time",
                    "staging_seen",
                ],
            ),
            Criterion(
                text="No critical issues discovered", checks=["readiness", "test_report", "code_ready"]
            ),
            Criterion(text="The team is confident in the deployment", checks=["team_ready"]),
            Criterion(
                text="Monitoring systems are operational", checks=["monitoring_ready", "infrastructure_ready"]
            ),
            Criterion(
                text="The rollback plan is ready",
                checks=["back_up_database", "rehearse_restore", "database_ready", "configuration_ready"],
            ),
        ],
        timeout=timedelta(hours=2, minutes=45),  # until production begins
        escalation="engineering_manager",
    ),
    # ---- Stage 5: 14:00, 30 minutes
    # The document deploys and swaps the back end, then the front end, then migrates. Here the migration
    # comes first: it only adds, the old version runs on the new schema, and the new one is smoke tested in
    # the green slot with its tables. The swap comes after the front end, which hides the feature until the
    # flag is on, so that undoing newest first is the document's rollback: (flag,) swap, front end, database.
    on_production=[
        WaitUntil(
            name="wait_for_production_time",
            title="Wait for 14:00 UTC",
            at=time(14, 0),
            timezone=ZoneInfo("UTC"),
            late_at_most=HOUR,  # ours: what was approved for the afternoon does not go out at night
            planned=timedelta(hours=2, minutes=30),
            on_failure=Severity.HIGH,
        ),
        back_up,
        TakeBaseline(
            name="take_baseline",
            title="Measure production before the release",
            metrics=[error_rate, p50, skills_p50, p95],
            planned=5 * MINUTE,
            on_failure=Severity.HIGH,
        ),
        NoteDowntime(name="note_downtime", labels=OF_PRODUCTION, planned=MINUTE, on_failure=Severity.HIGH),
        TakeRowChecksums(
            name="note_rows",
            title="Note counts and checksums of the rows",
            tables=ROWS,
            planned=MINUTE,
            on_failure=Severity.HIGH,
        ),
        migrate,
        unharmed,
        DeployToSlot(
            name="deploy_to_green",
            title="Deploy the back end to the green slot of cpr-api-prod",
            resource_group=PRODUCTION,
            app=CPR_API,
            slot="green",
            package="cpr-api-{version}.zip",
            tried_by="deploy_api",
            look_every=LOOK_EVERY,
            planned=4 * MINUTE,
            on_failure=Severity.HIGH,
        ),
        RunCheck(
            name="smoke_test_green",
            title="Smoke test the green slot at its own address",
            check=Journey(
                name="green_serves_the_version",
                role="green",
                calls=[
                    Call(
                        name="health", path="/api/health", json_has={"status": "ok", "version": "{version}"}
                    ),
                    Call(name="skills", path="/api/me/skills", headers=AS_CHECKER, text_has='"gap"'),
                    Call(name="nobody", path="/api/me/goals", status=[401]),
                ],
                patience=timedelta(seconds=10),
                every=timedelta(seconds=2),
            ),
            retries=0,
            planned=2 * MINUTE,
            on_failure=Severity.HIGH,
        ),
        # Does its work when the site goes back: what the CDN kept of the new version goes too.
        replace(
            purge_production,
            name="purge_cdn_when_undone",
            title="Purge /* of cpr-ui in cpr-cdn, again when the front end goes back",
            when_undone=True,
        ),
        deploy_ui(PRODUCTION, "cpr-ui-prod", "production"),
        purge_production,
        SwapSlots(
            name="swap_slots",
            title="Switch the traffic: swap green with production, blue stays warm",
            resource_group=PRODUCTION,
            app=CPR_API,
            slot="green",
            with_slot="production",
            warm_path="/api/health",
            look_every=LOOK_EVERY,
            planned=3 * MINUTE,
            on_failure=Severity.HIGH,
        ),
        enable,
    ],
    verify=[
        # ---- Stage 6: 14:30, 30 minutes; the first 5 of them are the critical window
        replace(healthy, planned=MINUTE),
        VersionServed(name="serves_the_version", planned=MINUTE, on_failure=Severity.HIGH),
        replace(loads, planned=MINUTE),
        replace(no_errors, planned=MINUTE),
        replace(no_data_lost, planned=MINUTE),
        replace(goals_journey, planned=2 * MINUTE),
        replace(skills_journey, planned=MINUTE),
        replace(access, planned=2 * MINUTE),
        replace(fast, planned=2 * MINUTE),
        Downtime(
            name="no_downtime",
            title="Zero downtime (a late answer to the probe counts as much as 2 s)",
            limit=timedelta(seconds=2),
            since="production.note_downtime",
            labels=OF_PRODUCTION,
            planned=MINUTE,
            on_failure=Severity.MEDIUM,
        ),
        Checklist(
            name="smoke_tests",
            title="Extended smoke tests, by a person",
            items=[
                "Login with the test account, primary workflow, data saved, logout: in the browser",
                "The UI renders without errors, no JavaScript console errors",
                "Error tracking: no new critical errors; logs: clean or expected warnings only",
                "Infrastructure and database metrics are within normal ranges",
            ],
            planned=17 * MINUTE,
            timeout=HOUR,  # ours, as below
            on_unknown=Severity.MEDIUM,
        ),
        # ---- Stage 7: 15:00, 60 minutes
        replace(refuses_nonsense, planned=5 * MINUTE),
        Checklist(
            name="extended_validation",
            title="Extended validation",
            items=[
                "All features work as expected, no regression in existing ones, integrations function",
                "Response times are stable, database queries perform, memory and CPU are normal, no leaks",
                "Tested with several user roles: permissions are correct, edge cases and errors are handled",
                "Dashboards: health GREEN; error rate, request rate, performance, infrastructure as wanted",
            ],
            planned=55 * MINUTE,
            timeout=2 * HOUR,
            on_unknown=Severity.MEDIUM,
        ),
    ],
    # ---- Stage 8: from 16:00 on
    watch=Watch(
        metrics=[error_rate, p50, skills_p50, p95, available, memory, adoption],
        thresholds=[
            # How many requests must stand behind a figure is ours: at night one slow or failed request among
            # a few is no reason to wake anybody.
            Threshold(
                metric="error_rate", severity=Severity.HIGH, above=5, lasting=5 * MINUTE, of_at_least=20
            ),
            # A degradation is judged by the middle of all answers: the slowest few vary by half at any time.
            Threshold(
                metric="skills_p50",
                severity=Severity.HIGH,
                above_baseline_by_percent=50,
                lasting=5 * MINUTE,
                of_at_least=20,
            ),
            Threshold(metric="available", severity=Severity.HIGH, below=1, lasting=MINUTE),
            # It comes and goes, which never lasts: of the last readings, one a minute, half of twenty without
            # an answer are an outage, and a tenth of thirty is for a person.
            Threshold(metric="available", severity=Severity.HIGH, below=0.5, of_at_least=20),
            Threshold(metric="available", severity=Severity.MEDIUM, below=0.9, of_at_least=30),
            Threshold(metric="error_rate", severity=Severity.MEDIUM, above=1, of_at_least=300),
            Threshold(metric="p50", severity=Severity.MEDIUM, above=100, of_at_least=100),
            Threshold(metric="p95", severity=Severity.MEDIUM, above=200, of_at_least=100),
        ],
        checkpoints=[
            Every(
                interval=15 * MINUTE,
                until=HOUR,
                title="0-1 hour",
                look_at=[
                    "Error logs and performance metrics",
                    "User activity patterns",
                    "No anomalies",
                ],
            ),
            Every(
                interval=30 * MINUTE,
                until=4 * HOUR,
                title="1-4 hours",
                look_at=FIRST_DAYS,
            ),
            Every(interval=HOUR, until=24 * HOUR, title="4-24 hours, on-call", look_at=FIRST_DAYS),
            Every(interval=4 * HOUR, until=48 * HOUR, title="24-48 hours, on-call", look_at=FIRST_DAYS),
        ],
        sample_every=MINUTE,
        # In a rehearsal samples hold few requests each; a limit that must last then wants five in a row.
        minimum_good_samples=5,
    ),
    matrix=DecisionMatrix(
        rules=[
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=5 * MINUTE,
                procedure="restore_data",
            ),
            Rule(severity=Severity.HIGH, action=Action.ROLL_BACK, within=5 * MINUTE, procedure="swap_back"),
            # The rollback window: who is asked and has not decided within 15 minutes rolls back.
            Rule(severity=Severity.MEDIUM, action=Action.ASK, within=15 * MINUTE, procedure="swap_back"),
            # Ours. A watch that ends in a quiet weekend is asked about, and answered on Monday.
            Rule(severity=Severity.LOW, action=Action.ALERT, within=3 * DAY),
        ]
    ),
    procedures=[
        Procedure(
            name="swap_back",
            title="Blue-green rollback: flag off, slots swapped back, front end and database before",
            within=5 * MINUTE,
            note="The traffic is back with the old version after the second step. The goals that employees "
            "set meanwhile are gone with their table.",
        ),
        Procedure(
            name="restore_data",
            title="The same, and the data from the backup",
            restore=RestorePostgres(name="restore_database", backup="back_up_database"),
            note="Rows written since the backup are lost: only for damaged data.",
        ),
    ],
    # All of them passed: SUCCESS. Some: PARTIAL. None: FAILED. The last two want a person.
    verify_rollback=[
        replace(healthy, name="responds_normally", title="The application responds normally"),
        VersionServed(
            name="version_before",
            title="The version before is back",
            expects=Expected.BEFORE,
            noted_by="preflight.note_running_version",
        ),
        replace(own_requests, name="error_rate_is_back", title="The error rate is back to normal"),
        replace(
            no_errors,
            name="nobody_gets_an_error",
            title="And nobody else gets a 5xx for a minute",
            metrics=[server_errors],
            thresholds=[Threshold(metric="server_errors", severity=Severity.HIGH, above=0)],
        ),
        replace(
            own_requests,
            name="performance_is_back",
            title="Performance is back to normal: p50 below 100 ms, p95 below 200 ms",
            median_within=timedelta(milliseconds=100),
            p95_within=timedelta(milliseconds=200),
            patience=timedelta(seconds=30),
        ),
        SqlCheck(
            name="no_data_corruption",
            title="No data corruption: there are skills, and every one has its employee",
            sql="SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE users.id IS NULL) END"
            " FROM skills LEFT JOIN users ON users.id = user_id",
            equals=0,
        ),
        # Two days may have passed, in which employees delete; what the release may have changed in the rows
        # cannot be told from what they rated by then.
        replace(
            no_data_lost,
            name="no_row_is_lost",
            title="No data corruption: the employees and skills of before are all there",
            tables=[replace(table, users_change=100) for table in ROWS],
            compared=Compared.NO_ROWS_LOST,
        ),
        HttpCheck(
            name="feature_is_disabled",
            title="The feature is disabled for users: GET /api/me/goals -> 404",
            path="/api/me/goals",
            headers=AS_CHECKER,
            status=[404],
        ),
        Journey(
            name="users_can_work",
            title="Users can complete their workflows",
            calls=[
                Call(name="nobody", path="/api/me/skills", status=[401]),
                Call(
                    name="skills", path="/api/me/skills", headers=AS_CHECKER, capture={"skill": "skills.0.id"}
                ),
                Call(
                    name="rate one",
                    method="PUT",
                    path="/api/me/skills/{skill}",
                    headers=AS_CHECKER,
                    body={"level": "L3"},
                    json_has={"level": "L3"},
                ),
            ],
        ),
        Journey(
            name="site_is_back",
            title="Critical features are operational: the application loads, without the new feature",
            role="site",
            calls=[
                # Not by a 404 of the script: a site may answer what it has not with its first page. A script
                # that is left over and that no page loads is no feature.
                Call(name="page", path="/", text_has="app.js", text_lacks="goals.js"),
                Call(name="script", path="/app.js", text_has="/api/me/skills"),
            ],
        ),
    ],
    notices=[
        Notice(
            name="upcoming_deployment",
            moment=Day(-2),
            audience="All stakeholders, users",
            channels=[
                Email(connection="goals_mail", recipients=["stakeholders@cpr.example", "users@cpr.example"]),
                Slack(connection="goals_slack", channel="#announcements"),
                Teams(connection="goals_teams", channel="CPR announcements"),
            ],
            subject="Upcoming Deployment: {title} - {when}",
            text="We will be deploying {title} on {when}.\n\n"
            "What to Expect:\n"
            "- Employees can set themselves personal goals and follow their progress\n"
            "- Expected downtime: None\n"
            "- Impact: a new section in the application\n\n"
            "If you have questions or concerns, please contact {contacts}.",
        ),
        Notice(
            name="manager_hears_that_nobody_decides",
            moment=Moment.GATE_ESCALATION,
            audience="Manager: the Tech Lead has not answered the gate",
            channels=[MANAGER, Slack(connection="goals_slack", channel="#deployment")],
            subject="Nobody has decided yet: {title} {version}",
            text="The Tech Lead alone decides whether {title} {version} goes to production, and has not yet. "
            "Without an answer it is a NO-GO within five minutes: please reach the Tech Lead.\n"
            "{run_url}\nCall: {contacts}",
        ),
        Notice(
            name="deployment_started",
            moment=Moment.PRODUCTION_STARTED,
            audience="Technical team, stakeholders",
            channels=[Slack(connection="goals_slack", channel="#deployment")],
            subject="🚀 Deployment started: {title} at {now}",
            # The two of the Pre-Production Checklist at 14:00 that nothing but people can see; the rest of it
            # is the gate, the backup's verification and this message.
            text="🚀 Deployment started: {title} {version} at {now}\n"
            "Are the monitoring dashboards open, is the team on standby?\n{run_url}",
        ),
        Notice(
            name="breach",
            moment=Moment.BREACH,
            severities=[Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM],
            audience="Tech Lead, on-call engineer: a MEDIUM breach asks, and no answer is a rollback",
            channels=[
                Slack(connection="goals_slack", channel="#deployment"),
                PagerDuty(connection="goals_pager"),
            ],
            subject="{title} {version}: a limit is crossed",
            text="{reason}\n{follows}\n{run_url}\nCall: {contacts}",
        ),
        # The question has no escalation of its own, so the manager hears of it when it is asked.
        Notice(
            name="manager_hears_of_the_question",
            moment=Moment.BREACH,
            severities=[Severity.MEDIUM],
            audience="Manager: escalation of the rollback decision, if the Tech Lead cannot be reached",
            channels=[MANAGER],
            subject="Rollback decision: {title} {version}",
            text="{reason}\n{follows}\n"
            "Where a person is asked, the Tech Lead alone may answer: see that somebody reaches them.\n"
            "{run_url}\nCall: {contacts}",
        ),
        Notice(
            name="what_is_not_urgent",
            moment=Moment.BREACH,
            severities=[Severity.LOW],
            audience="Technical team: where it asks, no answer within three days is a rollback",
            channels=[Slack(connection="goals_slack", channel="#deployment")],
            subject="{title} {version} is not as it should be",
            text="{reason}\n{follows}\n{run_url}\nCall: {contacts}",
        ),
        Notice(
            name="rollback_started",
            moment=Moment.ROLLBACK_STARTED,
            audience="All stakeholders, support team",
            channels=[
                Email(
                    connection="goals_mail",
                    recipients=["stakeholders@cpr.example", "support@cpr.example"],
                ),
                Slack(connection="goals_slack", channel="#announcements"),
            ],
            subject="URGENT: {title} is being rolled back",
            text="We are rolling back the deployment of {title} {version} since {now}.\n"
            "Personal goals are not available. How it ends follows.\n{run_url}",
        ),
        Notice(
            name="deployment_complete",
            moment=Moment.RELEASED,
            audience="All stakeholders",
            channels=[
                Email(connection="goals_mail", recipients=["stakeholders@cpr.example"]),
                Slack(connection="goals_slack", channel="#announcements"),
            ],
            subject="Deployment Complete: {title} ✅",
            text="We've successfully deployed {title} {version} to production.\n\n"
            "Status: ✅ COMPLETE\n"
            "Deployment Time: {when}\n"
            "Validation: All tests passing\n"
            "Performance: Within targets\n\n"
            "What's New:\n"
            "- Create and manage personal goals\n"
            "- Follow their progress\n\n"
            "Documentation: https://docs.cpr.example/personal-goals\n"
            "Feedback: support@cpr.example",
        ),
        Notice(
            name="no_go",
            moment=Moment.REJECTED,
            audience="Stakeholders",
            channels=[
                Email(connection="goals_mail", recipients=["stakeholders@cpr.example"]),
                Slack(connection="goals_slack", channel="#announcements"),
            ],
            subject="No-Go: {title} is not deployed",
            text="{title} {version} is not deployed: {reason}\n"
            "The blockers are documented in {report}.\nThe Tech Lead schedules fix and retest.",
        ),
        Notice(
            name="stopped",
            moment=Moment.ABORTED,
            audience="Technical team, stakeholders",
            channels=[
                Email(connection="goals_mail", recipients=["stakeholders@cpr.example"]),
                Slack(connection="goals_slack", channel="#deployment"),
            ],
            subject="Not deployed: {title}",
            text="The deployment of {title} {version} was stopped, and nothing in production was changed.\n"
            "Why: {reason}\nReport: {report}",
        ),
        Notice(
            name="rolled_back",
            moment=Moment.ROLLED_BACK,
            audience="All stakeholders, support team",
            channels=[
                Email(
                    connection="goals_mail",
                    recipients=["stakeholders@cpr.example", "support@cpr.example"],
                ),
                Slack(connection="goals_slack", channel="#announcements"),
                PagerDuty(connection="goals_pager"),
            ],
            subject="URGENT: Deployment Rolled Back - {title}",
            text="We have rolled back the deployment of {title} due to {reason}.\n\n"
            "Status: 🔴 ROLLED BACK\n"
            "Rollback Time: {now}\n"
            "Impact: personal goals are not available, and those set meanwhile are gone. Everything else is "
            "as before, unless the data was restored from the backup of right before the deployment: then "
            "what was written since is lost too\n"
            "Whether data was restored: {report}\n\n"
            "Actions:\n"
            "- Application restored to previous version {version_before}\n"
            "- All systems operating normally\n"
            "- We are investigating the issue\n\n"
            "Next Steps:\n"
            "- Root cause analysis in progress\n"
            "- Fix will be developed and tested\n"
            "- New deployment will be scheduled\n\n"
            "We apologize for any inconvenience.",
        ),
        Notice(
            name="rollback_failed",
            moment=Moment.ROLLBACK_FAILED,
            audience="Tech Lead, on-call engineer",
            channels=[
                Slack(connection="goals_slack", channel="#deployment"),
                PagerDuty(connection="goals_pager"),
            ],
            subject="URGENT: the rollback of {title} is PARTIAL or FAILED",
            text="{reason}\nReport: {report}\n{run_url}\nCall: {contacts}",
        ),
        Notice(
            name="stakeholders_hear_that_the_rollback_failed",
            moment=Moment.ROLLBACK_FAILED,
            audience="All stakeholders, support team",
            channels=[
                Email(
                    connection="goals_mail",
                    recipients=["stakeholders@cpr.example", "support@cpr.example"],
                ),
            ],
            subject="URGENT: the rollback of {title} is not complete",
            text="Status: 🔴 the version before is not proved to be back\n"
            "{reason}\n\nWe are on it. Call: {contacts}",
        ),
        Notice(
            name="held",
            moment=Moment.HELD,
            audience="Technical team, stakeholders",
            channels=[
                Email(connection="goals_mail", recipients=["stakeholders@cpr.example"]),
                Slack(connection="goals_slack", channel="#deployment"),
            ],
            subject="{title} {version} is held for a person",
            text="{reason}\nReport: {report}\nCall: {contacts}",
        ),
    ],
    contacts=[
        Contact(role="Tech Lead", name="tech_lead", contact="deployment decision maker"),
        Contact(role="Solution Owner", name="product_owner", contact="business approval"),
        Contact(role="DevOps Lead", name="devops_lead", contact="infrastructure and deployment"),
        Contact(role="QA Lead", name="qa_lead", contact="validation and testing"),
        Contact(role="Security Lead", name="security_lead", contact="security review"),
        Contact(role="On-Call Engineer", name="on_call", contact="monitoring after the deployment"),
        Contact(role="Support Lead", name="support_lead", contact="user support"),
        Contact(role="Manager", name="engineering_manager", contact="escalation of the rollback decision"),
    ],
    after=[
        Duty(title="48+ hours: standard monitoring", due=timedelta(0), owner="Ops team"),
        Duty(title="Documentation updated, deployment report filed", due=DAY, owner="DevOps Lead"),
        Duty(title="Support ticket volume and feature adoption reviewed", due=2 * DAY, owner="Support Lead"),
        Duty(title="Lessons learned documented", due=5 * DAY, owner="Tech Lead"),
        Duty(title="Post-deployment review held", due=7 * DAY, owner="Tech Lead"),
    ],
    # The document names no time for them; all are told at once (see notices). The days are ours.
    after_rollback=[
        Duty(title="Deployment report updated, post-mortem scheduled", due=DAY, owner="DevOps Lead"),
        Duty(title="Root cause documented", due=2 * DAY, owner="Tech Lead"),
        Duty(title="Fix and redeployment planned", due=5 * DAY, owner="Tech Lead"),
    ],
)
dag = release_dag(plan)
