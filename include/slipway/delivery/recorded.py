"""Notices as the record of a release keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from slipway.delivery.states import Delivery, State
from slipway.letter import PLACEHOLDERS, filled
from slipway.masking import masked
from slipway.plan import Notice
from slipway.record_parts import NoticeRecord

UNKNOWN = "…"  # stands for what a notice that was not sent would have said


def recorded(
    notices: Sequence[Notice],
    deliveries: Sequence[Delivery],
    due: Mapping[str, datetime] | None = None,
    facts: Mapping[str, str] | None = None,
) -> tuple[NoticeRecord, ...]:
    """Return what became of each notice of a plan on each of its channels, in the order of the plan.

    :param deliveries: what was tried; the last word on a notice, channel and occasion counts
    :param due: when notices that are still to come will be sent, by name; all others were not needed
    :param facts: what is known of the release, by placeholder, for the words of those that were not sent
    """
    known = {name: masked((facts or {}).get(name, "")) or UNKNOWN for name in PLACEHOLDERS}
    return tuple(each for notice in notices for each in _of(notice, deliveries, due or {}, known))


def _of(
    notice: Notice, deliveries: Sequence[Delivery], due: Mapping[str, datetime], known: Mapping[str, str]
) -> Iterator[NoticeRecord]:
    tried = {(each.channel, each.occasion): each for each in deliveries if each.notice == notice.name}
    yield from (_tried(each) for each in tried.values())
    told = {channel for channel, _ in tried}
    for channel in notice.channels:
        if channel.address not in told:
            yield _untried(notice, channel.address, due.get(notice.name), known)


def _tried(delivery: Delivery) -> NoticeRecord:
    said = f" ({delivery.occasion})" if delivery.occasion else ""
    return NoticeRecord(
        name=delivery.notice,
        moment=delivery.moment + said,
        audience=delivery.audience,
        channel=delivery.channel,
        message=delivery.text,
        subject=delivery.subject,
        state=str(delivery.state),
        at=delivery.at,
        why=delivery.why,
    )


def _untried(notice: Notice, channel: str, at: datetime | None, known: Mapping[str, str]) -> NoticeRecord:
    return NoticeRecord(
        name=notice.name,
        moment=notice.when,
        audience=notice.audience,
        channel=channel,
        message=filled(notice.text, known),
        subject=" ".join(filled(notice.subject, known).split()),
        state=str(State.DUE if at else State.NOT_NEEDED),
        at=at,
    )
