"""Migrations of the ledger; expand first, contract a release later."""
