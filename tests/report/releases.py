"""Realistic releases of every outcome, made as the closeout makes them: from a plan and traces of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from slipway.compile import compile_plan
from slipway.delivery.states import Delivery, State
from slipway.environment import Environment
from slipway.facts import Breach, Facts
from slipway.graph import ANSWER, DECISION, ROLLBACK_START, VERDICT
from slipway.kinds import Check, Checklist, Metric, Step
from slipway.notices import Email, Slack
from slipway.outcome import ending_of
from slipway.plan import (
    Approval,
    Contact,
    Criterion,
    DecisionMatrix,
    Duty,
    Gate,
    Moment,
    Notice,
    Plan,
    Rule,
    Scheduled,
)
from slipway.record import LogEntry, ReleaseRecord
from slipway.report.recording import ReleaseTrace, TaskTrace, record_from
from slipway.run import Json
from slipway.verdict import Verdict, judge
from slipway.watching import Every, Threshold, Watch
from slipway.words import Action, Intent, Outcome, Risk, Severity

BEGAN = datetime(2026, 3, 7, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class BackUp(Step):
    kind: ClassVar[str] = "back_up_postgres"
    backs_up: ClassVar[bool] = True


class Migrate(Step):
    kind: ClassVar[str] = "alembic_upgrade"
    migrates: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        return "downgrades to the revision before"


class Deploy(Step):
    kind: ClassVar[str] = "deploy_release"

    def undo_in_words(self) -> str:
        return "switches `current` back and restarts"


class SetFlag(Step):
    kind: ClassVar[str] = "set_flag"
    sets_flag: ClassVar[bool] = True

    def undo_in_words(self) -> str:
        return "sets the flag to its value before"


class Http(Check):
    kind: ClassVar[str] = "http"


class Gauge(Metric):
    kind: ClassVar[str] = "gauge_value"


def plan() -> Plan:
    """A plan in the manner of document 001: migration, deployment, flag; three approvals."""
    staging = Environment(system="calibration", name="staging")
    production = Environment(system="calibration", name="production")
    planned = timedelta(seconds=10)
    return Plan(
        name="projection_calibration",
        title="Projection calibration",
        summary="Calibrated projections for the smart score engine.",
        risk=Risk.LOW,
        owner="smart-score",
        staging=staging,
        production=production,
        schedule=[
            Scheduled(
                title="Staging",
                begins=time(8),
                timezone=ZoneInfo("Europe/Berlin"),
                lasts=timedelta(minutes=10),
                owner="DevOps",
                covers=["staging", "validation"],
            ),
            Scheduled(
                title="Production", begins=time(7, 10), timezone=ZoneInfo("UTC"), covers=["production"]
            ),
        ],
        preflight=[
            Http(name="production_is_healthy", planned=SECOND),
            Checklist(
                name="team_is_notified", items=["Development team", "QA team", "Support team"], blocking=False
            ),
        ],
        on_staging=[Migrate(name="migrate_staging", planned=planned), Deploy(name="deploy_to_staging")],
        validate=[Http(name="five_endpoints_answer"), Http(name="import_is_fast_enough", blocking=False)],
        gate=Gate(
            question="Deploy calibration to production?",
            approvals=[
                Approval(role="Product owner", people=["petra"]),
                Approval(role="Engineering manager", people=["emil"]),
                Approval(role="DevOps lead", people=["dana"]),
            ],
            criteria=[Criterion(text="All endpoints answer", checks=["five_endpoints_answer"])],
            timeout=timedelta(hours=2),
        ),
        on_production=[
            BackUp(name="back_up_database", planned=3 * SECOND, leaves_nothing="a backup harms nobody"),
            Migrate(name="migration_020", title="Migration 020: calibrated columns", planned=planned),
            Deploy(name="deploy_backend", planned=timedelta(minutes=2)),
            SetFlag(name="enable_calibration", planned=SECOND),
        ],
        verify=[Http(name="health_answers")],
        watch=Watch(
            metrics=[Gauge(name="error_rate", unit="%"), Gauge(name="latency_p95", unit="ms")],
            thresholds=[Threshold(metric="error_rate", above=5, severity=Severity.HIGH)],
            checkpoints=[
                Every(interval=timedelta(minutes=15), until=timedelta(hours=24), title="First 24 hours"),
                Every(interval=timedelta(hours=1), until=timedelta(days=7), title="Days 2 to 7"),
            ],
        ),
        matrix=DecisionMatrix(
            rules=[
                Rule(severity=Severity.CRITICAL, action=Action.ROLL_BACK, within=timedelta(minutes=5)),
                Rule(severity=Severity.HIGH, action=Action.ROLL_BACK, within=timedelta(minutes=15)),
                Rule(severity=Severity.MEDIUM, action=Action.ASK, within=timedelta(hours=1)),
                Rule(severity=Severity.LOW, action=Action.CONTINUE, within=timedelta(days=1)),
            ]
        ),
        verify_rollback=[Http(name="old_version_answers")],
        notices=[
            Notice(
                name="it_begins",
                moment=Moment.AT_START,
                audience="Development team",
                channels=[Slack(connection="slack", channel="#smart-score")],
                subject="{title} begins",
                text="It begins.",
            ),
            Notice(
                name="taken_back",
                moment=Moment.ROLLED_BACK,
                audience="Support team",
                channels=[Email(connection="mail", recipients=["support@example.org"])],
                subject="Taken back",
                text="We took it back.",
            ),
        ],
        contacts=[Contact(role="DevOps lead", name="Dana", contact="+49 30 1234")],
        after=[
            Duty(title="Retrospective", due=timedelta(days=7), owner="emil"),
            Duty(title="Measure user adoption (80 % within 2 weeks)", due=timedelta(weeks=2), owner="petra"),
        ],
        after_rollback=[Duty(title="Post-mortem", due=timedelta(days=1), owner="emil")],
    )


@dataclass(kw_only=True)
class Course:
    """A release that is played task by task; `at` is the clock."""

    parameters: dict[str, Json] = field(default_factory=lambda: {"version": "v2", "pace": 720})
    at: datetime = BEGAN
    events: Sequence[LogEntry] = ()
    version_before: str = "v1"
    rolls_back: str = ""
    answer: Mapping[str, Json] | None = None
    states: dict[str, str] = field(default_factory=dict)
    returned: dict[str, Json] = field(default_factory=dict)
    breaches: dict[str, Sequence[Breach]] = field(default_factory=dict)
    earlier: Mapping[str, Json] = field(default_factory=dict)
    tasks: dict[str, TaskTrace] = field(default_factory=dict)
    verdict: Verdict | None = None
    notices: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = compile_plan(plan())
        self.run("start")
        self.tell("it_begins")

    def tell(self, name: str, state: State = State.SENT, why: str = "") -> None:
        """Tell a notice on its channels, now."""
        notice = next(each for each in self.graph.plan.notices if each.name == name)
        self.notices += (
            Delivery(
                notice=name,
                moment=notice.when,
                audience=notice.audience,
                channel=channel.address,
                state=state,
                subject=notice.subject.format(title=self.graph.plan.title),
                text=notice.text,
                at=self.at,
                why=why,
            )
            for channel in notice.channels
        )

    def run(
        self,
        task_id: str,
        *,
        state: str = "success",
        takes: timedelta = 2 * SECOND,
        value: Json = None,
        **more: Json,
    ) -> None:
        """Run a task: it begins a quarter of a second after the one before and takes `takes`."""
        self.graph.node(task_id)
        began = self.at + SECOND / 4
        self.at = began + takes
        self.states[task_id] = state
        if value is not None:
            self.returned[task_id] = value
        self.tasks[task_id] = TaskTrace(started=began, ended=self.at, **({"tries": 1} | more))

    def leave(self, state: str, *task_ids: str) -> None:
        """Leave tasks without running them."""
        self.states |= dict.fromkeys(task_ids, state)

    def leave_rest(self, state: str, *prefixes: str) -> None:
        """Leave every task below the prefixes that has no state yet."""
        rest = [n.task_id for n in self.graph.nodes if n.task_id.startswith(prefixes)]
        self.leave(state, *(task_id for task_id in rest if task_id not in self.states))

    def facts(self) -> Facts:
        return Facts(
            intent=Intent(self.parameters.get("intent", "release")),
            states=self.states,
            returned=self.returned,
            breaches=self.breaches,
            earlier=self.earlier,
        )

    def judge(self) -> Verdict:
        """Run the verdict by the real function."""
        self.verdict = judge(self.graph, self.facts())
        self.run(VERDICT, takes=SECOND / 2, value=self.verdict.to_json())
        return self.verdict

    def trace(self) -> ReleaseTrace:
        return ReleaseTrace(
            release_id="manual__2026-03-07T07:00:00+00:00",
            plan_digest="5f2d" * 16,
            parameters=self.parameters,
            triggered_by="rosa",
            triggered_at=BEGAN,
            version_before=self.version_before,
            rolls_back=self.rolls_back,
            answer=self.answer,
            tasks=self.tasks,
            events=self.events,
            notices=self.notices,
        )

    def record(self) -> ReleaseRecord:
        """Close the release by the real functions."""
        facts = self.facts()
        ending = ending_of(self.graph, facts, self.verdict)
        return record_from(self.graph, facts, self.trace(), ending, self.verdict)


def finding(answer: str, summary: str, **evidence: Json) -> Json:
    return {"answer": answer, "summary": summary, "evidence": evidence}


def done(summary: str, *, before: Json = None, after: Json = None, proof: Json = None) -> Json:
    return {
        "before": before or {},
        "after": after or {},
        "proof": proof or {},
        "changed": True,
        "summary": summary,
    }


def to_the_gate(course: Course) -> None:
    course.run(
        "preflight.check_connections", takes=SECOND, value={"connections": ["calibration_production_db"]}
    )
    course.run(
        "preflight.production_is_healthy", value=finding("PASS", "200 in 12 ms", status=200, latency_ms=12.1)
    )
    ticked = {"ticked": ["Development team", "QA team"], "unticked": ["Support team"], "by": "rosa"}
    course.run(
        "preflight.team_is_notified",
        takes=timedelta(minutes=4),
        value=finding("FAIL", "1 of 3 items not ticked", **ticked),
    )
    course.run(
        "staging.migrate_staging", takes=4 * SECOND, value=done("019 -> 020", before={"revision": "019"})
    )
    course.run(
        "staging.deploy_to_staging",
        takes=31 * SECOND,
        value=done("v1 -> v2", proof={"commit": "a1b2c3d"}),
        tries=2,
    )
    course.run("validation.five_endpoints_answer", value=finding("PASS", "5 of 5 answer 200", calls=5))
    slow = finding(
        "INCONCLUSIVE",
        "2 imports, 3 are needed",
        imports=2,
        mean_s=41.5,
        url="https://bot:hunter2@imports.test/",
    )
    course.run("validation.import_is_fast_enough", value=slow)


ROLES = {"Product owner": "petra", "Engineering manager": "emil", "DevOps lead": "dana"}


def decide(course: Course, *, against: str = "", override: str = "") -> None:
    """Let three people answer; `against` is the role that says NO-GO."""
    approvals = []
    for number, (role, person) in enumerate(ROLES.items()):
        answer = "NO-GO" if role == against else "GO"
        task_id = f"gate.approve_as_{role.lower().replace(' ', '_')}"
        way = "mark" if number == 1 else "form"
        course.run(task_id, takes=timedelta(minutes=3), state="failed" if role == against else "success")
        approvals.append(
            {
                "task_id": task_id,
                "role": role,
                "answer": answer,
                "person": person,
                "way": way,
                "at": course.at.isoformat(),
                "rationale": "Import is too slow | see #41" if role == against else f"Looks good to {person}",
                "override": override if number == 0 else "",
            }
        )
    reasons = [f"{against}: NO-GO by {ROLES[against]}: Import is too slow | see #41"] if against else []
    value = {
        "answer": "NO-GO" if against else "GO",
        "approvals": approvals,
        "reasons": reasons,
        "digest": "5f2d" * 16,
        "parameters_digest": "00" * 32,
        "commits": {"staging.deploy_to_staging": "a1b2c3d"},
    }
    if against:
        course.run("gate.close_the_others", takes=SECOND)
    else:
        course.leave("skipped", "gate.close_the_others")
    course.run(DECISION, takes=SECOND, state="failed" if against else "success", value=value)


def deploy(course: Course) -> None:
    backed_up = done(
        "41 MB, sha256 9f86d081", after={"path": "/backups/calibration-20260307.dump", "bytes": 41_000_000}
    )
    course.run("production.back_up_database", takes=5 * SECOND, value=backed_up)
    migrated = done("019 -> 020", before={"revision": "019"}, after={"revision": "020"})
    course.run("production.migration_020", takes=3 * SECOND, value=migrated)
    deployed = done(
        "v1 -> v2", before={"version": "v1"}, after={"version": "v2"}, proof={"commit": "a1b2c3d"}
    )
    course.run("production.deploy_backend", takes=95 * SECOND, value=deployed)
    value = done("calibration: off -> on", before={"calibration": False}, after={"calibration": True})
    course.run("production.enable_calibration", takes=SECOND, value=value)
    course.run("verification.health_answers", value=finding("PASS", "v2 answers 200 in 9 ms", status=200))


def checkpoint(index: int, minutes: int, errors: float, *, part: str = "First 24 hours") -> Json:
    breached = errors > 5
    return {
        "index": index,
        "title": part,
        "due": minutes * 60,
        "rows": [
            {
                "metric": "error_rate",
                "unit": "%",
                "value": errors,
                "baseline": 0.1,
                "limit": 5.0,
                "crossed": "above",
                "answer": "FAIL" if breached else "PASS",
            },
            {"metric": "latency_p95", "unit": "ms", "value": 80 + index, "baseline": 78.0, "answer": None},
        ],
        "breaches": [{"severity": "HIGH", "reason": f"error_rate {errors} % > 5 %"}] if breached else [],
        "cut_short": breached,
    }


def watch(course: Course, *, errors: Sequence[float], state: str = "success", **more: Json) -> None:
    checkpoints = [checkpoint(index, 15 * index, value) for index, value in enumerate(errors, 1)]
    if max(errors) <= 5:
        checkpoints.append(checkpoint(len(errors) + 1, 2880, 0.2, part="Days 2 to 7"))
    value = {"answer": "PASS"} if state == "success" else None
    course.run(
        "watch.watch_production",
        takes=timedelta(minutes=14),
        state=state,
        value=value,
        checkpoints=checkpoints,
        **more,
    )
    breaches = [
        Breach(severity=Severity.HIGH, reason=f"error_rate {worst} % > 5 %") for worst in errors if worst > 5
    ]
    course.breaches["watch.watch_production"] = breaches


UNDONE = {
    "enable_calibration": "calibration: on -> off",
    "deploy_backend": "v2 -> v1",
    "migration_020": "020 -> 019",
}


def undo(course: Course, *, fails: str = "") -> None:
    """Undo newest first; from the step `fails` on, nothing more."""
    course.leave("skipped", "closeout.complete", "closeout.stop_short", "closeout.hold", "ask", "answer")
    course.run(ROLLBACK_START, takes=SECOND / 2, value={"release": "this", "undo": [], "earlier": {}})
    names = list(UNDONE)
    stop = names.index(fails) if fails else len(names)
    for name in names[:stop]:
        step = f"production.{name}"
        value: Json = {"undone": True, "why": f"{step} ran.", "evidence": done(UNDONE[name])}
        course.run(f"rollback.undo_{name}", value=value)
    if fails:
        note = "the table player_pools is locked by a report"
        course.run(f"rollback.undo_{fails}", state="failed", takes=30 * SECOND, note=note)
        course.leave_rest("upstream_failed", "rollback.")
        return
    course.run(
        "rollback.verify_old_version_answers", value=finding("PASS", "v1 answers 200 in 11 ms", status=200)
    )
    course.run("rollback.finish", takes=SECOND, value={"undone": names})


def released() -> ReleaseRecord:
    course = Course()
    to_the_gate(course)
    decide(course)
    deploy(course)
    watch(course, errors=[0.1, 0.4, 2.5, 0.3, 0.2])
    course.judge()
    course.run("closeout.complete", takes=SECOND / 2, value={"version": "v2"})
    course.leave_rest("skipped", "ask", "answer", "rollback.", "closeout.")
    return course.record()


def rolled_back() -> ReleaseRecord:
    """A breach in the watch, after an approval with an override and with the glass broken."""
    course = Course(
        parameters={
            "version": "v2",
            "pace": 1,
            "strategy": "full",
            "break_glass": "Customers cannot log in since 06:40",
            "api_token": "s3cr3t-value",
        },
        events=[
            LogEntry(at=BEGAN + timedelta(minutes=5), action="Cleared staging", status="queued", who="rosa")
        ],
    )
    to_the_gate(course)
    decide(course, override="Staging has too little data to import")
    deploy(course)
    watch(course, errors=[0.1, 0.4, 7.5], state="failed")
    course.judge()
    undo(course)
    lost = (
        "Mail server: send: Connection unexpectedly closed. It may have been sent, so it is not sent again."
    )
    course.tell("taken_back", State.UNKNOWN, lost)
    return course.record()


def to_its_rollback(*, errors: list[float]) -> Course:
    """Return a release of which the watch has failed and the verdict is given."""
    course = Course()
    to_the_gate(course)
    decide(course)
    deploy(course)
    watch(course, errors=errors, state="failed")
    course.judge()
    return course


def rollback_failed() -> ReleaseRecord:
    course = to_its_rollback(errors=[0.1, 9.9])
    undo(course, fails="migration_020")
    return course.record()


def rejected() -> ReleaseRecord:
    course = Course()
    to_the_gate(course)
    decide(course, against="Engineering manager")
    course.leave_rest("skipped", "production.", "verification.", "watch.")
    course.judge()
    course.run("closeout.stop_short", takes=SECOND / 2, value={"reasons": []})
    course.leave_rest("skipped", "ask", "answer", "rollback.", "closeout.")
    return course.record()


def aborted() -> ReleaseRecord:
    course = Course()
    course.run("preflight.check_connections", takes=SECOND, value={"connections": []})
    refused = finding("ERROR", "connection refused: http://bot:hunter2@127.0.0.1:8001/health")
    course.run("preflight.production_is_healthy", state="failed", value=refused)
    course.leave_rest("skipped", "preflight.", "staging.", "validation.", "gate.")
    course.leave_rest("skipped", "production.", "verification.", "watch.")
    course.judge()
    course.run("closeout.stop_short", takes=SECOND / 2, value={"reasons": []})
    course.leave_rest("skipped", "ask", "answer", "rollback.", "closeout.")
    return course.record()


def held() -> ReleaseRecord:
    """A staging step that a person marked success by hand, a mild breach, and the answer: fix forward."""
    course = Course()
    to_the_gate(course)
    note = "The host was busy, I deployed it"
    trace = course.tasks["staging.deploy_to_staging"]
    course.tasks["staging.deploy_to_staging"] = replace(trace, note=note, marked_by="dana")
    del course.returned["staging.deploy_to_staging"]
    decide(course)
    deploy(course)
    watch(course, errors=[0.1, 0.4], state="failed", marked_by="petra", note="Users see doubled values")
    course.breaches["watch.watch_production"] = [
        Breach(severity=Severity.MEDIUM, reason="marked failed by petra")
    ]
    course.judge()
    course.run("ask", takes=timedelta(minutes=6))
    answer = {
        "answer": "fix_forward",
        "person": "petra",
        "way": "form",
        "rationale": "A one-line fix is on its way",
    }
    course.answer = answer | {"at": course.at.isoformat()}
    course.run(ANSWER, takes=SECOND, value="closeout.hold")
    course.run("closeout.hold", takes=SECOND, value={"answer": "fix_forward"})
    course.leave_rest("skipped", "rollback.", "closeout.")
    return course.record()


def rolled_back_later() -> ReleaseRecord:
    """A run with intent roll_back, which undoes a release that was RELEASED on another day."""
    steps = {f"production.{name}": done(summary) for name, summary in UNDONE.items()}
    course = Course(
        parameters={"version": "v2", "intent": "roll_back", "pace": 1},
        earlier=steps,
        rolls_back="manual__2026-03-01T06:00:00+00:00",
    )
    course.leave_rest("skipped", "preflight.", "staging.", "validation.", "gate.", "production.")
    course.leave_rest("skipped", "verification.", "watch.")
    course.judge()
    undo(course)
    course.tell("taken_back")
    return course.record()


RELEASES = {
    "released": released,
    "rolled_back": rolled_back,
    "rollback_failed": rollback_failed,
    "rejected": rejected,
    "aborted": aborted,
    "held": held,
    "rolled_back_later": rolled_back_later,
}
OUTCOMES = {
    "released": Outcome.RELEASED,
    "rolled_back": Outcome.ROLLED_BACK,
    "rollback_failed": Outcome.ROLLBACK_FAILED,
    "rejected": Outcome.REJECTED,
    "aborted": Outcome.ABORTED,
    "held": Outcome.HELD,
    "rolled_back_later": Outcome.ROLLED_BACK,
}
