"""Write and read the ledger in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slipway.ledger import schema
from slipway.ledger.connection import CONN_ID, hook, transaction
from slipway.ledger.errors import LedgerIsNewer, NoSuchRelease, RecordDiffers, SomethingNewerIsLive
from slipway.record import ReleaseRecord, from_json, to_json
from slipway.run import Json
from slipway.words import Outcome

INSERT = """
INSERT INTO slipway.releases (plan, release_id, record, digest, started_at, ended_at)
VALUES (%s, %s, %s::jsonb, %s, %s, %s)
ON CONFLICT (plan, release_id) DO NOTHING
"""
DIGEST = "SELECT digest FROM slipway.releases WHERE plan = %s AND release_id = %s"
RECORD = "SELECT record FROM slipway.releases WHERE plan = %s AND release_id = %s"
RELEASES = "SELECT record FROM slipway.releases WHERE plan = %s ORDER BY ended_at DESC, number DESC"

# A rollback that failed did not bring the environment back: its target is still the one to roll back.
# A release that was held, or whose rollback failed, may still be live until a newer one is released.
STANDING = """
WITH standing AS (
  SELECT * FROM slipway.releases AS it
  WHERE plan = %s AND production = %s AND intent = 'release'
    AND outcome IN ('RELEASED', 'HELD', 'ROLLBACK_FAILED')
    AND NOT EXISTS (
      SELECT FROM slipway.releases AS later
      WHERE later.plan = it.plan AND later.rolls_back = it.release_id
        AND later.intent = 'roll_back' AND later.outcome IN ('ROLLED_BACK', 'RELEASED')
    )
)
SELECT record FROM standing
WHERE NOT EXISTS (
  SELECT FROM standing AS newer
  WHERE newer.outcome = 'RELEASED' AND (newer.ended_at, newer.number) > (standing.ended_at, standing.number)
)
ORDER BY ended_at DESC, number DESC
"""


@dataclass(frozen=True)
class Ledger:
    """The ledger behind an Airflow connection. Call `migrate` once before anything else.

    Every method raises MissingConnection if the connection is not there, LedgerIsEmpty if nobody migrated
    the database yet, and the driver's own error if the database cannot be reached.
    """

    conn_id: str = CONN_ID

    def migrate(self) -> None:
        """Create or upgrade the schema `slipway`; safe to call at any time, by several at once.

        Raises LedgerIsNewer where a newer Slipway migrated it.
        """
        from alembic.util import CommandError
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        engine = create_engine(hook(self.conn_id).sqlalchemy_url, poolclass=NullPool)
        try:
            schema.upgrade(engine)
        except CommandError as error:
            raise LedgerIsNewer(self.conn_id, str(error)) from error

    def write(self, record: ReleaseRecord) -> None:
        """Write a release's record, once and for all; writing the same record again is harmless.

        Raises RecordDiffers if the release has another record.
        """
        key, digest = (record.plan, record.release_id), record.digest
        row = (*key, json.dumps(to_json(record)), digest, record.triggered_at, record.ended_at)
        with transaction(self.conn_id) as cursor:
            cursor.execute(INSERT, row)
            cursor.execute(DIGEST, key)
            (kept,) = cursor.fetchone()
        if kept != digest:
            raise RecordDiffers(*key, kept=kept, offered=digest)

    def record(self, plan: str, release_id: str) -> ReleaseRecord:
        """Return a release's record; NoSuchRelease if there is none."""
        rows = self._records(RECORD, (plan, release_id))
        if not rows:
            raise NoSuchRelease(plan, release_id)
        return rows[0]

    def releases(self, plan: str) -> Sequence[ReleaseRecord]:
        """Return all releases of a plan, newest first, whatever their outcome."""
        return self._records(RELEASES, (plan,))

    def last_released(self, plan: str, environment: str) -> ReleaseRecord | None:
        """Return what is deployed: the newest RELEASED release that was not rolled back later.

        :param environment: the label of the production environment, e.g. "planner production"
        Raises SomethingNewerIsLive if a release since then changed production and ended HELD or
        ROLLBACK_FAILED: its undo comes first, and the older release's would work on what is not there.
        """
        for record in self._records(STANDING, (plan, environment)):
            if record.outcome is Outcome.RELEASED:
                return record
            if record.steps:
                raise SomethingNewerIsLive(environment, record.release_id, record.version, record.outcome)
        return None

    def _records(self, query: str, values: tuple[Json, ...]) -> list[ReleaseRecord]:
        with transaction(self.conn_id) as cursor:
            cursor.execute(query, values)
            return [from_json(record) for (record,) in cursor.fetchall()]
