"""Where the notices of a plan stand in its graph: beside the release, which never waits for them.

Only the report waits, for it tells what became of each. A notice that fails is a red task and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.graph import (
    CHECK_CONNECTIONS,
    DECISION,
    ROLLBACK_START,
    VERDICT,
    WATCH_WHILE_ASKING,
    Kind,
    ReleaseGraph,
    When,
)
from slipway.plan import Day, Moment, Notice, Opened, Plan
from slipway.steps.wait_until import WaitUntil
from slipway.verdict import Branch, Verdict
from slipway.words import Phase

OUTCOMES = (
    Moment.RELEASED,
    Moment.REJECTED,
    Moment.ABORTED,
    Moment.HELD,
    Moment.ROLLED_BACK_IN_PART,
    Moment.ROLLED_BACK,
    Moment.ROLLBACK_FAILED,
)


@dataclass(frozen=True)
class Moments:
    """The tasks after which something is told.

    :param validated: the gate begins to wait
    :param verified: the version is launched
    :param ended: the ways out of the release
    :param opened: a stage has let its users in, by its name
    """

    validated: Sequence[str]
    verified: Sequence[str]
    ended: Sequence[str]
    opened: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class _Telling:
    """One task that tells notices.

    :param after: the tasks that it follows
    """

    name: str
    title: str
    kind: Kind
    notices: tuple[Notice, ...]
    after: Sequence[str]
    when: When = When.ALL_SUCCEEDED


def add_notices(
    plan: Plan,
    moments: Moments,
    add: Callable[..., str],
    join: Callable[[Iterable[str], Iterable[str]], None],
) -> list[str]:
    """Add a task for each moment at which a plan tells something; return their ids."""
    added = []
    for each in _tellings(plan, moments):
        task_id = add(
            f"{Phase.NOTICES}.{each.name}", each.kind, each.title, when=each.when, notices=each.notices
        )
        join(each.after, [task_id])
        added.append(task_id)
    return added


def _tellings(plan: Plan, moments: Moments) -> Iterator[_Telling]:
    yield from _days(plan, [CHECK_CONNECTIONS], before=True)
    rows = (
        ("tell_of_the_start", "Tell of the start", Kind.TELL, (Moment.AT_START,), [CHECK_CONNECTIONS]),
        (
            "remind_approvers",
            "Remind the approvers",
            Kind.REMIND,
            (Moment.GATE_REMINDER, Moment.GATE_ESCALATION),
            moments.validated,
        ),
        (
            "tell_of_production",
            "Tell that production begins",
            Kind.TELL,
            (Moment.BEFORE_PRODUCTION, Moment.PRODUCTION_STARTED),
            [_production_begins(plan)],
        ),
        ("tell_of_the_breach", "Tell of the breach", Kind.TELL_OF_BREACHES, (Moment.BREACH,), [VERDICT]),
        (
            "tell_of_the_rollback",
            "Tell of the rollback",
            Kind.TELL,
            (Moment.ROLLBACK_STARTED,),
            [ROLLBACK_START],
        ),
    )
    for name, title, kind, of, after in rows:
        if chosen := tuple(notice for notice in plan.notices if notice.moment in of):
            yield _Telling(name=name, title=title, kind=kind, notices=chosen, after=after)
    yield from _stages(plan, moments.opened)
    yield from _days(plan, moments.verified, before=False)
    if chosen := tuple(notice for notice in plan.notices if notice.moment in OUTCOMES):
        yield _Telling(
            name="tell_the_outcome",
            title="Tell the outcome",
            kind=Kind.TELL_THE_OUTCOME,
            notices=chosen,
            after=moments.ended,
            when=When.ALL_DONE,
        )


def _production_begins(plan: Plan) -> str:
    """Return the decision, or the wait at the head of production: a maintenance is told on its day."""
    first = next(iter(plan.on_production), None)
    return f"{Phase.PRODUCTION}.{first.name}" if isinstance(first, WaitUntil) else DECISION


def _stages(plan: Plan, opened: Mapping[str, Sequence[str]]) -> Iterator[_Telling]:
    titles = {stage.name: stage.title for rollout in plan.strategies for stage in rollout.stages}
    for name, after in opened.items():
        if chosen := tuple(notice for notice in plan.notices if notice.moment == Opened(name)):
            yield _Telling(
                name=f"tell_that_{name}_is_open",
                title=f"Tell: {titles[name]}",
                kind=Kind.TELL,
                notices=chosen,
                after=after,
            )


def _days(plan: Plan, after: Sequence[str], *, before: bool) -> Iterator[_Telling]:
    dated = {notice.moment.number for notice in plan.notices if isinstance(notice.moment, Day)}
    for number in sorted(number for number in dated if (number < 0) is before):
        yield _Telling(
            name=f"tell_{-number}_days_before" if before else f"tell_on_day_{number}",
            title=f"Tell {-number} days before" if before else f"Tell on day {number}",
            kind=Kind.TELL_ON_A_DAY,
            notices=tuple(notice for notice in plan.notices if notice.moment == Day(number)),
            after=after,
        )


def beside_the_way(graph: ReleaseGraph, verdict: Verdict) -> list[str]:
    """Return the tasks that follow a verdict beside its way; as a branch it would skip them otherwise."""
    bad = verdict.branch in (Branch.ASK, Branch.ROLL_BACK)
    told = [node.task_id for node in graph.of_kind(Kind.TELL_OF_BREACHES) if bad]
    return [*told, WATCH_WHILE_ASKING] if verdict.branch is Branch.ASK else told
