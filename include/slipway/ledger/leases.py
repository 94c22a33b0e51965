"""Leases: at most one release holds an environment. Each change is compare-and-set in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slipway.ledger import schema
from slipway.ledger.connection import CONN_ID, transaction
from slipway.ledger.errors import LeaseHeld, LeaseLost, NoReason

FIELDS = "environment, owner, reason, acquired_at, expires_at, token, taken_from"

# Two that ask at once would be numbered before either holds, and the later one might get the lower token.
LOCK = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"

# The database's clock decides, not those of the machines that ask.
OFFER = f"""
INSERT INTO slipway.leases AS held ({FIELDS})
VALUES (%s, %s, %s, clock_timestamp(), clock_timestamp() + %s, nextval('slipway.fencing'), '')
ON CONFLICT (environment) DO UPDATE SET
"""
# Whoever still holds it and asks again (a retry after a crash) keeps the token.
TAKE = f"""{OFFER}
    owner = excluded.owner, reason = excluded.reason, expires_at = excluded.expires_at, taken_from = '',
    acquired_at = CASE WHEN held.expires_at > clock_timestamp() THEN held.acquired_at
                       ELSE excluded.acquired_at END,
    token = CASE WHEN held.expires_at > clock_timestamp() THEN held.token ELSE excluded.token END
WHERE held.owner = excluded.owner OR held.expires_at <= clock_timestamp()
RETURNING {FIELDS}
"""
TAKE_OVER = f"""{OFFER}
    owner = excluded.owner, reason = excluded.reason, acquired_at = excluded.acquired_at,
    expires_at = excluded.expires_at, token = excluded.token, taken_from = held.owner
RETURNING {FIELDS}
"""
RENEW = f"""
UPDATE slipway.leases SET expires_at = clock_timestamp() + %s
WHERE environment = %s AND token = %s AND expires_at > clock_timestamp()
RETURNING {FIELDS}
"""
GIVE_BACK = "DELETE FROM slipway.leases WHERE environment = %s AND token = %s"
HOLDER = f"SELECT {FIELDS} FROM slipway.leases WHERE environment = %s AND expires_at > clock_timestamp()"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A held environment.

    :param owner: who holds it, e.g. plan and release id
    :param token: grows with each new holder, so that a late write of an earlier one can be told apart
    :param taken_from: the owner that it was taken over from, "" if it was free
    """

    environment: str
    owner: str
    reason: str
    acquired_at: datetime
    expires_at: datetime
    token: int
    taken_from: str = ""


@dataclass(frozen=True)
class Leases:
    """The leases in the ledger behind an Airflow connection; `Ledger.migrate` creates their table."""

    conn_id: str = CONN_ID

    def take(self, environment: str, *, owner: str, reason: str, lasting: timedelta) -> Lease:
        """Take an environment that is free, expired, or already the owner's (which then keeps its token).

        Raises LeaseHeld if another owner has it.
        """
        # The holder may give it back between the two statements; then there is something to take again.
        for _ in range(3):
            if lease := self._one(TAKE, environment, owner, reason, lasting):
                return lease
            if holder := self.holder(environment):
                raise LeaseHeld(environment, holder.owner, holder.reason, holder.expires_at)
        raise LeaseHeld(environment, "several in turn", "it changes hands all the time", None)

    def take_over(self, environment: str, *, owner: str, reason: str, lasting: timedelta) -> Lease:
        """Take an environment whoever holds it; NoReason without a reason. The holder's token is void."""
        if not reason.strip():
            raise NoReason(environment, owner)
        lease = self._one(TAKE_OVER, environment, owner, reason, lasting)
        assert lease is not None  # it is inserted or updated in any case
        return lease

    def renew(self, lease: Lease, *, lasting: timedelta) -> Lease:
        """Hold it for `lasting` from now; LeaseLost if it expired or was taken over."""
        renewed = self._one(RENEW, lasting, lease.environment, lease.token)
        if renewed is None:
            raise LeaseLost(lease.environment, lease.owner, lease.token)
        return renewed

    def give_back(self, lease: Lease) -> bool:
        """Free the environment and return True; False, and harmless, if the lease is no longer this one."""
        with transaction(self.conn_id) as cursor:
            cursor.execute(GIVE_BACK, (lease.environment, lease.token))
            return bool(cursor.rowcount)

    def holder(self, environment: str) -> Lease | None:
        """Return the lease in force, None if the environment is free."""
        return self._one(HOLDER, environment)

    def _one(self, statement: str, *values: Any) -> Lease | None:
        with transaction(self.conn_id) as cursor:
            if statement in (TAKE, TAKE_OVER):
                cursor.execute(LOCK, (schema.LOCK, values[0]))
            cursor.execute(statement, values)
            row = cursor.fetchone()
        names = FIELDS.split(", ")
        return Lease(**dict(zip(names, row, strict=True))) if row else None
