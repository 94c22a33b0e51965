import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from slipway.ledger.errors import LeaseHeld, LeaseLost, NoReason
from slipway.ledger.leases import Lease, Leases
from slipway.ledger.store import Ledger

HERE = "planner production"
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=50)


@pytest.fixture
def leases(ledger: Ledger) -> Leases:
    return Leases(ledger.conn_id)


def take(leases: Leases, owner: str, lasting: timedelta = HOUR, environment: str = HERE) -> Lease:
    return leases.take(environment, owner=owner, reason=f"{owner} deploys", lasting=lasting)


def until_free(leases: Leases) -> None:
    deadline = time.monotonic() + 10
    while leases.holder(HERE) is not None:
        assert time.monotonic() < deadline


def test_a_free_environment_is_taken_and_says_who_and_why(leases: Leases) -> None:
    lease = take(leases, "one")
    assert leases.holder(HERE) == lease
    assert (lease.environment, lease.owner, lease.reason) == (HERE, "one", "one deploys")
    assert timedelta(minutes=59) < lease.expires_at - lease.acquired_at < timedelta(minutes=61)


def test_a_held_environment_is_refused_with_holder_reason_and_end(leases: Leases) -> None:
    lease = take(leases, "one")
    with pytest.raises(
        LeaseHeld, match=r'"planner production" is held by one until .*: one deploys'
    ) as refused:
        take(leases, "two")
    assert refused.value.until == lease.expires_at
    assert leases.holder(HERE) == lease


def test_other_environments_are_not_concerned(leases: Leases) -> None:
    take(leases, "one")
    assert take(leases, "two", environment="planner staging").owner == "two"


def test_a_retry_of_the_holder_keeps_its_token(leases: Leases) -> None:
    first = take(leases, "one")
    again = take(leases, "one")
    assert (again.token, again.acquired_at) == (first.token, first.acquired_at)
    assert again.expires_at > first.expires_at


def test_a_given_back_environment_is_free_and_the_next_token_is_higher(leases: Leases) -> None:
    first = take(leases, "one")
    assert leases.give_back(first) is True
    assert leases.holder(HERE) is None
    assert take(leases, "two").token > first.token


def test_giving_back_twice_or_too_late_harms_nobody(leases: Leases) -> None:
    first = take(leases, "one")
    leases.give_back(first)
    second = take(leases, "two")
    assert leases.give_back(first) is False
    assert leases.holder(HERE) == second


def test_an_expired_lease_is_free_and_cannot_be_renewed(leases: Leases) -> None:
    first = take(leases, "one", MOMENT)
    until_free(leases)
    with pytest.raises(LeaseLost, match="no longer held by one"):
        leases.renew(first, lasting=HOUR)
    assert take(leases, "two").token > first.token


def test_the_same_owner_gets_a_new_token_after_its_lease_expired(leases: Leases) -> None:
    first = take(leases, "one", MOMENT)
    until_free(leases)
    assert take(leases, "one").token > first.token


def test_renewing_holds_it_longer(leases: Leases) -> None:
    lease = take(leases, "one")
    renewed = leases.renew(lease, lasting=2 * HOUR)
    assert renewed == replace(lease, expires_at=renewed.expires_at)
    assert renewed.expires_at - lease.expires_at > timedelta(minutes=59)


def test_a_take_over_needs_a_reason_and_voids_the_lease_before(leases: Leases) -> None:
    first = take(leases, "one")
    with pytest.raises(NoReason, match="two gave no reason"):
        leases.take_over(HERE, owner="two", reason="  ", lasting=HOUR)
    second = leases.take_over(HERE, owner="two", reason="One is stuck since noon", lasting=HOUR)
    assert (second.taken_from, second.reason) == ("one", "One is stuck since noon")
    assert second.token > first.token
    with pytest.raises(LeaseLost):
        leases.renew(first, lasting=HOUR)
    assert leases.give_back(first) is False
    assert leases.holder(HERE) == second


def at_once(count: int, act: Callable[[int], str]) -> list[str]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


def test_of_many_that_ask_at_once_exactly_one_gets_it(leases: Leases) -> None:
    def ask(number: int) -> str:
        try:
            return take(leases, f"owner {number}").owner
        except LeaseHeld as held:
            return f"held by {held.holder}"

    for _ in range(5):
        answers = at_once(12, ask)
        [winner] = [answer for answer in answers if answer.startswith("owner")]
        assert answers.count(f"held by {winner}") == 11
        holder = leases.holder(HERE)
        assert holder is not None
        assert holder.owner == winner
        leases.give_back(holder)


def test_work_under_a_lease_is_never_done_by_two_at_once(leases: Leases, database: str) -> None:
    """Each worker takes the lease, notes its entry and exit under its token, and gives it back."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE work (number serial, token bigint)")

    def work(number: int) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                lease = take(leases, f"owner {number}")
            except LeaseHeld:
                continue
            for _ in range(2):
                with psycopg.connect(database) as connection:
                    connection.execute("INSERT INTO work (token) VALUES (%s)", [lease.token])
            assert leases.give_back(lease)
            return "done"
        return "starved"

    assert at_once(6, work) == ["done"] * 6
    with psycopg.connect(database) as connection:
        tokens = [token for (token,) in connection.execute("SELECT token FROM work ORDER BY number")]
    assert tokens[0::2] == tokens[1::2]  # nobody came in between
    assert tokens == sorted(tokens)  # and a later holder has a higher token


def test_take_overs_at_once_form_a_chain_in_the_order_of_their_tokens(leases: Leases) -> None:
    def seize(number: int) -> Lease:
        return leases.take_over(HERE, owner=f"owner {number}", reason="race", lasting=HOUR)

    with ThreadPoolExecutor(12) as pool:
        chain = sorted(pool.map(seize, range(24)), key=lambda lease: lease.token)
    assert [lease.taken_from for lease in chain] == ["", *(lease.owner for lease in chain[:-1])]
    assert leases.holder(HERE) == chain[-1]
