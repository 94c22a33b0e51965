"""Projection calibration: projections of players moved by a percentage per position."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from slipway.airflow import release_dag  # an Airflow DAG comes out of it
from slipway.checks import (
    Call,
    Downtime,
    Expected,
    HttpCheck,
    InsideWindow,
    Journey,
    LogPattern,
    NoteDowntime,
    NoteLogEnd,
    Part,
    ReadinessScore,
    SqlCheck,
    VersionServed,
)
from slipway.environment import Environment
from slipway.kinds import Checklist
from slipway.metrics import (
    CounterIncrease,
    CounterRatio,
    GaugeValue,
    HistogramMean,
    HistogramQuantile,
    SqlValue,
)
from slipway.notices import Email, Slack
from slipway.plan import (
    Approval,
    Contact,
    Criterion,
    DecisionMatrix,
    Duty,
    Gate,
    Moment,
    Notice,
    Parameter,
    Plan,
    Procedure,
    Rule,
    Window,
)
from slipway.steps import (
    BackUpPostgres,
    DeployRelease,
    FetchRelease,
    InstallDependencies,
    RestorePostgres,
    RunCommand,
    TakeBaseline,
    UpgradeAlembic,
    Verification,
)
from slipway.watching import Every, Missing, Threshold, Watch
from slipway.words import Action, Risk, Severity

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def calibration(name: str) -> Environment:
    """Return an environment of the system; docs/connections.md says what each connection holds."""
    return Environment(
        system="calibration",
        name=name,
        database=f"calibration_{name}_db",
        service=f"calibration_{name}_service",
        host=f"calibration_{name}_host",
        probe=f"calibration_{name}_probe",
        repository="calibration_repository",
    )


# ---- When -------------------------------------------------------------------------------------------------

# The document names no time zone and no end of the morning: both are ours.
NEW_YORK = ZoneInfo("America/New_York")
WINDOWS = [
    Window(
        title="weekend morning (low traffic)", days=[5, 6], start=time(6), end=time(12), timezone=NEW_YORK
    ),
    Window(
        title="weekday early morning", days=[0, 1, 2, 3, 4], start=time(6), end=time(8), timezone=NEW_YORK
    ),
]

# ---- What is measured -------------------------------------------------------------------------------------

error_rate = CounterRatio(
    name="error_rate", title="API errors", counter="http_requests_total", part={"status": "5.."}
)
failed_imports = CounterIncrease(
    name="failed_imports",
    title="Imports that failed",
    counter="http_requests_total",
    labels={"route": "/api/player-pools/.*/import", "status": "5.."},
)
refused_inputs = CounterRatio(
    name="refused_inputs",
    title="Refused inputs (validation errors)",
    counter="http_requests_total",
    part={"status": "4.."},
)
api_latency = HistogramQuantile(
    name="api_latency",
    title="Response time of the API (95 of 100)",
    histogram="http_request_duration_seconds",
    quantile=0.95,
    labels={"route": "/api/.*"},
)
# A degradation is judged by the middle of all answers: the slowest few vary by more than half at any time.
typical_latency = HistogramQuantile(
    name="typical_latency",
    title="Typical response time of the API",
    histogram="http_request_duration_seconds",
    quantile=0.5,
    labels={"route": "/api/.*"},
)
query_time = HistogramMean(
    name="query_time",
    title="Player pool query",
    histogram="http_request_duration_seconds",
    labels={"route": "/api/player-pools/[^/]*"},
)
# Imports are rare, so they have no baseline: the goal of at most +5 % is judged by people (see `after`).
import_time = HistogramMean(
    name="import_time",
    title="Import of a player pool",
    histogram="http_request_duration_seconds",
    labels={"route": "/api/player-pools/.*/import"},
)
# A percentage lies between -50 and 50, so a calibrated value further off its original is damage.
FAR_OFF = " OR ".join(
    f"{name}_calibrated IS NOT NULL AND ({name} IS NULL OR abs({name}_calibrated - {name})"
    f" > abs({name}) / 2 + 0.01)"
    for name in ("floor", "median", "ceiling")
)
damaged_players = SqlValue(
    name="damaged_players",
    title="Players whose calibrated values cannot come from their projections",
    sql=f"SELECT count(*) FROM player_pools WHERE {FAR_OFF}",
)
OF_PRODUCTION = {"system": "calibration", "environment": "production"}
# Ours: what is in front of the service and lets nobody through looks like a quiet night from inside.
available = GaugeValue(
    name="available",
    title="The service answers, seen from outside",
    source="probe",
    gauge="probe_success",
    labels=OF_PRODUCTION,
)

# ---- The eighteen default percentages: floor, median, ceiling ---------------------------------------------

DEFAULTS = [
    ["QB", 5, 0, -5],
    ["RB", 10, 8, -10],
    ["WR", 8, 5, -12],
    ["TE", 10, 7, -10],
    ["K", 0, 0, 0],
    ["DST", 0, 0, 0],
]
DEFAULTS_OF_CURRENT_WEEK = (
    "SELECT position, floor_pct::int, median_pct::int, ceiling_pct::int FROM projection_calibration"
    " WHERE is_default AND is_active AND week_id = (SELECT id FROM weeks WHERE is_current) ORDER BY id"
)
# An admin may have changed some since; those that are the defaults still are the document's.
POSITIONS_IN_ORDER = (
    "SELECT count(*) FROM projection_calibration WHERE week_id = (SELECT id FROM weeks WHERE is_current)"
    " AND (NOT is_default OR is_active AND (position, floor_pct, median_pct, ceiling_pct) IN ("
    + ", ".join(
        f"('{position}', {floor}, {median}, {ceiling})" for position, floor, median, ceiling in DEFAULTS
    )
    + "))"
)
# Of those that the migration has filled in: the version before may import others at any moment.
PLAYERS_CHANGED = (
    "SELECT count(*) FROM player_pools WHERE week_id = (SELECT id FROM weeks WHERE is_current)"
    " AND COALESCE(floor_calibrated, median_calibrated, ceiling_calibrated) IS NOT NULL"
    " AND (floor_calibrated, median_calibrated, ceiling_calibrated) IS DISTINCT FROM (floor, median, ceiling)"
)
NOT_CALIBRATED = (
    "SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE"
    " (floor_calibrated IS NULL, median_calibrated IS NULL, ceiling_calibrated IS NULL)"
    " <> (floor IS NULL, median IS NULL, ceiling IS NULL)) END"
    " FROM player_pools WHERE week_id = (SELECT id FROM weeks WHERE is_current)"
)

# ---- What a user does, as checks --------------------------------------------------------------------------

# A week set aside for checks: what they write there counts nowhere.
WEEK_OF_CHECKS = "/9009"
PRACTICE_RB = {
    "name": "Practice RB",
    "position": "RB",
    "salary": 6000,
    "floor": 10,
    "median": 20,
    "ceiling": 30,
}

five_endpoints = Journey(
    name="all_five_endpoints",
    title="The 5 endpoints of the calibration answer",
    patience=timedelta(seconds=20),
    on_failure=Severity.HIGH,
    calls=[
        Call(name="reset", method="POST", path=f"/api/calibration{WEEK_OF_CHECKS}/reset"),
        Call(
            name="read",
            path=f"/api/calibration{WEEK_OF_CHECKS}",
            json_has={"calibrations.1.position": "RB", "calibrations.1.median_pct": 8.0},
        ),
        Call(
            name="change one",
            method="POST",
            path=f"/api/calibration{WEEK_OF_CHECKS}",
            body={"position": "K", "floor_pct": 1, "median_pct": 1, "ceiling_pct": 1},
        ),
        Call(
            name="change several",
            method="POST",
            path=f"/api/calibration{WEEK_OF_CHECKS}/batch",
            body={"calibrations": [{"position": "K", "floor_pct": 0, "median_pct": 0, "ceiling_pct": 0}]},
        ),
        Call(name="status", path=f"/api/calibration{WEEK_OF_CHECKS}/status", json_has={"is_active": True}),
    ],
)
import_with_calibration = Journey(
    name="import_with_calibration",
    title="Scenarios 1 and 2: an import is calibrated (RB +10 %, +8 %, -10 %), and the smart score uses it",
    patience=timedelta(seconds=20),  # the load of the sandbox imports into the same week
    on_failure=Severity.HIGH,
    calls=[
        Call(name="reset", method="POST", path=f"/api/calibration{WEEK_OF_CHECKS}/reset"),
        Call(
            name="import",
            method="POST",
            path=f"/api/player-pools{WEEK_OF_CHECKS}/import",
            body={"players": [PRACTICE_RB]},
            json_has={"imported": 1},
        ),
        Call(
            name="calibrated values",
            path=f"/api/player-pools{WEEK_OF_CHECKS}?position=RB",
            json_has={"players.0.floor": "11.00", "players.0.median": "21.60", "players.0.ceiling": "27.00"},
        ),
        Call(
            name="smart score",
            path=f"/api/smart-score{WEEK_OF_CHECKS}?position=RB",
            json_has={"players.0.smart_score": 3.311},
        ),
    ],
)
lineup = HttpCheck(
    name="generates_a_lineup",
    title="Scenario 3: the optimizer makes a valid lineup",
    path="/api/lineup/current",
    json_has={"valid": True},
    on_failure=Severity.HIGH,
)
front_end = Journey(
    name="shows_the_front_end",
    title="Scenario 4: the pages of this version, with the status chip",
    on_failure=Severity.HIGH,
    calls=[
        Call(name="page", path="/", text_has="{version}"),
        Call(name="status chip", path="/assets/chip.js", text_has="calibration"),
    ],
)
defaults_seeded = SqlCheck(
    name="defaults_are_seeded",
    title="All 6 positions of the current week are calibrated, by the 18 defaults where no admin set others",
    sql=POSITIONS_IN_ORDER,
    equals=len(DEFAULTS),
    on_failure=Severity.MEDIUM,
)
# A pool that the version before imported between the migration and the deployment has no calibrated values:
# the service shows the original ones until it is imported again. That is no damage, but a person must know.
whole_pool = SqlCheck(
    name="calibration_reaches_everyone",
    title="Scenario 5: 100 % of the players with a projection have a calibrated one",
    sql=NOT_CALIBRATED,
    equals=0,
    on_failure=Severity.MEDIUM,
)
none_damaged = SqlCheck(
    name="no_player_is_damaged",
    title="Scenario 5: no calibrated value is further from its projection than any percentage allows",
    sql=damaged_players.sql,
    equals=0,
    on_failure=Severity.CRITICAL,
)
healthy = HttpCheck(
    name="is_healthy",
    title="The service is healthy",
    path="/health",
    json_has={"status": "ok"},
    on_failure=Severity.HIGH,
)
log_is_clean = LogPattern(
    name="logs_no_error",
    title="No errors in the log since the deployment (3 lines at the most)",
    file="log/service.log",
    pattern="^ERROR",
    # Ours: the old code writes there until the new one has started, and one unlucky request is no outage.
    at_most=3,
    since="production.note_log_end",
    on_failure=Severity.HIGH,
    on_unknown=Severity.MEDIUM,  # a log that does not arrive says nothing of the service
)

# ---- What both environments get ---------------------------------------------------------------------------

back_up = BackUpPostgres(
    name="back_up_database", title="Back up the database (mandatory)", on_failure=Severity.HIGH
)
fetch = FetchRelease(name="fetch_release", on_failure=Severity.HIGH)
# From the first migration until the services are deployed, what there is to take back is the migrations.
ONLY_MIGRATIONS = "only_migrations_ran"
migrations = [
    UpgradeAlembic(
        name="create_projection_calibration",
        title="Migration 019: create projection_calibration (risk LOW: a new table)",
        to="019",
        planned=timedelta(seconds=3),
        on_failure=Severity.HIGH,
        scenario=ONLY_MIGRATIONS,
        verify=[
            Verification(
                title="the table is empty",
                sql="SELECT count(*) FROM projection_calibration",
                expected=0,
                only_new=True,
            ),
            Verification(
                title="its position and its three percentages are constrained",
                sql="SELECT count(*) FROM pg_constraint"
                " WHERE conrelid = 'projection_calibration'::regclass AND contype = 'c'",
                expected=4,
            ),
            Verification(
                title="its index is there",
                sql="SELECT to_regclass('projection_calibration_active')::text",
                expected="projection_calibration_active",
            ),
        ],
    ),
    UpgradeAlembic(
        name="add_calibrated_columns",
        title="Migration 020: add calibrated columns to player_pools, fill in (risk LOW: NULL allowed)",
        to="020",
        planned=timedelta(seconds=4),
        # It is the one migration that writes into rows that were there: damage that its verification finds is
        # undone from the backup. A failure of anything else is HIGH, and the migration is taken back.
        on_failure=Severity.CRITICAL,
        verify=[
            Verification(
                title="three columns that may be NULL",
                sql="SELECT count(*) FROM information_schema.columns WHERE table_name = 'player_pools'"
                " AND column_name LIKE '%\\_calibrated' AND is_nullable = 'YES'",
                expected=3,
            ),
            Verification(
                title="the index is there",
                sql="SELECT to_regclass('player_pools_calibrated')::text",
                expected="player_pools_calibrated",
            ),
            Verification(
                title="players begin with the values that they had",
                sql=PLAYERS_CHANGED,
                expected=0,
                only_new=True,
            ),
        ],
    ),
    UpgradeAlembic(
        name="seed_default_calibration",
        title="Migration 021: seed the 18 default percentages (risk LOW: only inserts, idempotent)",
        to="021",
        planned=timedelta(seconds=3),
        on_failure=Severity.HIGH,
        scenario=ONLY_MIGRATIONS,
        verify=[
            Verification(
                title="one week is the current one",
                sql="SELECT count(*) FROM weeks WHERE is_current",
                expected=1,
            ),
            Verification(
                title="the defaults of the current week",
                sql=DEFAULTS_OF_CURRENT_WEEK,
                expected=DEFAULTS,
                only_new=True,
            ),
        ],
    ),
]
install = InstallDependencies(name="install_dependencies", on_failure=Severity.HIGH)
run_tests = RunCommand(
    name="run_tests",
    argv=["pytest", "tests", "-v"],
    env={"PYTHONPATH": "."},
    leaves_nothing="the tests touch neither the database nor the running service",
    on_failure=Severity.HIGH,
)
build_front_end = RunCommand(
    name="build_front_end",
    title="Build the front end (5 components) for production",
    argv=["python", "frontend/build.py"],
    leaves_nothing="the build lies in the folder of the release, and goes with it",
    on_failure=Severity.HIGH,
)
# Before the migrations, so that the version before runs on the new schema for seconds only.
prepare = [fetch, install, run_tests, build_front_end]
deploy = DeployRelease(
    name="deploy_services",
    title="Deploy the 5 backend services, and the front end with them",
    on_failure=Severity.HIGH,
)
note_log_end = NoteLogEnd(name="note_log_end", file="log/service.log", on_failure=Severity.HIGH)

# ---- The plan ---------------------------------------------------------------------------------------------

plan = Plan(
    name="projection_calibration",
    title="Smart score engine: projection calibration",
    summary="Projections of players are moved by a percentage per position: 3 migrations, 5 backend "
    "services, 5 front-end components, 5 endpoints. Overall risk low: of the six risks (performance "
    "degradation, data corruption, user confusion, calibration inaccuracy, backward compatibility, migration "
    "failure) only inaccuracy is medium. 30 to 45 minutes of work, less than 5 of them without the service.",
    document="Task group 12: production deployment, projection calibration system (001)",
    risk=Risk.LOW,
    owner="smart-score-team",
    tags=("calibration", "sandbox"),
    staging=calibration("staging"),
    production=calibration("production"),
    parameters=[
        Parameter(
            name="stakeholder_communication",
            default=75,
            description="Readiness of stakeholder communication, 0 to 100 (the document: 75, pending)",
            schema={"type": "number", "minimum": 0, "maximum": 100},
        )
    ],
    windows=WINDOWS,
    preflight=[
        healthy,
        VersionServed(
            name="note_running_version", title="Note the version that runs now", expects=Expected.ANY
        ),
        InsideWindow(
            name="inside_a_window",
            title="Now is within an allowed window",
            windows=WINDOWS,
            # It only tells in time: the decision judges, and outside wants the parameter break_glass.
            blocking=False,
        ),
        ReadinessScore(
            name="readiness",
            title="Readiness, at least 90 of 100",
            parts=[
                Part(title="Technical implementation", score=100),
                Part(title="Testing coverage", score=100),
                Part(title="Documentation", score=100),
                Part(title="Risk mitigation", score=95),
                Part(title="Stakeholder communication", score=75, parameter="stakeholder_communication"),
            ],
            stated=95,  # the document's figure; the mean of its own parts is 94
            floor=90,  # the document names no floor
        ),
        Checklist(
            name="code_and_tests",
            title="Code and tests",
            items=[
                "All 11 task groups are reviewed",
                "67+ tests exist; the 33 automated ones pass (33/33, 100 %)",
                "Unit tests 16/16, integration tests 17/17",
                "10 strategic end-to-end tests, 24 documented front-end scenarios",
                "Edge cases tested (10/10); 100 % of the features covered",
                "0 critical and 0 high bugs are open; backward compatibility is confirmed",
                "Inputs are validated, SQL injection is ruled out",
            ],
        ),
        Checklist(
            name="production_prepared",
            title="Production is prepared",
            items=[
                "Environment variables of production are configured",
                "Monitoring tools and alerts are set up",
                "The backup procedure is prepared",
                "The credentials of production are verified",
                "Rollback plan at hand, emergency contacts configured, decision matrix reviewed",
                "The incident response team stands by",
            ],
        ),
        Checklist(
            name="team_notified",
            title="The team is notified",
            items=["Development team", "QA team", "Support team, if applicable"],
        ),
    ],
    on_staging=[
        back_up,
        *prepare,
        *migrations,
        deploy,
        RestorePostgres(name="rehearse_restore", backup="back_up_database", drill=True),
    ],
    validate=[
        HttpCheck(name="serves_health", title="The service is healthy on staging", path="/health"),
        VersionServed(name="serves_the_version"),
        five_endpoints,
        import_with_calibration,
        lineup,
        front_end,
        defaults_seeded,
        whole_pool,
        none_damaged,
        Checklist(
            name="looked_at_the_ui",
            title="Front end on staging, seen by a person",
            items=[
                "CalibrationStatusChip, CalibrationAdmin, CalibrationPreview, ProjectionDisplay and the 5 "
                "hooks of useCalibration work",
                "Pages fit small and large screens",
                "They work in the browsers that we support",
            ],
        ),
    ],
    gate=Gate(
        question="Release the projection calibration to production?",
        approvals=[
            Approval(role="Product Owner", people=["product_owner"]),
            Approval(role="Engineering Manager", people=["engineering_manager"]),
            Approval(role="DevOps Lead", people=["devops_lead"]),
        ],
        criteria=[
            Criterion(text="The release is ready", checks=["readiness", "code_and_tests", "run_tests"]),
            Criterion(
                text="Production and the team are prepared", checks=["production_prepared", "team_notified"]
            ),
            Criterion(
                text="The three migrations ran on staging",
                checks=[
                    "create_projection_calibration",
                    "add_calibrated_columns",
                    "seed_default_calibration",
                    "defaults_are_seeded",
                ],
            ),
            Criterion(text="The backup can be restored", checks=["back_up_database", "rehearse_restore"]),
            Criterion(
                text="The new version works on staging",
                checks=[
                    "serves_health",
                    "serves_the_version",
                    "all_five_endpoints",
                    "import_with_calibration",
                    "generates_a_lineup",
                    "shows_the_front_end",
                    "calibration_reaches_everyone",
                    "no_player_is_damaged",
                    "looked_at_the_ui",
                ],
            ),
        ],
        timeout=timedelta(hours=24),
        escalation="engineering_manager",
    ),
    on_production=[
        back_up,
        TakeBaseline(
            name="take_baseline",
            title="Measure production before the release",
            metrics=[typical_latency],
            on_failure=Severity.HIGH,
        ),
        NoteDowntime(name="note_downtime", labels=OF_PRODUCTION, on_failure=Severity.HIGH),
        *prepare,
        note_log_end,
        *migrations,
        deploy,
    ],
    verify=[
        healthy,
        VersionServed(name="serves_the_version", on_failure=Severity.HIGH),
        five_endpoints,
        import_with_calibration,
        lineup,
        front_end,
        none_damaged,
        whole_pool,
        defaults_seeded,
        log_is_clean,
        Downtime(
            name="downtime_within_limit",
            title="Less than 5 minutes without the service",
            limit=timedelta(minutes=5),
            since="production.note_downtime",
            labels=OF_PRODUCTION,
            on_failure=Severity.MEDIUM,
        ),
    ],
    watch=Watch(
        metrics=[
            error_rate,
            failed_imports,
            refused_inputs,
            api_latency,
            typical_latency,
            query_time,
            import_time,
            damaged_players,
            available,
        ],
        thresholds=[
            # Alerts that are CRITICAL in the document. A failing service damages no data, so only damaged
            # players may want the backup, and only soon after it was taken (restore_within).
            Threshold(metric="damaged_players", severity=Severity.CRITICAL, above=20),
            Threshold(
                metric="error_rate",
                severity=Severity.CRITICAL,
                above=25,
                of_at_least=20,
                scenario="service_fails",
            ),
            Threshold(metric="failed_imports", severity=Severity.CRITICAL, above=1, scenario="service_fails"),
            # The numbers of requests that must stand behind a figure are ours, as is asking a person about
            # a single failed import or damaged player.
            Threshold(metric="damaged_players", severity=Severity.MEDIUM, above=0),
            Threshold(metric="failed_imports", severity=Severity.MEDIUM, above=0),
            Threshold(metric="error_rate", severity=Severity.HIGH, above=5, of_at_least=40),
            Threshold(metric="available", severity=Severity.HIGH, below=1, lasting=timedelta(minutes=4)),
            Threshold(
                metric="typical_latency",
                severity=Severity.HIGH,
                above_baseline_by_percent=50,
                lasting=timedelta(minutes=15),
                of_at_least=20,
            ),
            # A single slow import among few requests is no slow service.
            Threshold(metric="api_latency", severity=Severity.HIGH, above=200, of_at_least=100),
            # It comes and goes, which never lasts: of the last readings, one a minute, half of twenty without
            # an answer are an outage, and a tenth of thirty is for a person.
            Threshold(metric="available", severity=Severity.HIGH, below=0.5, of_at_least=20),
            Threshold(metric="available", severity=Severity.MEDIUM, below=0.9, of_at_least=30),
            Threshold(metric="error_rate", severity=Severity.MEDIUM, above=1, of_at_least=300),
            # Pools are not read all the time, and what is not read is not slow.
            Threshold(
                metric="query_time",
                severity=Severity.MEDIUM,
                above=100,
                scenario="slow_queries",
                missing=Missing.NOT_JUDGED,
            ),
            # "Minor issues" and "non-critical validation errors" have no figure in the document.
            Threshold(metric="refused_inputs", severity=Severity.LOW, above=5),
        ],
        checkpoints=[
            Every(
                interval=timedelta(minutes=15),
                until=DAY,
                title="First 24 hours (intensive)",
                look_at=[
                    "Application log: errors, successes, performance",
                    "Response times and error rates of the API",
                    "Slow queries and use of the indexes",
                    "Integrity of the calibrated data",
                ],
            ),
            Every(interval=timedelta(hours=1), until=WEEK, title="Days 2 to 7 (regular)"),
            Every(interval=DAY, until=timedelta(days=30), title="Week 2 and later (standard), to day 30"),
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
                procedure="full_restore",
            ),
            Rule(
                severity=Severity.CRITICAL,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=5),
                procedure="code_rollback",
                scenario="service_fails",
            ),
            Rule(
                severity=Severity.HIGH,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=15),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.HIGH,
                action=Action.ROLL_BACK,
                within=timedelta(minutes=15),
                procedure="database_only",
                scenario=ONLY_MIGRATIONS,
            ),
            Rule(
                severity=Severity.MEDIUM,
                action=Action.ASK,
                within=timedelta(hours=1),
                procedure="code_rollback",
            ),
            Rule(
                severity=Severity.MEDIUM,
                action=Action.ALERT,
                within=timedelta(hours=4),
                scenario="slow_queries",
            ),
            Rule(severity=Severity.LOW, action=Action.ALERT, within=DAY),
        ]
    ),
    procedures=[
        Procedure(
            name="database_only",
            title="1. Database-only rollback",
            note="When only migrations have run and one of them failed: those that ran are taken back. "
            "Damage by migration 020 is restored instead.",
        ),
        Procedure(
            name="code_rollback",
            title="2. Code rollback (backend and front end)",
            back_to="deploy_services",
            note="The migrations only add, so they stay; the release is held for a person. "
            "Where the services were not deployed yet, everything goes back.",
        ),
        Procedure(
            name="full_restore",
            title="3. Full system restore",
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
        ),
        lineup,
    ],
    notices=[
        Notice(
            name="team_hears_of_the_window",
            moment=Moment.AT_START,
            audience="Development, QA and support team",
            channels=[Slack(connection="calibration_slack", channel="#projection-calibration")],
            subject="{title} {version} goes out in the next window",
            text="Projection calibration goes out in the next window: 30 to 45 minutes, less than 5 of "
            "them without the service.",
        ),
        Notice(
            name="team_hears_that_it_was_stopped",
            moment=Moment.ABORTED,
            audience="Development, QA and support team",
            channels=[Slack(connection="calibration_slack", channel="#projection-calibration")],
            subject="{title} {version} does not go out",
            text="It was stopped, and nothing in production was changed.\nWhy: {reason}\nReport: {report}",
        ),
        Notice(
            name="stakeholders_hear_of_the_rollback",
            moment=Moment.ROLLED_BACK,
            audience="Stakeholders",
            channels=[Email(connection="calibration_mail", recipients=["stakeholders@calibration.example"])],
            subject="{title} {version} was rolled back",
            text="The release was rolled back. Cause and next date follow with the root cause analysis.",
        ),
        Notice(
            name="team_hears_of_the_breach",
            moment=Moment.BREACH,
            audience="Development, QA and support team",
            channels=[Slack(connection="calibration_slack", channel="#projection-calibration")],
            subject="{title} {version}: a limit was crossed",
            text="{reason}\n{follows}\n{run_url}\nWhom to call: {contacts}",
        ),
        Notice(
            name="team_hears_that_it_is_held",
            moment=Moment.HELD,
            audience="Development, QA and support team",
            channels=[Slack(connection="calibration_slack", channel="#projection-calibration")],
            subject="{title} {version} is held for a person",
            text="{reason}\nReport: {report}",
        ),
        Notice(
            name="team_hears_of_the_failed_rollback",
            moment=Moment.ROLLBACK_FAILED,
            audience="Development, QA and support team",
            channels=[Slack(connection="calibration_slack", channel="#projection-calibration")],
            subject="{title} {version}: the rollback failed, go there now",
            text="{reason}\n{run_url}\nWhom to call: {contacts}",
        ),
    ],
    contacts=[
        Contact(role="Product Owner", name="product_owner", contact="on call during the window"),
        Contact(role="Engineering Manager", name="engineering_manager", contact="on call during the window"),
        Contact(role="DevOps Lead", name="devops_lead", contact="on call, first 24 hours"),
    ],
    after=[
        Duty(title="Performance figures: overhead and import time below +5 %", due=DAY, owner="DevOps Lead"),
        Duty(title="Collect feedback: log, categories, severities", due=WEEK, owner="Product Owner"),
        Duty(
            title="Adoption above 80 % of the users within 2 weeks",
            due=2 * WEEK,
            owner="Product Owner",
        ),
        Duty(
            title="Users see the status at a glance; below 5 % are confused by the two values",
            due=2 * WEEK,
            owner="Product Owner",
        ),
        Duty(title="Tasks in the admin interface take less than 2 minutes", due=2 * WEEK, owner="QA team"),
        Duty(
            title="Calibrated lineups score 5-10 % higher on average",
            due=timedelta(days=30),
            owner="Product Owner",
        ),
        Duty(
            title="Floor to ceiling ranges of RB, TE and WR are 15-25 % narrower",
            due=timedelta(days=30),
            owner="Product Owner",
        ),
    ],
    # The document has a template for it, and names no time.
    after_rollback=[Duty(title="Root cause analysis", due=WEEK, owner="Engineering Manager")],
)
dag = release_dag(plan)
