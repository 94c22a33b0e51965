"""The ledger: the durable, immutable record of releases."""
