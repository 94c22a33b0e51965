"""What the shipped plans make of a day: their own limits, fed with what a service's pages would say."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.dags.conftest import made_by

from slipway.kinds import Samples, Scrape, Source
from slipway.plan import Plan
from slipway.run import Json
from slipway.watch.course import Progress, Terms, add, close, ending, ends_now, noticed, prime, take
from slipway.watch.judge import WatchBreach
from slipway.watch.schedule import timetable
from slipway.words import Action

pytestmark = pytest.mark.slow

ROUTES = {
    "smart_personal_planner": "/api/tasks",
    "projection_calibration": "/api/player-pools/current",
    "manual_score_override": "/api/assessments",
    "personal_goals": "/api/me/skills",
    "maintenance_scheduling": "/api/resources",
}
SYSTEMS = {
    "smart_personal_planner": "planner",
    "projection_calibration": "calibration",
    "manual_score_override": "scores",
    "personal_goals": "goals",
    "maintenance_scheduling": "communityshare",
}
BUCKETS = (0.005, 0.01, 0.025, 0.1, 0.5, 2.5, float("inf"))
FAST, SLOW = 0.008, 1.0  # seconds
HOUR = 60  # minutes
STEADY = {
    "QueryTime": 0.01,
    "PoolUtilization": 10,
    "JobSuccess": 100,
    "JobDuration": 5,
    "AlertDelivery": 100,
    "CriticalBugs": 0,
}


@dataclass
class Service:
    """A service that counts its requests as the sandbox's do, and the probe in front of it."""

    plan: str
    good: float = 1000
    failed: float = 0
    slow: float = 0
    probed: float = 0
    down: float = 0
    up: bool = True
    dead: bool = False
    newest: tuple[float, float, float] = (0, 0, 0)

    def minute(self, good: float = 0, failed: float = 0, slow: float = 0, *, up: bool = True) -> None:
        """Let a minute pass with so many requests of each kind."""
        self.newest = (good, failed, slow)
        self.good, self.failed, self.slow = self.good + good, self.failed + failed, self.slow + slow
        self.probed, self.down, self.up = self.probed + 60, self.down + (0 if up else 60), up

    def read(self, source: Source, at: float) -> Scrape:
        """Return what a source says now."""
        if source.role == "database":
            return Scrape(at=at, samples={("value", ()): 0.0})
        if source.role == "aws":
            return Scrape(at=at, samples=self._cloud_watch(json.loads(source.query.partition(":")[2])))
        return Scrape(at=at, samples=self._probe() if source.role == "probe" else self._page())

    def _cloud_watch(self, asked: Json) -> Samples:
        good, failed, slow = self.newest
        figures = {**STEADY, "Requests": good + failed + slow}
        if requests := good + failed + slow:
            figures |= {
                "ErrorRate": 100 * failed / requests,
                "LatencyP50": 1000 * (SLOW if slow > requests / 2 else FAST),
                "LatencyP95": 1000 * (SLOW if slow > requests / 20 else FAST),
            }
        known = {each["id"]: figures.get(each["metric"]) for each in asked["figures"]}
        return {(name, ()): float(value) for name, value in known.items() if value is not None}

    def _probe(self) -> Samples:
        where = (("environment", "production"), ("system", SYSTEMS[self.plan]))
        return {
            ("probe_success", where): float(self.up),
            ("probe_seconds_total", where): self.probed,
            ("probe_downtime_seconds_total", where): self.down,
        }

    def _page(self) -> Samples:
        route = ("route", ROUTES[self.plan])
        found: Samples = {
            ("http_requests_total", (route, ("status", "200"))): self.good + self.slow,
            ("http_requests_total", (route, ("status", "500"))): self.failed,
            ("process_resident_memory_bytes", ()): 1e8,
            ("process_start_time_seconds", ()): 1.0,
        }
        name = "http_request_duration_seconds"
        for bound in BUCKETS:
            upto = (self.good + self.failed) * (bound >= FAST) + self.slow * (bound >= SLOW)
            le = "+Inf" if bound == float("inf") else str(bound)
            found[f"{name}_bucket", (("le", le), route)] = upto
        found[f"{name}_count", (route,)] = self.good + self.failed + self.slow
        found[f"{name}_sum", (route,)] = (self.good + self.failed) * FAST + self.slow * SLOW
        return found


def watched(
    name: str, minutes: int, happens: Callable[[Service, int], None]
) -> tuple[list[WatchBreach], float | None]:
    """Watch at pace 1 until a breach ends it or the time is over; return the breaches, and when it ended.

    :param happens: lets the minute of that number pass
    """
    plan: Plan = made_by(name)["plan"]
    baseline = {metric.name: 8.0 for metric in plan.watch.metrics if metric.unit == "ms"}
    terms, service = Terms(watch=plan.watch, matrix=plan.matrix, baseline=baseline), Service(name)
    progress = prime(Progress(), terms, {source: service.read(source, 0) for source in terms.sources})
    for appointment in timetable(plan.watch, 1):
        for moment in appointment.samples:
            if moment > minutes * 60:
                return list(progress.breaches), None
            happens(service, round(moment / 60))
            readings = {
                source: None if service.dead and source.role == "service" else service.read(source, moment)
                for source in terms.sources
            }
            progress = take(progress, terms, moment, readings)
            _, breaches = noticed(progress, terms)
            progress = add(progress, breaches)
            if ends_now(progress, terms):
                return list(progress.breaches), moment / 60
        progress, _ = close(progress, terms, appointment)
        if ends_now(progress, terms):
            return list(progress.breaches), appointment.end / 60
    return list(progress.breaches), None


@pytest.mark.parametrize("name", ROUTES)
def test_a_quiet_night_takes_nothing_back(name: str) -> None:
    breaches, ended = watched(name, 14 * HOUR, lambda service, now: service.minute(30 if now < HOUR else 0))
    assert ended is None
    assert {breach.about for breach in breaches} <= {"quiet"}


@pytest.mark.parametrize("name", ROUTES)
def test_one_failed_and_one_slow_request_among_few_take_nothing_back(name: str) -> None:
    def hour(service: Service, now: int) -> None:
        service.minute(3, failed=now == 100, slow=now == 200)

    breaches, ended = watched(name, 6 * HOUR, hour)
    assert ended is None
    assert {breach.about for breach in breaches} <= {"error_rate"}  # which is told of, if at all


@pytest.mark.parametrize("name", ROUTES)
def test_a_total_failure_of_a_service_that_is_little_used_ends_the_watch_soon(name: str) -> None:
    breaches, ended = watched(
        name,
        6 * HOUR,
        lambda service, now: service.minute(*((3, 0) if now <= 5 * HOUR - 20 else (0, 3))),
    )
    assert ended is not None
    assert ended <= 5 * HOUR
    assert "error_rate" in {breach.about for breach in breaches if breach.ends}


@pytest.mark.parametrize("name", ROUTES)
def test_an_outage_in_front_of_the_service_is_no_quiet_night(name: str) -> None:
    def out(service: Service, now: int) -> None:
        service.minute(30 if now < HOUR else 0, up=now < HOUR)

    breaches, ended = watched(name, 6 * HOUR, out)
    assert ended is not None
    assert ended <= HOUR + 10
    assert {breach.about for breach in breaches if breach.ends} <= {"available", "downtime"}


@pytest.mark.parametrize("dies", [20, HOUR, 30 * HOUR])
@pytest.mark.parametrize("name", ROUTES)
def test_a_service_that_dies_is_taken_back_unasked_also_where_the_probe_notices_it_later(
    name: str, dies: int
) -> None:
    def die(service: Service, now: int) -> None:
        service.dead = now >= dies
        service.minute(30 if now < dies else 0, up=now <= dies + 1)

    breaches, ended = watched(name, dies + 2 * HOUR, die)
    assert ended is not None
    assert ended <= dies + 10
    last = ending(breaches)
    assert last
    assert (last.about in {"available", "downtime"}, last.action) == (True, Action.ROLL_BACK)


@pytest.mark.parametrize("begins", [10, 30 * HOUR])
@pytest.mark.parametrize("name", ROUTES)
def test_a_service_that_comes_and_goes_does_not_pass_for_an_hour(name: str, begins: int) -> None:
    def come_and_go(service: Service, now: int) -> None:
        service.minute(30, up=now % 4 == 0 or now < begins)

    breaches, ended = watched(name, begins + 2 * HOUR, come_and_go)
    assert ended is not None
    assert ended <= begins + HOUR
    assert {breach.about for breach in breaches if breach.ends} <= {"available", "downtime"}


@pytest.mark.parametrize("name", ROUTES)
def test_a_probe_that_is_not_answered_now_and_then_takes_nothing_back(name: str) -> None:
    breaches, ended = watched(name, 30 * HOUR, lambda service, now: service.minute(30, up=now % 30 != 0))
    assert ended is None
    assert {breach.about for breach in breaches} <= {"downtime"}  # document 002 wants 99.9 %, and is told


@pytest.mark.parametrize("name", ["smart_personal_planner", "projection_calibration", "personal_goals"])
def test_an_eighth_of_slow_answers_does_not_pass_for_a_day(name: str) -> None:
    """Document 000 has no limit on the slowest answers, and 004 one only of what lasts."""

    def slow(service: Service, now: int) -> None:
        service.minute(7 if now % 2 else 9, slow=2 if now % 2 else 0)

    breaches, ended = watched(name, 24 * HOUR, slow)
    assert ended is not None
    assert {breach.unit for breach in breaches if breach.ends} == {"ms"}
