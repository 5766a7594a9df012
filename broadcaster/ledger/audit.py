"""The audit trail, as the ledger writes it."""

from broadcaster.ports.auditing import note

__all__ = ["SYSTEM", "note"]

#: Who acts when no person does.
SYSTEM = "broadcaster"
