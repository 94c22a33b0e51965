"""When notices are due."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.delivery.conftest import Board, notice

from slipway.delivery.recorded import recorded
from slipway.delivery.schedule import concerned, due, reminders
from slipway.delivery.states import Delivery, State
from slipway.plan import Day, Moment
from slipway.words import Severity

LAUNCH = datetime(2026, 10, 18, 9, tzinfo=UTC)
PLANNED = datetime(2026, 10, 18, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def due_on(day: int, pace: float = 1.0) -> datetime | None:
    return due(notice(moment=Day(day)), launched_at=LAUNCH, planned_for=PLANNED, pace=pace)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (-3, datetime(2026, 10, 15, 8, tzinfo=UTC)),
        (-2, datetime(2026, 10, 16, 8, tzinfo=UTC)),
        (0, LAUNCH),
        (3, datetime(2026, 10, 21, 9, tzinfo=UTC)),
        (30, datetime(2026, 11, 17, 9, tzinfo=UTC)),
    ],
)
def test_days_before_count_from_the_planned_time_and_days_after_from_the_launch(
    day: int, at: datetime
) -> None:
    assert due_on(day) == at


def test_pace_divides_the_days() -> None:
    assert due_on(7, pace=1440) == LAUNCH + 7 * MINUTE
    assert due_on(-3, pace=1440) == PLANNED - 3 * MINUTE


def test_a_notice_without_a_date_or_without_its_beginning_is_not_due() -> None:
    assert due(notice(), launched_at=LAUNCH, planned_for=PLANNED) is None
    assert due(notice(moment=Day(3)), launched_at=None, planned_for=PLANNED) is None
    assert due(notice(moment=Day(-3)), launched_at=LAUNCH, planned_for=None) is None


@pytest.mark.parametrize(
    ("timeout", "pace", "minutes"),
    [
        (timedelta(hours=2), 1, [60, 105, 115]),
        (timedelta(hours=24), 1, [720, 1425, 1435]),
        (timedelta(minutes=12), 1, [6, 9, 11]),
        (timedelta(minutes=2), 60, [1, 1.75, 2 - 5 / 60]),
    ],
)
def test_a_gate_reminds_at_half_time_and_before_its_end(
    timeout: timedelta, pace: float, minutes: list[float]
) -> None:
    found = reminders(timeout, pace)
    assert [each.after / MINUTE for each in found] == pytest.approx(minutes)
    assert [each.occasion for each in found] == ["half-time", "last call", "escalation"]
    assert [each.moment for each in found] == [
        Moment.GATE_REMINDER,
        Moment.GATE_REMINDER,
        Moment.GATE_ESCALATION,
    ]


def test_a_breach_concerns_the_notices_of_its_severity() -> None:
    page = notice(name="page", moment=Moment.BREACH, severities=[Severity.CRITICAL])
    post, other = notice(name="post", moment=Moment.BREACH), notice(name="other")
    found = concerned([page, post, other], Moment.BREACH, Severity.HIGH)
    assert found == (post,)
    assert concerned([page, post, other], Moment.BREACH, Severity.CRITICAL) == (page, post)
    assert concerned([notice(moment=Day(3))], Day(3)) == (notice(moment=Day(3)),)
    assert page.when == "at a breach (CRITICAL)"


def test_the_record_says_of_each_channel_what_became_of_it() -> None:
    mail, chat = Board(connection="mail"), Board(connection="chat")
    told = notice(mail, chat, name="told")
    later, never = notice(mail, name="later", moment=Day(7)), notice(mail, name="never")
    sent = Delivery(
        notice="told",
        moment="after a rollback",
        audience="Support",
        channel="board mail",
        state=State.SENT,
        subject="Shop",
        text="Back.",
        occasion="errors",
        at=LAUNCH,
    )
    found = recorded([told, later, never], [sent], {"later": LAUNCH + timedelta(days=7)})
    assert [(each.name, each.channel, each.state, each.at) for each in found] == [
        ("told", "board mail", "sent", LAUNCH),
        ("told", "board chat", "not needed", None),
        ("later", "board mail", "due", datetime(2026, 10, 25, 9, tzinfo=UTC)),
        ("never", "board mail", "not needed", None),
    ]
    assert [each.moment for each in found][:3] == [
        "after a rollback (errors)",
        "after a rollback",
        "day 7",
    ]


def test_the_words_of_a_notice_that_was_not_sent_hold_what_is_known_and_no_placeholder() -> None:
    told = replace(
        notice(Board(connection="mail")), subject="{title} {version} went back", text="{reason}\n{who}"
    )
    [found] = recorded([told], [], facts={"title": "Shop", "version": "v2", "who": "https://u:pw@x.org"})
    assert found.subject == "Shop v2 went back"
    assert found.message == "…\nhttps://u:***@x.org"
