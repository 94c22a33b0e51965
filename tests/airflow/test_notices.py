"""What the telling tasks do when the release took another way, a channel hangs, or the ledger is away."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from tests import toy
from tests.airflow.task import ENVIRONMENT, a_run

from slipway.airflow import alerts, notices, tell, triggers
from slipway.airflow.alerts import Alerts, orders_for
from slipway.airflow.notices import TellOnADayOperator, TellOperator, TellTheOutcomeOperator
from slipway.airflow.soonest import soonest
from slipway.airflow.triggers import MomentTrigger
from slipway.channel import Channel
from slipway.compile import compile_plan
from slipway.delivery.states import Delivery, State
from slipway.facts import Facts
from slipway.graph import Kind
from slipway.moments import Day, Moment, Opened
from slipway.notices import Slack
from slipway.outcome import Ending
from slipway.plan import Notice
from slipway.steps import WaitUntil
from slipway.verdict import Branch, Verdict
from slipway.watch.judge import Row, WatchBreach
from slipway.words import Action, Answer, Intent, Outcome, Severity

PLACE = {"dag_id": "toy", "run_id": "r", "task_id": "watch.watch_production", "map_index": -1}


def notice(moment: Moment | Day | Opened, channel: Channel | None = None) -> Notice:
    channels = [channel or Slack(connection="team_chat")]
    return Notice(name="n", moment=moment, audience="all", channels=channels, subject="s", text="t")


GRAPH = compile_plan(toy.plan(notices=[notice(Day(7)), notice(Moment.BREACH)]))
ORDERS = {
    "notices": alerts.to_json([notice(Moment.BREACH)]),
    "facts": {"plan": "toy", "title": "Toy", "version": "v2"},
    "rehearsal": False,
}
SLOW = WatchBreach(about="latency", severity=Severity.LOW, action=Action.ALERT, checkpoint=1, reason="slow")


class KeptXCom:
    """The XComs of one watch, in memory."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.values = fault, dict[str, Any]()

    async def aget_one(self, key: str, **place: Any) -> Any:
        return self.values.get(key)

    async def aset(self, key: str, value: Any, **place: Any) -> None:
        if self.fault:
            raise self.fault
        self.values[key] = value


# ---- Stages and ends ----


@pytest.mark.parametrize("proved", [True, False])
def test_a_stage_whose_step_was_marked_success_by_hand_is_not_told_to_be_open(
    monkeypatch: pytest.MonkeyPatch, proved: bool
) -> None:
    plan = toy.plan(strategies=toy.rollouts())
    stage = next(stage for rollout in plan.strategies for stage in rollout.stages if stage.steps)
    graph = compile_plan(replace(plan, notices=[notice(Opened(stage.name))]))
    steps = [f"rollout.{stage.name}.{step.name}" for step in stage.steps]
    facts = Facts(
        states=dict.fromkeys(steps, "success"),
        returned=dict.fromkeys(steps, {"changed": True} if proved else None),
    )
    monkeypatch.setattr(notices, "gather", lambda context, graph: facts)
    node = graph.node(f"notices.tell_that_{stage.name}_is_open")
    task = TellOperator(task_id="tell", node=node, graph=graph)
    monkeypatch.setattr(task, "_tell", lambda context, told: [each.name for each in told])
    if proved:
        assert task.execute({}) == ["n"]
    else:
        with pytest.raises(AirflowSkipException, match=f"{steps[0]}.* left no proof"):
            task.execute({})


@pytest.mark.parametrize("intent", [Intent.RELEASE, Intent.ROLL_BACK])
@pytest.mark.parametrize("opened", [True, False])
def test_only_who_was_let_in_hears_that_it_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, intent: Intent, opened: bool
) -> None:
    plan = toy.plan(strategies=toy.rollouts())
    stage = next(stage for rollout in plan.strategies for stage in rollout.stages if stage.steps)
    back = replace(notice(Moment.ROLLBACK_STARTED), stage=stage.name)
    wait = toy.ToyStep(name="wait", leaves_nothing="it waits")
    changed = replace(stage, steps=[*stage.steps, wait])
    rollouts = [
        replace(each, stages=[changed if at == stage else at for at in each.stages])
        for each in plan.strategies
    ]
    graph = compile_plan(replace(plan, strategies=rollouts, notices=[back]))
    ran = [f"rollout.{stage.name}.{(stage.steps[0] if opened else wait).name}"]
    facts = Facts(
        intent=intent,
        states=dict.fromkeys(ran, "failed") if intent is Intent.RELEASE else {},
        returned={},
        earlier={task_id: {} for task_id in ran} if intent is Intent.ROLL_BACK else {},
    )
    monkeypatch.setattr(notices, "gather", lambda context, graph: facts)
    task = TellOperator(task_id="tell", node=graph.node("notices.tell_of_the_rollback"), graph=graph)
    monkeypatch.setattr(task, "_tell", lambda context, told: [each.name for each in told])
    if opened:
        assert task.execute({}) == ["n"]
    else:
        with pytest.raises(AirflowSkipException, match="whom no step has let in"):
            task.execute({})


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (Ending(outcome=Outcome.HELD, reasons=("held",), in_part=True), ["HELD", "ROLLED_BACK_IN_PART"]),
        (Ending(outcome=Outcome.HELD, reasons=("fixed forward",)), ["HELD"]),
        (Ending(outcome=Outcome.ROLLED_BACK, reasons=("back",)), ["ROLLED_BACK"]),
    ],
)
def test_each_end_is_told_to_those_whom_it_concerns(
    monkeypatch: pytest.MonkeyPatch, ending: Ending, told: list[str]
) -> None:
    ends = (Moment.HELD, Moment.ROLLED_BACK_IN_PART, Moment.ROLLED_BACK)
    hear = [replace(notice(moment), name=moment.name.lower()) for moment in ends]
    graph = compile_plan(toy.plan(notices=hear))
    task = TellTheOutcomeOperator(task_id="tell", node=graph.node("notices.tell_the_outcome"), graph=graph)
    monkeypatch.setattr(notices, "gather", lambda context, graph: None)
    monkeypatch.setattr(notices, "verdict_in_force", lambda context: None)
    monkeypatch.setattr(notices, "ending_of", lambda graph, facts, verdict: ending)
    monkeypatch.setattr(task, "_tell", lambda context, chosen, **facts: [each.name for each in chosen])
    assert task.execute({}) == [name.lower() for name in told]


# ---- Days ----


def test_a_moment_that_passed_while_nobody_looked_is_not_taken_for_granted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def over(self: MomentTrigger) -> bool:
        return True

    async def event() -> Any:
        trigger = MomentTrigger(until=time.time() - 3600, over=["verdict"])
        return [found.payload async for found in trigger.run()]

    monkeypatch.setattr(triggers, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(MomentTrigger, "_is_over", over)
    assert asyncio.run(event()) == [{"early": True}]


@pytest.mark.parametrize(
    ("verdict", "early"),
    [(Verdict(branch=Branch.ROLL_BACK), False), (Verdict(branch=Branch.ASK), True), (None, True)],
)
def test_a_day_is_not_told_when_the_release_took_another_way(
    monkeypatch: pytest.MonkeyPatch, verdict: Verdict | None, early: bool
) -> None:
    monkeypatch.setattr(notices, "verdict_in_force", lambda context: verdict)
    task = TellOnADayOperator(task_id="tell", node=GRAPH.node("notices.tell_on_day_7"), graph=GRAPH)
    with pytest.raises(AirflowSkipException):
        task.go_on({}, {"early": early})


@pytest.mark.parametrize(("hours_late", "pace", "told"), [(8, 1, False), (-4, 1, True), (8, 60, True)])
def test_what_was_to_come_is_not_announced_when_its_time_has_passed(
    monkeypatch: pytest.MonkeyPatch, hours_late: float, pace: float, told: bool
) -> None:
    at = (datetime.now(UTC) - timedelta(hours=hours_late)).replace(second=0, microsecond=0)
    wait = WaitUntil(name="wait", at=at.time(), timezone=ZoneInfo("UTC"))
    plan = toy.plan(notices=[notice(Day(-2))])
    graph = compile_plan(replace(plan, on_production=[wait, *plan.on_production]))
    task = TellOnADayOperator(task_id="tell", node=graph.node("notices.tell_2_days_before"), graph=graph)
    monkeypatch.setattr(task, "_due", lambda context: None)
    monkeypatch.setattr(task, "go_on", lambda context: "told")
    # It begins on the day of that time, whatever the clock says.
    began = at.replace(hour=23, minute=59) if hours_late > 0 else at.replace(hour=0, minute=0)
    run = a_run({}, pace=pace)
    run.context["dag_run"] = SimpleNamespace(run_after=began)  # type: ignore[index]
    if told:
        assert task.execute(run.context) == "told"
    else:
        with pytest.raises(AirflowSkipException, match="has passed: it is no announcement any more"):
            task.execute(run.context)


@pytest.mark.parametrize("pace", [1, 259_200])
def test_a_rehearsal_comes_sooner_to_the_days_before_its_production(pace: float) -> None:
    afternoon = WaitUntil(name="wait", at=clock(14), day=3, timezone=ZoneInfo("UTC"))
    plan = toy.plan(notices=[notice(Day(-2))])
    graph = compile_plan(replace(plan, on_production=[afternoon, *plan.on_production]))
    task = TellOnADayOperator(task_id="tell", node=graph.node("notices.tell_2_days_before"), graph=graph)
    run = a_run({}, pace=pace)
    began = datetime(2025, 10, 15, 9, 30, tzinfo=UTC)
    run.context["dag_run"] = SimpleNamespace(run_after=began)  # type: ignore[index]
    due, wanted = task._due(run.context), datetime(2025, 10, 16, 14, tzinfo=UTC)
    assert due is not None
    assert abs(due - (began + (wanted - began) / pace)) < timedelta(milliseconds=1)


def test_a_day_that_a_healthy_release_ended_before_is_left_to_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = {"plan": "toy", "title": "Toy", "version": "v2"}
    monkeypatch.setattr(tell, "facts_of", lambda context, graph: facts)
    run = a_run({}, pace=2)
    telling = tell.Telling(run.context, GRAPH)
    [due] = telling.put_off([replace(notice(Day(7)), subject="{title} {version}: a week on")], None)
    assert (due.state, due.moment) == ("due", "day 7")
    assert due.subject == "Toy v2: a week on"
    assert "tell them yourself" in due.why
    assert telling.conclude([due])["deliveries"][0]["state"] == "due"


def a_delivery(state: State, wait: float = 0) -> Delivery:
    return Delivery(
        notice="n", moment="day 7", audience="all", channel="c", state=state, subject="s", text="t", wait=wait
    )


def concluding(
    monkeypatch: pytest.MonkeyPatch,
    store: dict[str, Any],
    *found: Delivery,
    again: bool = True,
    last_try: bool = False,
) -> Any:
    monkeypatch.setattr(tell, "facts_of", lambda context, graph: {})
    run, [node] = a_run(store, pace=2), GRAPH.of_kind(Kind.TELL_ON_A_DAY)
    run.context["task"] = TellOperator(task_id="tell", node=node, graph=GRAPH)  # type: ignore[index]
    run.context["ti"].try_number, run.context["ti"].max_tries = 4 if last_try else 1, 3
    return tell.Telling(run.context, GRAPH).conclude(found, again=again)


def test_a_channel_that_wants_to_be_left_alone_is_told_after_that_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store: dict[str, Any] = {}
    sent, busy = a_delivery(State.SENT), a_delivery(State.FAILED, wait=120)
    with caplog.at_level("INFO", "slipway"), pytest.raises(TaskDeferred) as waits:
        concluding(monkeypatch, store, sent, busy, a_delivery(State.FAILED, wait=60))
    assert isinstance(waits.value.trigger, DateTimeTrigger)
    assert waits.value.trigger.moment - datetime.now(UTC) > timedelta(seconds=118)
    assert waits.value.method_name == "tell_again"
    assert "Told again in 2 min" in caplog.text
    # What it waited for so far counts, over restarts; then no retry of Airflow's begins it anew.
    store["going_since_1"] = time.time() - 500
    with pytest.raises(AirflowFailException):
        concluding(monkeypatch, store, busy)
    with pytest.raises(TaskDeferred):  # who clears the task later has it wait again
        concluding(monkeypatch, store, busy)
    assert concluding(monkeypatch, store, sent, sent)["deliveries"][0]["state"] == "sent"
    assert store["going_since_2_over"]


def test_the_way_to_the_triggerer_and_back_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TaskDeferred) as waits:
        concluding(monkeypatch, {}, a_delivery(State.FAILED, wait=0.1))
    assert isinstance(waits.value.trigger, DateTimeTrigger)
    assert waits.value.trigger.moment - datetime.now(UTC) > timedelta(seconds=soonest() - 1)


@pytest.mark.parametrize(
    ("wait", "judged", "again", "fault"),
    [
        (0, False, True, tell.NotTold),
        (601, False, True, AirflowFailException),
        (61, True, True, AirflowFailException),
        (59, True, True, TaskDeferred),
        (60, False, False, tell.NotTold),
    ],
)
def test_what_would_come_too_late_has_failed(
    monkeypatch: pytest.MonkeyPatch, wait: float, judged: bool, again: bool, fault: type[BaseException]
) -> None:
    monkeypatch.setattr(tell, "verdict_given", lambda context: object() if judged else None)
    with pytest.raises(fault):
        concluding(monkeypatch, {}, a_delivery(State.FAILED, wait), again=again)


def test_a_page_that_failed_for_a_moment_does_not_wait_for_a_channel_that_wants_to_be_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = a_delivery(State.FAILED), a_delivery(State.FAILED, wait=300)
    with pytest.raises(tell.NotTold):
        concluding(monkeypatch, {}, *both)
    with pytest.raises(TaskDeferred):
        concluding(monkeypatch, {}, *both, last_try=True)


def test_a_day_that_waited_for_a_channel_is_told_although_the_verdict_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [node] = GRAPH.of_kind(Kind.TELL_ON_A_DAY)
    task = TellOnADayOperator(task_id="tell", node=node, graph=GRAPH)
    healthy = Verdict(branch=Branch.COMPLETE)
    monkeypatch.setattr(notices, "verdict_in_force", lambda context: healthy)
    monkeypatch.setattr(task, "_tell", lambda context, told: [each.name for each in told])
    assert task.tell_again({}) == ["n"]  # type: ignore[comparison-overlap]


# ---- Breaches while a watch goes on ----


def told(
    monkeypatch: pytest.MonkeyPatch,
    deliver: Callable[..., Any],
    xcom: KeptXCom,
    between: Sequence[Row] = (),
    **more: Any,
) -> float:
    """Add a breach, and again after a checkpoint with these rows; return how long leaving took."""
    monkeypatch.setattr(alerts, "deliver", deliver)
    monkeypatch.setattr(alerts, "XCom", xcom)

    async def watched() -> float:
        began = time.monotonic()
        async with Alerts(ORDERS, ENVIRONMENT, PLACE, **more) as telling:
            telling.add([SLOW])
            telling.calm(between)
            telling.add([SLOW])
        return time.monotonic() - began

    return asyncio.run(watched())


def test_a_breach_is_told_once_while_the_watch_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    told(monkeypatch, lambda *args, **how: calls.append((args[1], how)) or (), KeptXCom())
    [(facts, how)] = calls
    assert how == {"occasion": "slow", "severity": Severity.LOW}
    assert (facts.reason, facts.follows) == ("slow", "The release goes on.")


@pytest.mark.parametrize(
    ("answer", "severity", "times"),
    [
        (Answer.PASS, SLOW.severity, 2),
        (Answer.FAIL, SLOW.severity, 1),
        (Answer.INCONCLUSIVE, SLOW.severity, 1),
        (Answer.PASS, Severity.CRITICAL, 1),
    ],
)
def test_a_breach_is_told_anew_only_after_a_checkpoint_found_its_limit_kept(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, severity: Severity, times: int
) -> None:
    calls: list[Any] = []
    rows = [Row(metric=SLOW.about, answer=answer, severity=severity)]
    told(monkeypatch, lambda *args, **how: calls.append(how) or (), KeptXCom(), between=rows)
    assert len(calls) == times


def test_what_was_told_before_a_restart_is_not_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    told(monkeypatch, lambda *args, **how: calls.append(how) or (), KeptXCom(), known=[SLOW])
    assert calls == []


def test_a_hanging_channel_holds_up_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PATIENCE", 0.05)
    slow = threading_sleep(0.5)
    assert told(monkeypatch, slow, KeptXCom()) < 1.5  # the loop itself waits for its threads when it closes


def threading_sleep(seconds: float) -> Callable[..., tuple[()]]:
    def deliver(*args: Any, **how: Any) -> tuple[()]:
        time.sleep(seconds)
        return ()

    return deliver


def test_a_fault_in_telling_breaks_no_watch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told(monkeypatch, lambda *args, **how: (), KeptXCom(RuntimeError("the API server is away")))
    assert "The breach could not be told: slow" in caplog.text


def test_a_watch_begins_although_ledger_and_airflow_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> Any:
        raise ConnectionError("away")

    monkeypatch.setattr(tell, "Ledger", away)
    monkeypatch.setattr(tell, "AirflowApi", away)
    monkeypatch.setattr(tell, "report_path", away)
    monkeypatch.setattr(tell, "version_before", lambda context, graph: "v1")
    context = {**a_run({}, pace=1, version="v2").context, "dag_run": SimpleNamespace(run_after=None)}
    orders = orders_for(context, GRAPH)
    assert (orders["facts"]["version"], orders["facts"]["who"], len(orders["notices"])) == ("v2", "", 1)
