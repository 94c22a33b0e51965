"""The ledger: the durable, immutable record of releases."""

from slipway.ledger.store import Ledger

__all__ = ["Ledger"]
