"""What was sent: each try to send a notice has a row before it begins and one when it has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import datetime

from slipway.ledger.connection import CONN_ID, transaction
from slipway.run import Json

PATIENCE = "180s"  # for another process that sends the same notice; a channel gives up long before

# Held until the transaction ends, also by the death of its process.
HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
WHICH = "plan = %s AND release_id = %s AND notice = %s AND occasion = %s AND channel = %s"
TRIES = f"""
SELECT number, begun_at, coalesce(state, ''), coalesce(proof, '{{}}'::jsonb), coalesce(why, ''), ended_at
FROM slipway.notice_tries LEFT JOIN slipway.notice_ends
USING (plan, release_id, notice, occasion, channel, number)
WHERE {WHICH} ORDER BY number
"""
BEGIN = """
INSERT INTO slipway.notice_tries (plan, release_id, notice, occasion, channel, number)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
END = """
INSERT INTO slipway.notice_ends (plan, release_id, notice, occasion, channel, number, state, proof, why)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)
"""


@dataclass(frozen=True)
class Address:
    """What is sent at most once: one notice of one release, for one occasion, on one channel."""

    plan: str
    release_id: str
    notice: str
    occasion: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try to send it.

    :param state: "sent", "failed" or "unknown"; "" if it never ended, so that it may have been sent
    """

    number: int
    begun_at: datetime
    state: str = ""
    proof: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Notices:
    """The notices in the ledger behind an Airflow connection; `Ledger.migrate` creates their tables."""

    conn_id: str = CONN_ID

    @contextmanager
    def holding(self, address: Address) -> Iterator[None]:
        """Let nobody else send this one meanwhile; waits for a process that does, three minutes at most."""
        with transaction(self.conn_id) as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute(HOLD, (json.dumps(astuple(address)),))
            yield

    def tries(self, address: Address) -> Sequence[Try]:
        """Return the tries so far, the first one first."""
        with transaction(self.conn_id) as cursor:
            cursor.execute(TRIES, astuple(address))
            names = ("number", "begun_at", "state", "proof", "why", "ended_at")
            return [Try(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

    def begin(self, address: Address, number: int) -> bool:
        """Write that try `number` begins; False if somebody else has begun it."""
        with transaction(self.conn_id) as cursor:
            cursor.execute(BEGIN, (*astuple(address), number))
            return bool(cursor.rowcount)

    def end(self, address: Address, number: int, state: str, proof: Mapping[str, Json], why: str) -> None:
        """Write what became of it, once and for all."""
        row = (*astuple(address), number, state, json.dumps(dict(proof)), why.replace("\0", ""))
        with transaction(self.conn_id) as cursor:
            cursor.execute(END, row)
