"""The audit trail, as the ledger writes it."""

from broadcaster.ports.auditing import SYSTEM, note

__all__ = ["SYSTEM", "note"]
