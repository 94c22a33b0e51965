"""Manual score override: trainers overrule calculated scores of physical assessments, on Heroku."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.checks import (
    Call,
    Compared,
    Downtime,
    DynosUp,
    Expected,
    HttpCheck,
    Journey,
    LogPattern,
    NoteDowntime,
    NoteLogEnd,
    RowChecksums,
    SqlCheck,
    Table,
    TakeRowChecksums,
    VersionServed,
)
from slipway.environment import Environment
from slipway.kinds import Checklist, Step
from slipway.metrics import CounterRatio, GaugeValue, HistogramQuantile
from slipway.notices import Email, InApp, Slack
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
    Plan,
    Procedure,
    Rollout,
    Rule,
    Scheduled,
    Stage,
)
from slipway.steps import (
    BackUpHerokuPostgres,
    DeployToHeroku,
    FlagValue,
    MakeBranch,
    MigrateOnHeroku,
    RestoreHerokuPostgres,
    RunCheck,
    RunOnHeroku,
    SetFlag,
    TakeBaseline,
    WaitUntil,
)
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Risk, Severity

NO_TIME, DAY, WEEK = timedelta(0), timedelta(days=1), timedelta(weeks=1)
APPS = {"staging": "the5hc-staging", "production": "the5hc"}
DEPLOYED = "deploy/manual-score-override"
FLAG = "MANUAL_SCORE_OVERRIDE"


def scores(name: str) -> Environment:
    """Return an environment of the 5HC; docs/connections.md says what each connection holds."""
    return Environment(
        system="scores",
        name=name,
        heroku="scores_heroku",
        heroku_data="scores_heroku_data",
        repository="scores_repository",
        workspace="scores_workspace",
        service=f"scores_{name}_service",
        database=f"scores_{name}_db",
        host=f"scores_{name}_host",
        probe=f"scores_{name}_probe",
    )


# ---- When: two days in Seoul ------------------------------------------------------------------------------

SEOUL = ZoneInfo("Asia/Seoul")


def at(
    name: str, title: str, hour: int, minute: int = 0, *, day: int, late_at_most: timedelta | None = None
) -> WaitUntil:
    """Return the wait for a time of the document; day 1 of the document is day 0 of the release."""
    return WaitUntil(
        name=f"wait_for_{name}",
        title=f"Day {day}, {hour:02}:{minute:02} KST: {title}",
        at=time(hour, minute),
        timezone=SEOUL,
        day=day - 1,
        late_at_most=late_at_most,
        on_failure=Severity.HIGH,
    )


# ---- What is measured -------------------------------------------------------------------------------------

error_rate = CounterRatio(
    name="error_rate", title="Error rate", counter="http_requests_total", part={"status": "5.."}
)
# A degradation is judged by the middle of all answers: the slowest few vary by more than half at any time.
typical_latency = HistogramQuantile(
    name="typical_latency",
    title="Typical response time",
    histogram="http_request_duration_seconds",
    quantile=0.5,
    labels={"route": "/api/.*"},
)
slow_answers = HistogramQuantile(
    name="slow_answers",
    title="Response time, 95 of 100",
    histogram="http_request_duration_seconds",
    quantile=0.95,
    labels={"route": "/api/.*"},
)
# The same request before and after, with the queries of the assessments: what slows only some of the answers
# is lost in the middle of all.
page_load = HistogramQuantile(
    name="list_time",
    title="Loading the assessments (their queries with it)",
    histogram="http_request_duration_seconds",
    quantile=0.5,
    labels={"route": "/api/assessments"},
)
OF_PRODUCTION = {"system": "scores", "environment": "production"}
# Ours: what is in front of the service and lets nobody through looks like a quiet night from inside.
available = GaugeValue(
    name="available",
    title="The service answers, seen from outside",
    source="probe",
    gauge="probe_success",
    labels=OF_PRODUCTION,
)

# Trainers go on working while it is compared: up to ten rows that they change or delete in those minutes, and
# whatever they add, are no damage (the ten is ours; a migration that damages results does so to hundreds).
# Those of the users set aside for checks are left out.
ROWS = [
    Table(name="users", key="id", columns=("id", "name"), where="id < 1000000", users_change=10),
    Table(
        name="assessments",
        key="id",
        columns=(
            *("id", "user_id", "client", "taken_on"),
            *("overhead_squat", "push_up", "toe_touch", "farmer_carry", "step_test"),
        ),
        where="user_id < 1000000",
        users_change=10,
    ),
]
data_intact = RowChecksums(
    name="data_is_intact",
    title="Every assessment is as it was before the release",
    taken_by="production.note_rows",
    tables=ROWS,
    compared=Compared.EQUAL_UP_TO_LAST,
    on_failure=Severity.MEDIUM,
)
# Right after the migration: what differs then is its doing, and a restore takes minutes of work from nobody.
unharmed = RunCheck(
    name="see_rows_unharmed",
    title="The migration changed no assessment",
    check=data_intact,
    on_failure=Severity.CRITICAL,
)
# At 11:00 trainers have used the feature for most of an hour, and a restore would take that from them.
# By then they have changed more of them, too: a hundred are ours.
data_still_intact = replace(
    data_intact,
    title="The assessments of before, an hour on: a person judges",
    tables=[replace(table, users_change=100) for table in ROWS],
)

# ---- What a trainer does, as checks -----------------------------------------------------------------------

# They have the feature at any percentage: the flag's allowed_users, "specific user IDs for testing".
AS_TESTER, AS_OTHER_TESTER = {"X-User": "1000000"}, {"X-User": "1000001"}
# This one has an assessment that stays: what a trainer's own list holds is the trainer's.
AS_KEEPER = {"X-User": "1000002"}
CALCULATED = {
    "overhead_squat": "20",
    "push_up": "20",
    "toe_touch": "20",
    "farmer_carry": "20",
    "step_test": "20",
}

log_in = Journey(
    name="logs_in",
    title="Login works, and logging out",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
    calls=[
        Call(
            name="log in",
            method="POST",
            path="/login",
            body={"user": "{journey_user}", "password": "{journey_password}"},
            capture={"token": "token"},
        ),
        Call(name="assessments", path="/api/assessments", headers={"Authorization": "Bearer {token}"}),
        Call(name="log out", method="POST", path="/logout", headers={"Authorization": "Bearer {token}"}),
    ],
)
manual_scores = Journey(
    name="overrides_scores",
    title="Create with manual scores, edit, see the marks and the calculation, the PDF report, reset",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
    calls=[
        Call(
            name="create with a manual score",
            method="POST",
            path="/api/assessments",
            headers=AS_TESTER,
            body={"client": "Check of {release_id}", **CALCULATED, "manual": {"push_up": 5}},
            json_has={"scores.push_up": 5, "scores.toe_touch": 2, "score": 52, "manual.0": "push_up"},
            capture={"assessment": "id"},
        ),
        Call(
            name="edit",
            method="PUT",
            path="/api/assessments/{assessment}",
            headers=AS_TESTER,
            body={"manual": {"toe_touch": 4}},
            json_has={"score": 60, "manual.1": "toe_touch"},
        ),
        Call(
            name="report",
            path="/api/assessments/{assessment}/report",
            headers=AS_TESTER,
            text_has="push_up: 5 of 5, manual",
        ),
        Call(
            name="reset",
            method="POST",
            path="/api/assessments/{assessment}/reset",
            headers=AS_TESTER,
            json_has={"score": 40, "manual": []},
        ),
        Call(name="delete", method="DELETE", path="/api/assessments/{assessment}", headers=AS_TESTER),
    ],
)
assessments = Journey(
    name="keeps_assessments",
    title="Test the API endpoints: create, read, list, report and delete an assessment",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
    calls=[
        Call(
            name="create",
            method="POST",
            path="/api/assessments",
            headers=AS_OTHER_TESTER,
            body={"client": "API check of {release_id}", **CALCULATED},
            json_has={"score": 40},
            capture={"assessment": "id"},
        ),
        Call(name="read", path="/api/assessments/{assessment}", headers=AS_OTHER_TESTER),
        Call(name="list", path="/api/assessments", headers=AS_OTHER_TESTER, text_has="API check of"),
        Call(
            name="report",
            path="/api/assessments/{assessment}/report",
            headers=AS_OTHER_TESTER,
            text_has="Score: 40 of 100",
        ),
        Call(name="delete", method="DELETE", path="/api/assessments/{assessment}", headers=AS_OTHER_TESTER),
    ],
)
accessible = HttpCheck(
    name="is_accessible",
    title="The site is accessible, with the page of this version",
    path="/",
    text_has="The 5HC",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
)
healthy = HttpCheck(
    name="is_healthy",
    title="The service is healthy: its database has what this code needs",
    path="/health",
    json_has={"status": "ok"},
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
)
existing = HttpCheck(
    name="shows_existing_assessments",
    title="Existing assessments are shown",
    path="/api/assessments",
    headers=AS_KEEPER,
    text_has='"scores"',
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
)
fresh_script = HttpCheck(
    name="serves_collected_files",
    title="Cache busting: the page names its script by the content, so no browser keeps the old one",
    path="/",
    text_has="/static/scores.",
    patience=timedelta(seconds=20),
    on_failure=Severity.MEDIUM,
)
fast_pages = HttpCheck(
    name="loads_fast",
    title="Page load time",
    path="/",
    within=timedelta(seconds=1),  # the document names no figure
    on_failure=Severity.MEDIUM,
)


def no_error_since(phase: str) -> LogPattern:
    """Return the look into the error log since a phase began to deploy."""
    return LogPattern(
        name="logs_no_error",
        title="No errors in the log since the deployment (3 lines at the most)",
        file="log/service.log",
        pattern="^ERROR",
        # Ours: the old code writes there until the new one has started, and one unlucky request is no outage.
        at_most=3,
        since=f"{phase}.note_log_end",
        on_failure=Severity.HIGH,
        on_unknown=Severity.MEDIUM,  # a log that does not arrive says nothing of the service
    )


# ---- What both environments get ---------------------------------------------------------------------------


def try_one_off_dyno(environment: str) -> RunOnHeroku:
    """Return the step whose undo comes last, when the old code runs: it clears the cache."""
    return RunOnHeroku(
        name="try_one_off_dyno",
        title="See that one-off dynos run (python manage.py check); the way back clears the cache here",
        app=APPS[environment],
        command="python manage.py check",
        repeatable=True,
        undo_command="python manage.py clear_cache",
        on_failure=Severity.HIGH,
    )


def dynos_up(environment: str, name: str) -> DynosUp:
    """Return the look at the app's dynos."""
    return DynosUp(
        name=name,
        title="The web dynos are up and run this release",
        app=APPS[environment],
        patience=timedelta(seconds=20),
        on_failure=Severity.HIGH,
    )


def released_to(environment: str) -> list[Step]:
    """Return the deployment: push, run migrations, clear the cache, collect the static files."""
    app = APPS[environment]
    return [
        NoteLogEnd(name="note_log_end", file="log/service.log", on_failure=Severity.HIGH),
        DeployToHeroku(
            name="deploy",
            title=f"Push {DEPLOYED} to main of {app}",
            app=app,
            branch=DEPLOYED,
            on_failure=Severity.HIGH,
        ),
        RunCheck(name="see_it_start", check=dynos_up(environment, "dynos_start"), on_failure=Severity.HIGH),
        MigrateOnHeroku(
            name="migrate",
            title=f"Run migrations, if there are any (heroku run python manage.py migrate --app={app})",
            app=app,
            on_failure=Severity.HIGH,
        ),
        *([unharmed] if environment == "production" else []),
        RunOnHeroku(
            name="clear_cache",
            title=f"Clear the cache (heroku run python manage.py clear_cache --app={app})",
            app=app,
            command="python manage.py clear_cache",
            repeatable=True,
            leaves_nothing="a cache fills itself; on the way back try_one_off_dyno clears it once more",
            on_failure=Severity.HIGH,
        ),
        # The document names it for production alone. On staging it is tried like everything else.
        RunOnHeroku(
            name="collect_static_files",
            title=f"Collect static files (manage.py collectstatic --noinput --app={app})",
            app=app,
            command="python manage.py collectstatic --noinput",
            repeatable=True,
            leaves_nothing="the files lie in the release that they belong to, and go with it",
            on_failure=Severity.HIGH,
        ),
    ]


# ---- Who gets it when -------------------------------------------------------------------------------------


def share(percentage: int, *, later: bool = False) -> SetFlag:
    """Return the step that gives the feature to a share of the users.

    :param later: an earlier stage turned the flag on; if a person turned it off since, it stays off
    """
    return SetFlag(
        name="set_flag",
        title=f"{FLAG}: rollout_percentage {percentage}",
        flags=[FlagValue(flag=FLAG, percentage=percentage)],
        only_if_on=later,
        on_failure=Severity.HIGH,
    )


first_hour = [
    assessments,
    manual_scores,
    no_error_since("production"),
    HttpCheck(
        name="answers_fast",
        title="Database query performance: the list of assessments",
        path="/api/assessments",
        headers=AS_KEEPER,
        within=timedelta(seconds=1),  # the document names no figure
        patience=timedelta(seconds=20),
        on_failure=Severity.MEDIUM,
    ),
    data_still_intact,
    Checklist(
        name="first_hour",
        title="First hour, 11:00 KST",
        timeout=timedelta(hours=2),
        on_unknown=Severity.MEDIUM,
        items=[
            "Review application metrics",
            "Check for JavaScript errors in Sentry and the logs",
            "Monitor server performance",
            "Verify database query performance",
            "Test API endpoints",
        ],
    ),
]


ERRORS = "errors_last"
# While a stage is watched nobody has worked with the feature for long: 5 % of a hundred requests are enough
# to take it back (ours).
FAILS_OFTEN = Threshold(metric="error_rate", severity=Severity.HIGH, above=5, of_at_least=100)


def stage_of_first_hour(name: str, exposure: float) -> Stage:
    """Return the stage that waits for 11:00 and is judged by the list of the first hour."""
    return Stage(
        name=f"{name}_first_hour",
        title="The first hour",
        exposure=exposure,
        steps=[at("the_first_hour", "first hour", 11, day=2)],
        soak=timedelta(minutes=5),
        every=timedelta(minutes=5),
        audience="those who have it already",
        thresholds=[FAILS_OFTEN],
        require=first_hour,
    )


# Between the checks of 10:15 and the first hour at 11:00.
UNTIL_ELEVEN = timedelta(minutes=40)
EVERY_QUARTER = timedelta(minutes=10)

direct = Rollout(
    strategy="direct",
    title="Everyone at once, as the deployment steps of the document have it (rollout_percentage: 100)",
    stages=[
        Stage(
            name="everyone",
            title="Everyone",
            exposure=100,
            steps=[share(100)],
            soak=UNTIL_ELEVEN,
            every=EVERY_QUARTER,
            audience="100 % of the users",
            thresholds=[FAILS_OFTEN],
        ),
        stage_of_first_hour("everyone", 100),
    ],
)
# "Start with 10%, increase gradually": the shares after the first one, and their days, are ours.
gradual = Rollout(
    strategy="gradual",
    title="By the feature flag: start with 10 %, increase gradually",
    stages=[
        Stage(
            name="a_tenth",
            title="10 % of the users",
            exposure=10,
            steps=[share(10)],
            soak=UNTIL_ELEVEN,
            every=EVERY_QUARTER,
            audience="10 % of the users",
            thresholds=[FAILS_OFTEN],
        ),
        stage_of_first_hour("a_tenth", 10),
        *(
            Stage(
                name=name,
                title=f"{percentage} % of the users",
                exposure=percentage,
                steps=[share(percentage, later=True)],
                soak=timedelta(hours=6),
                every=timedelta(hours=1),
                audience=f"{percentage} % of the users",
                thresholds=[FAILS_OFTEN],
            )
            for name, percentage in (("a_quarter", 25), ("half", 50), ("all_users", 100))
        ),
    ],
)

# ---- Whom to tell -----------------------------------------------------------------------------------------

USERS = [Email(connection="scores_mail", recipients=["trainers@the5hc.example"]), InApp()]
TEAM = [
    Email(connection="scores_mail", recipients=["team@the5hc.example"]),
    Slack(connection="scores_slack", channel="#the5hc-team"),
]

# ---- The two days of the document -------------------------------------------------------------------------


def on_day(day: int, hour: int, minute: int, title: str, *covers: str) -> Scheduled:
    """Return a part of the document; its day 1 is day 0 of the release."""
    return Scheduled(title=title, begins=time(hour, minute), timezone=SEOUL, day=day - 1, covers=covers)


BEFORE_DEPLOYMENT = ("production.try_one_off_dyno", "production.back_up_database")
DEPLOYMENT = tuple(
    f"production.{step}"
    for step in (
        *("take_baseline", "note_downtime", "note_rows", "note_log_end", "deploy", "see_it_start"),
        *("migrate", "see_rows_unharmed", "clear_cache", "collect_static_files"),
    )
)
SCHEDULE = [
    on_day(1, 9, 0, "Staging deployment", "staging"),
    on_day(1, 14, 0, "Staging verification", "validation"),
    on_day(2, 8, 0, "Pre-deployment: backup, notices", *BEFORE_DEPLOYMENT),
    on_day(2, 10, 0, "Deployment", *DEPLOYMENT),
    on_day(2, 10, 15, "Immediate verification", "verification"),
    on_day(2, 11, 0, "First hour", "rollout.everyone_first_hour", "rollout.a_tenth_first_hour"),
]

# ---- The plan ---------------------------------------------------------------------------------------------

plan = Plan(
    name="manual_score_override",
    title="Manual score override for physical assessments",
    summary="Trainers overrule calculated scores by hand: Alpine.js integration, visual feedback, and a "
    "normalisation of the scoring in the backend. Django on Heroku, over two days in Seoul time. "
    "Less than 5 minutes without the service, and a rollback in less than 5 minutes.",
    document="Manual Score Override Feature, deployment plan of 2025-06-25 (000)",
    risk=Risk.MEDIUM,  # UI changes, scoring logic updates
    owner="the5hc-team",
    tags=("scores", "heroku", "sandbox"),
    staging=scores("staging"),
    production=scores("production"),
    schedule=SCHEDULE,
    preflight=[
        healthy,
        VersionServed(
            name="note_running_version", title="Note the version that runs now", expects=Expected.ANY
        ),
        Checklist(
            name="code_review",
            title="Code review",
            items=[
                "All Phase 1-6 changes reviewed",
                "No console errors in development",
                "ESLint/code quality checks pass",
                "Django template syntax validated",
            ],
        ),
        Checklist(
            name="testing_complete",
            title="Testing complete",
            items=[
                "Automated tests pass (pytest)",
                "Manual testing checklist completed",
                "Cross-browser testing verified",
                "Performance benchmarks acceptable",
            ],
        ),
        Checklist(
            name="documentation",
            title="Documentation",
            items=[
                "User guide created (MANUAL_SCORE_OVERRIDE_USER_GUIDE.md)",
                "Technical documentation updated",
                "Change logs complete",
            ],
        ),
        Checklist(
            name="risks_mitigated",
            title="The four risks and their mitigation",
            items=[
                "Browser caching: users are told, static files have versions",
                "Alpine.js compatibility: tested across browsers, with fallback behaviour",
                "Score calculation changes: comprehensive testing, data validation",
                "User confusion: clear documentation, training materials",
            ],
        ),
        Checklist(
            name="internal_team",
            title="Communication: internal team",
            items=[
                "Development team briefed",
                "Support team trained on new feature",
                "Documentation shared",
            ],
        ),
        Checklist(
            name="users_informed",
            title="Communication: users",
            items=[
                "Feature announcement email is ready (notices of this plan)",
                "In-app notification configured",
                "User guide accessible, with a troubleshooting guide",
                "Support FAQ updated",
            ],
        ),
    ],
    on_staging=[
        # Ours: who triggers it in the evening gets no two days, but a night. Staging may begin until the time
        # of its verification, and that until 18:00.
        at("the_morning", "staging", 9, day=1, late_at_most=timedelta(hours=5)),
        MakeBranch(
            name="make_deployment_branch",
            title=f"Make {DEPLOYED} and merge feature/manual-score-fixes",
            branch=DEPLOYED,
            merge=["feature/manual-score-fixes"],
            at_version=True,  # the commit that was reviewed, by its tag
            on_failure=Severity.HIGH,
        ),
        try_one_off_dyno("staging"),
        BackUpHerokuPostgres(
            name="back_up_database",
            title="Back up staging (ours: a migration is tried there)",
            app=APPS["staging"],
            on_failure=Severity.HIGH,
        ),
        *released_to("staging"),
        at("the_afternoon", "staging verification", 14, day=1, late_at_most=timedelta(hours=4)),
    ],
    validate=[
        HttpCheck(name="serves_health", title="The service is healthy on staging", path="/health"),
        accessible,
        VersionServed(name="serves_the_version"),
        log_in,
        manual_scores,
        assessments,
        existing,
        fresh_script,
        fast_pages,
        no_error_since("staging"),
        SqlCheck(
            name="manual_scores_are_limited",
            title="Score data: each of the five manual scores is held between 0 and 5",
            sql="SELECT count(*) FROM pg_constraint WHERE conrelid = 'assessments'::regclass"
            " AND contype = 'c' AND conname LIKE '%\\_manual\\_%'",
            equals=5,
            on_failure=Severity.HIGH,
        ),
        Checklist(
            name="staging_verification",
            title="Staging verification",
            items=[
                "Create new assessment with manual scores",
                "Edit existing assessment",
                "Verify visual indicators work",
                "Test reset functionality",
                "Check score calculations",
                "Verify PDF reports include manual scores",
            ],
        ),
        Checklist(
            name="performance_monitoring",
            title="Performance monitoring",
            items=["Check page load times", "Monitor JavaScript errors", "Verify no memory leaks"],
        ),
    ],
    gate=Gate(
        question="Release the manual score override to production tomorrow at 10:00 KST?",
        approvals=[
            Approval(role="Product Owner", people=["product_owner", "engineering_manager", "devops_lead"])
        ],
        criteria=[
            Criterion(
                text="The pre-deployment checklist is ticked",
                checks=["code_review", "testing_complete", "documentation", "risks_mitigated"],
            ),
            Criterion(text="Team and users are informed", checks=["internal_team", "users_informed"]),
            Criterion(
                text="It was deployed to staging",
                checks=[
                    "make_deployment_branch",
                    "deploy",
                    "migrate",
                    "clear_cache",
                    "collect_static_files",
                ],
            ),
            Criterion(
                text="It works on staging",
                checks=[
                    "serves_the_version",
                    "overrides_scores",
                    "keeps_assessments",
                    "manual_scores_are_limited",
                    "logs_no_error",
                    "staging_verification",
                ],
            ),
            Criterion(text="It is no slower", checks=["loads_fast", "performance_monitoring"]),
        ],
        timeout=timedelta(hours=18),  # from the verification at 14:00 until 08:00 of day 2
        escalation="devops_lead",
    ),
    # Read backwards these are the rollback of the document: flag off, migrations back (the old code does not
    # know how), `releases:rollback`, the restore if it is needed, and the cache cleared with the old code.
    on_production=[
        # How late is ours. Users are told of 10:00 two hours ahead, and nobody deploys into their evening.
        at("the_backup", "backup, and the users are told", 8, day=2, late_at_most=timedelta(hours=1)),
        try_one_off_dyno("production"),
        BackUpHerokuPostgres(
            name="back_up_database",
            title="Back up the database (heroku pg:backups:capture --app=the5hc)",
            app=APPS["production"],
            on_failure=Severity.HIGH,
        ),
        at("the_deployment", "deployment", 10, day=2, late_at_most=timedelta(hours=1)),
        TakeBaseline(
            name="take_baseline",
            title="Measure production before the release",
            metrics=[typical_latency, page_load],
            on_failure=Severity.HIGH,
        ),
        NoteDowntime(name="note_downtime", labels=OF_PRODUCTION, on_failure=Severity.HIGH),
        TakeRowChecksums(
            name="note_rows",
            title="Note counts and checksums of the assessments",
            tables=ROWS,
            on_failure=Severity.HIGH,
        ),
        *released_to("production"),
        at("the_checks", "verification", 10, 15, day=2),
    ],
    verify=[
        accessible,
        healthy,
        dynos_up("production", "dynos_are_up"),
        VersionServed(name="serves_the_version", on_failure=Severity.HIGH),
        log_in,
        assessments,
        manual_scores,
        existing,
        fresh_script,
        no_error_since("production"),
        data_intact,
        Downtime(
            name="downtime_within_limit",
            title="Expected downtime: less than 5 minutes",
            limit=timedelta(minutes=5),
            since="production.note_downtime",
            labels=OF_PRODUCTION,
            on_failure=Severity.MEDIUM,
        ),
        Checklist(
            name="immediate_verification",
            title="Immediate verification, 10:15 KST",
            timeout=timedelta(hours=1),  # ours, as in the first hour
            on_unknown=Severity.MEDIUM,
            items=[
                "Site accessible",
                "Login working",
                "Create test assessment",
                "Verify manual score features",
                "Check existing assessments display correctly",
                "Monitor error logs",
            ],
        ),
    ],
    strategies=[direct, gradual],
    watch=Watch(
        metrics=[error_rate, typical_latency, slow_answers, page_load, available],
        thresholds=[
            # "Error rate < 0.1 %" names no time, and one error in less than a thousand requests crosses it:
            # that is told of at the checkpoint. A person is asked when every minute of a quarter of an hour
            # crosses it, and only errors of 5 % for as long take the manual scores back unasked (all ours).
            Threshold(metric="error_rate", severity=Severity.LOW, above=0.1),
            Threshold(
                metric="error_rate",
                severity=Severity.MEDIUM,
                above=0.1,
                lasting=timedelta(minutes=15),
                of_at_least=20,
                scenario=ERRORS,
            ),
            Threshold(
                metric="error_rate",
                severity=Severity.HIGH,
                above=5,
                lasting=timedelta(minutes=15),
                of_at_least=20,
            ),
            # Errors that come and go never last: so many of the last requests count as well.
            FAILS_OFTEN,
            Threshold(
                metric="error_rate", severity=Severity.MEDIUM, above=2, of_at_least=100, scenario=ERRORS
            ),
            Threshold(metric="available", severity=Severity.HIGH, below=1, lasting=timedelta(minutes=4)),
            # It comes and goes, which never lasts: of the last readings, one a minute, half of twenty without
            # an answer are an outage, and a tenth of thirty is for a person.
            Threshold(metric="available", severity=Severity.HIGH, below=0.5, of_at_least=20),
            Threshold(metric="available", severity=Severity.MEDIUM, below=0.9, of_at_least=30),
            # "No performance degradation" has no figure in the document: half as much again, or twice the
            # time for the list, for a quarter of an hour is ours.
            Threshold(
                metric="typical_latency",
                severity=Severity.HIGH,
                above_baseline_by_percent=50,
                lasting=timedelta(minutes=15),
                of_at_least=20,
            ),
            Threshold(
                metric="list_time",
                severity=Severity.HIGH,
                above_baseline_times=2,
                lasting=timedelta(minutes=15),
                of_at_least=20,
            ),
        ],
        checkpoints=[
            Every(
                interval=timedelta(hours=1),
                until=DAY,
                title="Day 1 after the deployment (hourly)",
                look_at=[
                    "Error rates",
                    "User feedback channels",
                    "Performance metrics",
                    "Data integrity",
                ],
            ),
            Every(
                interval=DAY,
                until=WEEK,
                title="Week 1 after the deployment (daily)",
                look_at=[
                    "Error log review",
                    "User adoption metrics",
                    "Performance trends",
                    "Feedback collection",
                ],
            ),
        ],
        sample_every=timedelta(minutes=1),
        # In a rehearsal samples hold few requests each; a limit that must last then wants five in a row.
        minimum_good_samples=5,
    ),
    matrix=DecisionMatrix(
        rules=[
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK_AND_RESTORE,
                within=timedelta(minutes=5),
                procedure="rollback_and_restore",
            ),
            Rule(
                severity=Severity.HIGH,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=5),
                procedure="immediate_rollback",
            ),
            Rule(severity=Severity.MEDIUM, action=Action.ASK, within=timedelta(minutes=30)),
            # Who is asked at night may answer in the morning: no answer in time is a rollback.
            Rule(severity=Severity.MEDIUM, scenario=ERRORS, action=Action.ASK, within=timedelta(hours=8)),
            Rule(severity=Severity.LOW, action=Action.ALERT, within=timedelta(hours=24)),
        ]
    ),
    procedures=[
        Procedure(
            name="immediate_rollback",
            title="Immediate rollback (heroku releases:rollback --app=the5hc), cache cleared",
            within=timedelta(minutes=5),
            note="Rows written since are kept; manual scores are gone with their columns.",
        ),
        Procedure(
            name="rollback_and_restore",
            title="The same, and the database restored (heroku pg:backups:restore --app=the5hc)",
            restore=RestoreHerokuPostgres(
                name="restore_database", app=APPS["production"], backup="back_up_database"
            ),
            note="Only for damaged data: what was written since 08:00 leaves the database. It is captured in "
            "a backup of its own first.",
        ),
    ],
    verify_rollback=[
        HttpCheck(
            name="health",
            title="The service is healthy again",
            path="/health",
            patience=timedelta(seconds=20),
        ),
        VersionServed(
            name="version_before",
            title="The version before is back",
            expects=Expected.BEFORE,
            noted_by="preflight.note_running_version",
        ),
        log_in,
        assessments,
        existing,
    ],
    notices=[
        Notice(
            name="users_hear_of_the_maintenance",
            moment=Moment.BEFORE_PRODUCTION,
            audience="Users",
            channels=USERS,
            subject="Scheduled maintenance at 10:00 KST, and a new feature",
            text="At 10:00 KST the 5HC is updated. Expected downtime: less than 5 minutes.\n"
            # The flag may let in 10 % first.
            "New, for some of you at once and for everyone within the next days: you can override the "
            "calculated scores of an assessment by hand, and reset them. Your own scores carry a mark and "
            "stand in the PDF report; see the user guide.\n"
            "If something looks wrong afterwards, clear your browser's cache: press Ctrl+Shift+R (on a Mac "
            "Cmd+Shift+R), or empty the cache in your browser's settings. If that does not help, see the "
            "troubleshooting guide or write to support.",
        ),
        Notice(
            name="users_hear_of_the_feature",
            # Day 0 comes before the flag is touched, and `gradual` may stop: now it is true of everyone.
            moment=Moment.RELEASED,
            audience="Users",
            channels=USERS,
            subject="Override scores by hand",
            text="Manual scores are here for everyone. The user guide tells how to set and to reset them.\n"
            "If you do not see them, clear your browser's cache (Ctrl+Shift+R, on a Mac Cmd+Shift+R).",
        ),
        Notice(
            name="team_hears_of_day_3",
            moment=Day(1),  # the launch is on day 2 of the document
            audience="Team",
            channels=TEAM,
            subject="{title}: day 3",
            text="Today: remove the feature flag if it was used, archive the deployment branch "
            f"{DEPLOYED}, update the project's documentation, schedule the retrospective.\n"
            "{run_url}",
        ),
        Notice(
            name="team_hears_of_the_breach",
            moment=Moment.BREACH,
            audience="Team",
            channels=TEAM,
            subject="{title} {version}: a limit was crossed",
            text="{reason}\n{follows}\n{run_url}\nWhom to call: {contacts}",
        ),
        Notice(
            name="team_hears_that_it_was_stopped",
            moment=Moment.ABORTED,
            audience="Team",
            channels=TEAM,
            subject="{title} {version} was stopped, nothing in production was changed",
            text="Why: {reason}\n"
            "Users who were told of the maintenance at 10:00 KST: tell them that it does not take place.\n"
            "Report: {report}",
        ),
        Notice(
            name="team_hears_of_the_rollback",
            moment=Moment.ROLLED_BACK,
            audience="Team",
            channels=TEAM,
            subject="{title} {version} was rolled back to {version_before}",
            text="Document the issue, plan the fix, reschedule the deployment.\n"
            "Why: {reason}\n"
            "Report: {report}",
        ),
        Notice(
            name="team_hears_that_it_is_held",
            moment=Moment.HELD,
            audience="Team",
            channels=TEAM,
            subject="{title} {version} is held for a person",
            text="{reason}\nReport: {report}\nWhom to call: {contacts}",
        ),
        Notice(
            name="team_hears_of_the_failed_rollback",
            moment=Moment.ROLLBACK_FAILED,
            audience="Team",
            channels=TEAM,
            subject="{title} {version}: the rollback failed, go there now",
            text="{reason}\n{run_url}\nWhom to call: {contacts}",
        ),
    ],
    # The document leaves every contact open: "[Contact Info]".
    contacts=[
        Contact(role="Lead Developer", name="engineering_manager", contact="see the team's calendar"),
        Contact(role="DevOps", name="devops_lead", contact="see the team's calendar"),
        Contact(role="Product Owner", name="product_owner", contact="see the team's calendar"),
        Contact(role="Support Team", name="support", contact="see the team's calendar"),
    ],
    # Counted from the end of the watch, a week after the deployment. Day 3 has come before: the team is told
    # on that day (see `notices`), and whatever is still open is due at once.
    after=[
        Duty(title="Day 3: remove the feature flag (if used)", due=NO_TIME, owner="Lead Developer"),
        Duty(title=f"Day 3: archive the deployment branch {DEPLOYED}", due=NO_TIME, owner="DevOps"),
        Duty(title="Day 3: update project documentation", due=NO_TIME, owner="Lead Developer"),
        Duty(title="Day 3: schedule retrospective", due=NO_TIME, owner="Product Owner"),
        Duty(title="Success criterion: positive user feedback", due=NO_TIME, owner="Product Owner"),
        Duty(title="Week 2: user training sessions", due=WEEK, owner="Support Team"),
        Duty(title="Week 2: gather feedback", due=WEEK, owner="Product Owner"),
        Duty(title="Week 2: plan improvements", due=WEEK, owner="Product Owner"),
        Duty(title="Week 2: performance optimization", due=WEEK, owner="Lead Developer"),
    ],
    after_rollback=[
        Duty(title="Document the issue", due=NO_TIME, owner="Lead Developer"),
        Duty(title="Plan the fix", due=DAY, owner="Lead Developer"),  # the day is ours
        Duty(title="Reschedule the deployment", due=DAY, owner="Product Owner"),
    ],
)
dag = release_dag(plan)
