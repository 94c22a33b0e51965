"""Send a notice on each of its channels: at most once each, and no fault of it reaches the release."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime

from slipway.channel import Channel, Twice
from slipway.delivery.policy import LEFT_OPEN, next_try, state_after, what_became
from slipway.delivery.states import Delivery, State
from slipway.environment import Environment
from slipway.ledger.notices import Address, Notices, Try
from slipway.letter import Letter, ReleaseFacts, filled, told
from slipway.masking import masked
from slipway.plan import Notice
from slipway.run import Json
from slipway.vendor_faults import TooManyCalls
from slipway.words import Severity

LONGEST_PART = 120  # characters; five of them fit into an index row of PostgreSQL
NOT_TO_ALL = (
    "Not to {}: the mail server refused them. The others have it, so it is not sent again. Tell these by "
    "hand, and mend what the server says of them."
)
NO_LEDGER = (
    "Not sent: the ledger cannot be asked whether it was sent before ({}). Mend it and clear this task."
)


@dataclass(frozen=True, kw_only=True)
class Post:
    """What delivering needs to know of a release.

    :param environment: production; a notice inside the application goes to its service
    :param rehearsal: nothing is sent, everything is shown
    """

    release_id: str
    environment: Environment
    rehearsal: bool = False
    ledger: Notices = field(default_factory=Notices)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("slipway"))


@dataclass(frozen=True, kw_only=True)
class _End:
    """What became of a letter on one channel."""

    state: State
    proof: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""
    at: datetime | None = None
    wait: float = 0


def deliver(
    notice: Notice, facts: ReleaseFacts, post: Post, *, occasion: str = "", severity: Severity | None = None
) -> tuple[Delivery, ...]:
    """Send a notice and return what became of it on each channel. Raises nothing.

    :param occasion: tells several letters of one notice apart: a breach's metric, a reminder's time
    :param severity: of the breach; the moment's own if left out
    """
    letter = letter_of(notice, facts, post.release_id, occasion, severity)
    return tuple(_on(channel.at(post.environment), notice, letter, post) for channel in notice.channels)


def letter_of(
    notice: Notice, facts: ReleaseFacts, release_id: str, occasion: str = "", severity: Severity | None = None
) -> Letter:
    """Return the notice as it goes out, without what looks like a secret in the facts."""
    named = {name: masked(value) for name, value in facts.named().items()}
    return Letter(
        plan=facts.plan,
        release_id=release_id,
        notice=notice.name,
        occasion=occasion,
        subject=" ".join(filled(notice.subject, named).split()),
        text=told(notice.text, named),
        audience=notice.audience,
        severity=severity or notice.moment.severity,
        facts=named,
    )


def address_of(letter: Letter, channel: Channel) -> Address:
    """Return what is sent at most once; long lists of recipients are cut to what an index can hold."""
    parts = (letter.plan, letter.release_id, letter.notice, letter.occasion, channel.address)
    return Address(*(_short(part) for part in parts))


def _short(text: str) -> str:
    if len(text) <= LONGEST_PART:
        return text
    return f"{text[:LONGEST_PART]} {hashlib.sha256(text.encode()).hexdigest()}"


def key_of(address: Address) -> str:
    """Return the idempotency key of what is sent at most once."""
    return f"slipway-{hashlib.sha256(repr(astuple(address)).encode()).hexdigest()[:40]}"


def _on(channel: Channel, notice: Notice, letter: Letter, post: Post) -> Delivery:
    shown = f'Notice "{letter.notice}" on {channel.address}'
    if post.rehearsal:
        post.log.info(
            "%s, in a rehearsal, so not sent:\n%s\n\n%s\n(for %s)",
            shown,
            letter.subject,
            letter.text,
            letter.audience,
        )
        end = _End(state=State.SHOWN)
    else:
        end = _through_the_ledger(channel, letter, post)
        post.log.log(
            logging.INFO if end.state is State.SENT and not end.why else logging.ERROR,
            "%s: %s%s",
            shown,
            end.state,
            f". {end.why}" if end.why else "",
        )
    return Delivery(
        notice=letter.notice,
        moment=notice.when,
        audience=letter.audience,
        channel=channel.address,
        state=end.state,
        subject=letter.subject,
        text=letter.text,
        occasion=letter.occasion,
        at=end.at or datetime.now(UTC),
        proof=end.proof,
        why=end.why,
        wait=end.wait,
    )


def _through_the_ledger(channel: Channel, letter: Letter, post: Post) -> _End:
    address = address_of(letter, channel)
    end: _End | None = None
    try:
        with post.ledger.holding(address):
            tries = post.ledger.tries(address)
            number = next_try(tries, channel.twice)
            if number is None or not post.ledger.begin(address, number):
                return _left(post.ledger.tries(address))
            end = _sent(channel, letter, address)
            post.ledger.end(address, number, str(end.state), end.proof, end.why)
            return end
    except Exception as error:  # the ledger's, whatever it is: a notice never stops a release
        return _without_the_ledger(channel, letter, address, end, error)


def _without_the_ledger(
    channel: Channel, letter: Letter, address: Address, end: _End | None, error: Exception
) -> _End:
    why = _in_words(error)
    if end is not None:
        return replace(end, why=f"{end.why} The ledger could not note it ({why}).".strip())
    if channel.twice is Twice.HARMLESS:  # a page must go out even so
        return _sent(channel, letter, address)
    return _End(state=State.FAILED, why=NO_LEDGER.format(why))


def _sent(channel: Channel, letter: Letter, address: Address) -> _End:
    try:
        proof = channel.send(letter, key_of(address))
        return _End(state=State.SENT, proof=proof, why=_not_to_all(proof))
    except Exception as error:
        state = state_after(error, channel.twice)
        doubt = " It may have been sent, so it is not sent again." if state is State.UNKNOWN else ""
        wait = (error.wait or 0) if isinstance(error, TooManyCalls) else 0
        return _End(state=state, why=_in_words(error) + doubt, wait=wait)


def _not_to_all(proof: Mapping[str, Json]) -> str:
    """Say for whom a letter was refused that the others got, "" if for nobody."""
    refused = ", ".join(masked(str(each)) for each in proof.get("refused", ()))
    return NOT_TO_ALL.format(refused) if refused else ""


def _left(tries: Sequence[Try]) -> _End:
    found = what_became(tries)
    if not found.state:
        begun = found.begun_at.astimezone(UTC)
        return _End(state=State.UNKNOWN, why=LEFT_OPEN.format(begun=begun), at=found.begun_at)
    return _End(state=State(found.state), proof=found.proof, why=found.why, at=found.ended_at)


def _in_words(error: Exception) -> str:
    text = " ".join(masked(str(error)).split())
    return text or type(error).__name__
