"""Faults of the ledger.

SlipwayError
`- LedgerFault
   |- RecordDiffers       the release already has another record
   |- NoSuchRelease       the ledger has no record of that release
   |- SomethingNewerIsLive   production is not on the last released release
   |- LedgerIsEmpty       nobody has created the schema yet
   |- LedgerIsNewer       the schema was migrated by a newer Slipway
   |- LeaseHeld           another release holds the environment
   |- LeaseLost           a lease expired, or somebody took it over
   `- NoReason            a take-over without a reason
"""

from datetime import datetime

from slipway.errors import SlipwayError
from slipway.words import Outcome


class LedgerFault(SlipwayError):
    """Any fault of the ledger."""


class RecordDiffers(LedgerFault):
    """A release has a record already, and it says something else."""

    def __init__(self, plan: str, release_id: str, kept: str, offered: str) -> None:
        self.plan, self.release_id, self.kept, self.offered = plan, release_id, kept, offered
        super().__init__(
            f'Ledger, release "{release_id}" of plan "{plan}": there is a record already (digest '
            f"{kept[:12]}) and the new one differs (digest {offered[:12]}). A record is never changed. "
            "Read the one that is there, or trigger a new release."
        )


class NoSuchRelease(LedgerFault):
    """The ledger has no record of a release."""

    def __init__(self, plan: str, release_id: str) -> None:
        self.plan, self.release_id = plan, release_id
        super().__init__(
            f'Ledger: plan "{plan}" has no release "{release_id}". A record is written at the closeout of a '
            "release; list those there are with `Ledger().releases(plan)`."
        )


class SomethingNewerIsLive(LedgerFault):
    """A release changed production after the last released one, and was neither released nor taken back."""

    def __init__(self, environment: str, release_id: str, version: str, outcome: Outcome) -> None:
        self.environment, self.release_id = environment, release_id
        self.version, self.outcome = version, outcome
        super().__init__(
            f'Environment "{environment}" is not on its last released release: "{release_id}" of version '
            f"{version} changed it later and ended {outcome}. Finish that one first: take it back by a "
            "release of the version before it, or fix it forward by a release of one that mends it."
        )


class LedgerIsEmpty(LedgerFault):
    """The ledger's database has no schema yet."""

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id
        super().__init__(
            f'The database behind connection "{conn_id}" has no ledger in it. Create it once with '
            "`Ledger().migrate()`, or check that the connection names the right database."
        )


class LedgerIsNewer(LedgerFault):
    """The ledger's schema has a revision that this Slipway does not know."""

    def __init__(self, conn_id: str, reason: str) -> None:
        self.conn_id = conn_id
        super().__init__(
            f'The ledger behind connection "{conn_id}" was migrated by a newer Slipway ({reason}). '
            "Run at least that version against it."
        )


class LeaseHeld(LedgerFault):
    """Another owner holds the environment."""

    def __init__(self, environment: str, holder: str, reason: str, until: datetime | None) -> None:
        self.environment, self.holder, self.reason, self.until = environment, holder, reason, until
        end = f" until {until:%Y-%m-%d %H:%M:%S %Z}" if until else ""
        super().__init__(
            f'Environment "{environment}" is held by {holder}{end}: {reason}. '
            "Wait until it is given back or expires, or take it over with a reason."
        )


class LeaseLost(LedgerFault):
    """A lease is not in force any more."""

    def __init__(self, environment: str, owner: str, token: int) -> None:
        self.environment, self.owner, self.token = environment, owner, token
        super().__init__(
            f'Environment "{environment}" is no longer held by {owner} (token {token}): the lease expired or '
            "was taken over. Change nothing there; look who holds it, and take it again."
        )


class NoReason(LedgerFault):
    """Somebody wants to take an environment over and does not say why."""

    def __init__(self, environment: str, owner: str) -> None:
        self.environment, self.owner = environment, owner
        super().__init__(f'{owner} gave no reason to take over environment "{environment}". Give one.')
