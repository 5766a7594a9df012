"""Signing in and out, one's own account, the operators, and the audit trail."""
